/** What becomes of weights once they are trained: a model's folder, or weights between two runs'. */
import { dirname } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { writeSafetensors } from "../../checkpoints/index.js";
import { writeFileAtomically } from "../../image/index.js";
import { blendWeights, readNamedWeights } from "../../train/blend.js";
import { type BundledStudent, bundleModel, TINY_STUDENT } from "../../train/bundle.js";
import { say } from "../streams.js";
import { runConfig } from "./train-config.js";

export interface BundleArguments {
  readonly student: string;
  readonly teacher: string;
  readonly name: string;
  readonly out: string;
}

/** What the configuration beside a student's weights says of running it; without one it is the bundled model's. */
async function studentOf(weights: string): Promise<BundledStudent> {
  const config = await runConfig(dirname(weights));
  if (config?.train !== "student") return TINY_STUDENT;
  if (config.space !== "pixels") {
    throw new SamsrError(
      `${weights}: is of latents; samsr models add makes a model of it, with its teacher's schedule and an autoencoder`,
    );
  }
  return { config: config.network, schedule: config.schedule, m: config.student.m };
}

export async function bundleCommand({ name, out, ...paths }: BundleArguments): Promise<number> {
  await bundleModel(name, await studentOf(paths.student), paths, out);
  say(`${out}: write its CARD.md before you pass it on`);
  return 0;
}

export interface BlendArguments {
  readonly share: number;
  readonly out: string;
  readonly overwrite?: boolean;
}

export async function blendCommand(
  paths: readonly [string, string],
  { share, out, overwrite = false }: BlendArguments,
): Promise<number> {
  const [a, b] = await Promise.all(paths.map(readNamedWeights));
  const metadata = { share: String(share) };
  const bytes = writeSafetensors(blendWeights(a, b, share), { precision: "float32", metadata });
  await writeFileAtomically(out, bytes, { overwrite });
  say(out);
  return 0;
}
