/** `samsr models blend FIRST SECOND`: a model that lies between two. */
import { blendModels } from "../../checkpoints/store/blend.js";
import { createReporter } from "../reporter.js";
import { printJson } from "../streams.js";
import { megabytes } from "./format.js";

export interface BlendModelsArguments {
  readonly share: number;
  readonly name?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function blendModelsCommand(
  first: string,
  second: string,
  { share, name, overwrite, ...shown }: BlendModelsArguments,
): Promise<number> {
  const { description, folder, bytes } = await blendModels(first, second, share, { name, overwrite });
  if (shown.json) printJson({ ...description, folder, bytes });
  createReporter(shown).say(
    `${description.name}: a ${description.network}, ${megabytes(bytes)}, in ${folder}`,
  );
  return 0;
}
