/** Adding files of weights to the store: what each is, what they make together, and under which name. */
import { basename } from "node:path";
import { checkArgument, checkOptions, checkText, type OptionType } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { type Network, trainingIn } from "../../networks/index.js";
import type { StateDict } from "../../nn/index.js";
import { type AuthorsConfig, scheduleOf, withAuthorsConfig } from "../authors-config/index.js";
import { runnableWeights } from "../convert.js";
import type { LatentModel, ModelDescription } from "../description.js";
import { NO_LICENCE } from "../lone-model.js";
import { withoutSecondHalves } from "../ncnn/index.js";
import type { OnnxFileOptions } from "../onnx-file/index.js";
import { type RecognisedCheckpoint, readCheckpoint, recogniseCheckpoint } from "../open.js";
import { networkNamed } from "../recognise.js";
import type { Told } from "../told.js";
import { companionFor, companionsOf } from "./companions.js";
import { describeOnnxFile, onnxIn } from "./file-model.js";
import { findModel, type InstalledModel } from "./find.js";
import { PUBLISHED } from "./published.js";
import { modelsThatUse } from "./uses.js";
import { checkModelName, PLACE_OPTIONS, type PlaceOptions, placeModel, type WeightParts } from "./write.js";

export interface AddOptions extends PlaceOptions {
  /** The name in the store; the published name of that file, or the file's own, when left out. */
  readonly name?: string;
  readonly summary?: string;
  readonly licence?: string;
  readonly source?: string;
  /**
   * What the weights were trained for; default: as they tell themselves, as published under the file's name,
   * else samsr.
   */
  readonly method?: LatentModel["method"];
  /** Whose equations a denoiser was trained with; default: as it tells itself, else "release". */
  readonly variant?: LatentModel["variant"];
  /** What lies beside a file and tells of it, for one that tells nothing of itself. */
  readonly beside?: (path: string) => Promise<Told>;
  /**
   * The authors' configuration, as `readAuthorsConfig` gives it: the files must be what it says, and the
   * schedule is taken from it; default: as the file tells itself, else as released.
   */
  readonly authors?: { readonly config: AuthorsConfig; readonly name: string };
  /**
   * The stored models whose weights are used for networks that no file was given for, such as { autoencoder:
   * "vq-f4" }; default: the only ones in the store that fit.
   */
  readonly companions?: Readonly<Record<string, string | undefined>>;
  /** How pictures go into an ONNX file and come out of it, where a trial would not tell it right. */
  readonly onnx?: OnnxFileOptions;
}

const OPTIONS = {
  ...PLACE_OPTIONS,
  name: "string",
  summary: "string",
  licence: "string",
  source: "string",
  method: "string",
  variant: "string",
  authors: "object",
  companions: "object",
  onnx: "object",
  beside: "function",
} as const satisfies Record<keyof AddOptions, OptionType>;

interface Source {
  readonly path: string;
  readonly network: Network;
  readonly found: RecognisedCheckpoint;
}

/**
 * Adds a model: a network that enlarges, a denoiser with or without its autoencoder, an autoencoder by
 * itself, Segment Anything, or any ONNX file that makes a large picture of a small one. Which file is which
 * is told by its tensors. Weights become safetensors, with every number as it was; an ONNX file stays what it
 * is.
 * @throws {SamsrError} of one line for files that cannot be read, are no known network, or do not go
 * together; for a name that is none or taken; when no autoencoder or more than one would do; when the store
 * cannot be written. Then nothing has changed.
 */
export async function addModel(paths: readonly string[], options: AddOptions = {}): Promise<InstalledModel> {
  checkArgument("the files of a model", paths, Array.isArray(paths), "a list of paths");
  for (const path of paths) checkText("the path of a model's file", path);
  checkOptions("addModel", options, OPTIONS);
  const files = withoutSecondHalves(paths);
  const [first, ...others] = files;
  const onnx = first !== undefined && others.length === 0 && (await onnxIn(first));
  if (onnx) return addOnnxFile(first, onnx, options);
  const sources: Source[] = [];
  for (const path of files) {
    options.signal?.throwIfAborted();
    const found = await recogniseCheckpoint(path, path, await options.beside?.(path));
    const { authors } = options;
    const files = authors && { checkpoint: path, config: authors.name };
    const agreed = files ? withAuthorsConfig(found, authors.config, files) : found;
    const { training } = found;
    sources.push({ path, network: networkNamed(found.network), found: { ...agreed, training } });
  }
  const main = mainSource(sources);
  const published = Object.entries(PUBLISHED).find(([, { file }]) => file === basename(main.path));
  const name = options.name ?? published?.[0] ?? nameOf(main.path);
  await demandAddable(name, options);
  const facts = {
    name,
    summary:
      options.summary ?? published?.[1].summary ?? `${main.network.title}, from ${basename(main.path)}`,
    licence: options.licence ?? published?.[1].licence ?? NO_LICENCE,
    ...(options.source && { source: options.source }),
  };
  const method = options.method ?? main.found.training?.method ?? published?.[1].method;
  const { description, parts } = await describe(main, sources, facts, { ...options, method });
  return findModel(await placeModel(description, parts, options));
}

