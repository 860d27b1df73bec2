/** `samsr models add FILE...`: files of weights become a model in the store. */
import type { OnnxFileOptions } from "../../checkpoints/index.js";
import { addModel } from "../../checkpoints/store/index.js";
import type { Method, Variant } from "../../diffusion/index.js";
import { toldBeside } from "../../train/config/run-config.js";
import { readAuthorsFile } from "../authors-file.js";
import type { Interrupts } from "../interrupt.js";
import { createReporter } from "../reporter.js";
import { printJson, say } from "../streams.js";
import { megabytes } from "./format.js";
import { modelProgress } from "./progress.js";

export interface AddModelArguments extends OnnxFileOptions {
  readonly name?: string;
  readonly config?: string;
  readonly method?: Method;
  readonly variant?: Variant;
  readonly autoencoder?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Time to put away what is half written, after Ctrl-C, in milliseconds. */
export const PATIENCE = 10_000;

export async function addModelCommand(
  files: readonly string[],
  options: AddModelArguments,
  interrupts: Interrupts,
): Promise<number> {
  interrupts.allow(PATIENCE);
  const reporter = createReporter(options);
  const authors = options.config === undefined ? undefined : await readAuthorsFile(options.config);
  if (!options.quiet) for (const line of authors?.warnings ?? []) say(`samsr: ${line}`);
  const { name, method, variant, autoencoder, overwrite } = options;
  const { layout, colours, range, outputRange, multiple, overlap } = options;
  const progress = modelProgress(reporter.bar);
  const { description, folder, bytes } = await addModel(files, {
    ...{ name, method, variant, overwrite, authors, signal: interrupts.signal },
    companions: { autoencoder },
    onnx: { layout, colours, range, outputRange, multiple, overlap },
    beside: toldBeside,
    onProgress: ({ part, ...rest }) => progress({ file: part, ...rest }),
  }).finally(() => reporter.bar.clear());
  if (options.json) printJson({ ...description, folder, bytes });
  reporter.say(`${description.name}: a ${description.network}, ${megabytes(bytes)}, in ${folder}`);
  return 0;
}
