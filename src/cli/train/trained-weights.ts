/** What becomes of weights once they are trained: a model's folder, or weights between two runs'. */
import { writeBlend } from "../../train/blend.js";
import { type BundleParts, bundleModel } from "../../train/bundle.js";
import { UsageError } from "../report.js";
import { say } from "../streams.js";

export interface BundleArguments extends BundleParts {
  readonly detail?: number;
  readonly name: string;
  readonly out: string;
}

export async function bundleCommand({ name, out, detail, ...parts }: BundleArguments): Promise<number> {
  if (detail !== undefined && parts.sharp === undefined) throw new UsageError("--detail goes with --sharp");
  if (detail === 1) throw new UsageError("--detail 1 is the sharp end itself; expected less than 1");
  await bundleModel(name, parts, out, { detail });
  say(`${out}: write its CARD.md before you pass it on`);
  return 0;
}

export interface BlendWeightsArguments {
  readonly share: number;
  readonly out: string;
  readonly overwrite?: boolean;
}

export async function blendCommand(
  paths: readonly [string, string],
  { share, out, overwrite }: BlendWeightsArguments,
): Promise<number> {
  await writeBlend(paths, share, out, { overwrite });
  say(out);
  return 0;
}