async function addOnnxFile(
  path: string,
  model: string | Uint8Array,
  options: AddOptions,
): Promise<InstalledModel> {
  const name = options.name ?? nameOf(path);
  await demandAddable(name, options);
  const { summary, licence, source } = options;
  const described = await describeOnnxFile(path, model, { summary, licence, source, ...options.onnx });
  return findModel(await placeModel({ ...described, name }, { network: model }, options));
}

type Facts = Pick<ModelDescription, "name" | "summary" | "licence" | "source">;

/**
 * Returns the file that the model is about, such as the denoiser where there is an autoencoder too.
 * @throws {SamsrError} for files that make no model
 */
function mainSource(sources: readonly Source[]): Source {
  for (const { network } of sources) {
    const same = sources.filter((source) => source.network === network);
    if (same.length < 2) continue;
    const paths = same.map(({ path }) => path).join(" and ");
    throw new SamsrError(`${paths} each hold ${network.title}; add them one by one`);
  }
  for (const { path, found, network } of sources) {
    const refusal = network.model.refusal?.(found);
    if (refusal) throw new SamsrError(`${path}: ${refusal}`);
  }
  const uses = (source: Source) =>
    sources.filter((other) =>
      companionsOf(source.network).some(([, { network }]) => network === other.network),
    );
  const main = sources.find((source) => uses(source).length === sources.length - 1);
  if (main) return main;
  if (sources.length === 0)
    throw new SamsrError("no file was given; expected weights: .pth, .safetensors or ncnn");
  const alone = sources.find(
    (source) => uses(source).length === 0 && !sources.some((s) => uses(s).includes(source)),
  );
  const { path, network } = alone ?? sources[0];
  throw new SamsrError(`${path} is ${network.title}, a model by itself; add the others apart from it`);
}

async function describe(
  main: Source,
  sources: readonly Source[],
  facts: Facts,
  options: AddOptions,
): Promise<{ description: ModelDescription; parts: WeightParts }> {
  const { network, found } = main;
  const { model } = network;
  const configs: Record<string, unknown> = { config: found.config };
  // The names of the files of parts are given when they are written.
  const weights: Record<string, string> = Object.fromEntries(
    Object.keys(model.weights).map((part) => [part, ""]),
  );
  const parts: Record<string, () => Promise<StateDict>> = {};
  for (const [part, held] of Object.entries(model.weights)) {
    if (held === "self") {
      parts[part] = async () => runnableWeights(await readCheckpoint(main.path), found);
      continue;
    }
    const given = sources.find((source) => source.network === held.network);
    if (given) {
      const conflict = held.conflict(found, given.found.config);
      if (conflict) throw new SamsrError(`${main.path} and ${given.path} do not go together: ${conflict}`);
      configs[held.config] = given.found.config;
      parts[part] = async () => runnableWeights(await readCheckpoint(given.path), given.found);
    } else {
      const other = await companionFor(part, held, found, main.path, options.companions?.[part]);
      configs[held.config] = other.config;
      weights[part] = other.file;
    }
  }
  const { authors, method, variant } = options;
  const schedule = authors && scheduleOf(authors.config, authors.name);
  const training = model.training?.({ ...found.training, ...trainingIn({ schedule, method, variant }) });
  const description = { ...facts, network: model.kind, ...configs, ...training, weights };
  return { description: description as ModelDescription, parts };
}

/**
 * Checks, before any work, that a model may be added under this name.
 * @throws {SamsrError} for a name that is none, a bundled model's, or taken; for one whose files other models
 * hold on to, which a replacement would take away
 */
export async function demandAddable(name: string, options: { overwrite?: boolean }): Promise<void> {
  await checkModelName(name, options);
  const users = await modelsThatUse(name);
  if (users.length > 0) {
    throw new SamsrError(
      `the model ${name} cannot be replaced: ${users.join(", ")} use its weights; add under another name`,
    );
  }
}

/** Makes a model's name of a file's: "my-denoiser_v2" of "My Denoiser_v2.pth". */
function nameOf(path: string): string {
  const stem = basename(path).replace(/\.[^.]+$/, "");
  return stem
    .toLowerCase()
    .replace(/[^\p{L}\p{N}._]+/gu, "-")
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "")
    .slice(0, 100);
}
