/** `samsr convert`: a checkpoint as an ONNX file, or its weights as a safetensors file. */
import { extname } from "node:path";
import { SamsrError } from "../../base/errors.js";
import {
  type Converted,
  type ConvertOptions,
  convert,
  planConvert,
  type Recognised,
  readCheckpoint,
  recogniseCheckpoint,
  type Sides,
  safetensorsPieces,
  scheduleOf,
  toldMetadata,
  withAuthorsConfig,
} from "../../checkpoints/index.js";
import { networkNamed } from "../../checkpoints/recognise.js";
import { onnxIn } from "../../checkpoints/store/file-model.js";
import { toldBeside } from "../../train/config/run-config.js";
import { readAuthorsFile } from "../authors-file.js";
import { checkOnnxFile, writeOnnxFile } from "../onnx-file.js";
import { UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { printJson, say } from "../streams.js";

export interface ConvertArguments extends Omit<ConvertOptions, "imageSide" | "training"> {
  readonly out: string;
  readonly config?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

export async function convertCommand(
  checkpoint: string,
  options: ConvertArguments,
  signal: AbortSignal,
): Promise<number> {
  const { out, overwrite, json } = options;
  await checkOnnxFile(out, overwrite, [".onnx", SAFETENSORS]);
  if (extname(out).toLowerCase() === SAFETENSORS) return toSafetensors(checkpoint, options, signal);
  const onnx = await onnxIn(checkpoint, options.precision);
  if (onnx) return copyOnnx(checkpoint, onnx, options, signal);
  const found = await recogniseCheckpoint(checkpoint, checkpoint, await toldBeside(checkpoint));
  const authors = options.config === undefined ? undefined : await readAuthorsFile(options.config);
  const recognised = authors
    ? withAuthorsConfig(found, authors.config, { checkpoint, config: options.config! })
    : found;
  const warnings = authors?.warnings ?? [];
  if (!options.quiet) for (const line of warnings) say(`samsr: ${line}`);
  const imageSide = authors?.config.autoencoder?.params.ddconfig.resolution;
  const schedule = authors?.config.diffusion && scheduleOf(authors.config, options.config!);
  const training = { ...found.training, ...(schedule && { schedule }) };
  const settings = { ...options, imageSide, training };
  planConvert(recognised, checkpoint, settings);
  const weights = await readCheckpoint(checkpoint);
  const converted = convert(weights, recognised, checkpoint, settings);
  await writeOnnxFile(out, converted.model, { overwrite, signal });
  const facts = { ...factsOf(out, recognised, converted), warnings };
  if (json) printJson(facts);
  createReporter(options).say(sentence(out, recognised, converted));
  return 0;
}

const SAFETENSORS = ".safetensors";

/** Writes the weights of a network under their published names, out of whatever file they come in. */
async function toSafetensors(
  checkpoint: string,
  options: ConvertArguments,
  signal: AbortSignal,
): Promise<number> {
  const { out, overwrite, json, precision = "float32" } = options;
  refuseParts(options, "a safetensors file holds weights alone");
  const found = await recogniseCheckpoint(checkpoint, checkpoint, await toldBeside(checkpoint));
  const { network, config, training } = found;
  const weights = await readCheckpoint(checkpoint);
  const told = toldMetadata({ network: networkNamed(network), config, training });
  const metadata = { format: "pt", ...told };
  await writeOnnxFile(
    out,
    { pieces: () => safetensorsPieces(weights, { precision, metadata }) },
    { overwrite, signal },
  );
  const numbers = [...weights.values()].reduce((sum, { data }) => sum + data.length, 0);
  if (json) printJson({ file: out, network, precision, tensors: weights.size, numbers, config });
  createReporter(options).say(`${out}: weights of a ${network}, ${weights.size} tensors, ${precision}`);
  return 0;
}

/** Copies an ONNX file; a network of ncnn's that is known by none of its layers is made one as it is. */
async function copyOnnx(
  checkpoint: string,
  model: string | Uint8Array,
  options: ConvertArguments,
  signal: AbortSignal,
): Promise<number> {
  const { out, overwrite, json, precision = "float32" } = options;
  if (typeof model === "string") throw new SamsrError(`${checkpoint}: it is an ONNX file already`);
  refuseParts(options, `${checkpoint} is no network that samsr knows, and is converted as it is`);
  await writeOnnxFile(out, { pieces: () => [model] }, { overwrite, signal });
  if (json) printJson({ file: out, bytes: model.length, precision });
  createReporter(options).say(`${out}: the layers of ${checkpoint}, lq -> hr, ${precision}`);
  return 0;
}

function refuseParts({ part, size, batch, config }: ConvertArguments, why: string): void {
  const given = Object.entries({ part, size, batch, config }).find(([, value]) => value !== undefined);
  if (given) throw new UsageError(`--${given[0]} has no meaning: ${why}`);
}

function factsOf(file: string, { network, config }: Recognised, converted: Converted) {
  const { part, size, batch, precision, inputs, outputs, model } = converted;
  return { file, bytes: model.size, network, part, size, batch, precision, inputs, outputs, config };
}

function sentence(file: string, { network }: Recognised, converted: Converted): string {
  const { part, precision, inputs, outputs, model } = converted;
  const list = (values: Readonly<Record<string, Sides>>) =>
    Object.entries(values)
      .map(([name, shape]) => `${name} [${shape.join(", ")}]`)
      .join(", ");
  const megabytes = (model.size / 2 ** 20).toFixed(1);
  return (
    `${file}: ${part} of a ${network}, ${list(inputs)} -> ${list(outputs)}, ${precision}, ` +
    `${megabytes} MiB`
  );
}
