/** `samsr convert`: a checkpoint as an ONNX file. */
import {
  type Converted,
  type ConvertOptions,
  convert,
  planConvert,
  type Recognised,
  readCheckpoint,
  readShapes,
  recognise,
  type Sides,
  withAuthorsConfig,
} from "../../checkpoints/index.js";
import { readAuthorsFile } from "../authors-file.js";
import { checkOnnxFile, writeOnnxFile } from "../onnx-file.js";
import { createReporter } from "../reporter.js";
import { printJson, say } from "../streams.js";

export interface ConvertArguments extends Omit<ConvertOptions, "imageSide"> {
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
  await checkOnnxFile(out, overwrite);
  const found = recognise(await readShapes(checkpoint), checkpoint);
  const authors = options.config === undefined ? undefined : await readAuthorsFile(options.config);
  const recognised = authors
    ? withAuthorsConfig(found, authors.config, { checkpoint, config: options.config! })
    : found;
  const warnings = authors?.warnings ?? [];
  if (!options.quiet) for (const line of warnings) say(`samsr: ${line}`);
  const imageSide = authors?.config.autoencoder?.params.ddconfig.resolution;
  const settings = { ...options, imageSide };
  planConvert(recognised, checkpoint, settings);
  const weights = await readCheckpoint(checkpoint);
  const converted = convert(weights, recognised, checkpoint, settings);
  await writeOnnxFile(out, converted.model, { overwrite, signal });
  const facts = { ...factsOf(out, recognised, converted), warnings };
  if (json) printJson(facts);
  createReporter(options).say(sentence(out, recognised, converted));
  return 0;
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
  return `${file}: ${part} of a ${network}, ${list(inputs)} -> ${list(outputs)}, ${precision}, ${megabytes} MiB`;
}
