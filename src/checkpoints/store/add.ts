/** Adding files of weights to the store: what each is, what they make together, and under which name. */
import { basename } from "node:path";
import { SamsrError } from "../../base/errors.js";
import type { SwinUNetConfig, VqConfig } from "../../networks/index.js";
import { type AuthorsConfig, scheduleOf, withAuthorsConfig } from "../authors-config/index.js";
import type { LatentModel, ModelDescription, ScheduleDescription } from "../description.js";
import { readCheckpoint, readShapes } from "../open.js";
import { type Recognised, recognise } from "../recognise/index.js";
import { autoencoderFor } from "./autoencoders.js";
import { findModel, type InstalledModel } from "./find.js";
import { PUBLISHED } from "./published.js";
import { modelsThatUse } from "./uses.js";
import { checkName, type Parts, type PlaceOptions, placeModel } from "./write.js";

export interface AddOptions extends PlaceOptions {
  /** default: the published name of that file, or the file's own */
  readonly name?: string;
  readonly summary?: string;
  readonly licence?: string;
  readonly source?: string;
  /** What the weights were trained for; default: as published under the file's name, else samsr. */
  readonly method?: LatentModel["method"];
  /** default "release" */
  readonly variant?: LatentModel["variant"];
  /**
   * The authors' configuration, as `readAuthorsConfig` gives it: the files must be what it says, and the schedule is
   * taken from it; default {@link RELEASED_SCHEDULE}
   */
  readonly authors?: { readonly config: AuthorsConfig; readonly name: string };
  /** A model whose autoencoder a denoiser uses that comes without one; default: the only one in the store that fits. */
  readonly autoencoder?: string;
}

/** The schedule of SAMSR, SinSR and ResShift as they are published. */
export const RELEASED_SCHEDULE: ScheduleDescription = {
  steps: 15,
  power: 0.3,
  kappa: 2,
  minNoiseLevel: 0.04,
  etasEnd: 0.99,
};

/** m of equation 9, in the paper and in the released code. */
export const RELEASED_M = 0.2;

interface Source {
  readonly path: string;
  readonly found: Recognised;
}

/**
 * Adds a model: a denoiser with or without its autoencoder, an autoencoder by itself, or Segment Anything. Which file is
 * which is told by its tensors. Weights become safetensors, with every number as it was.
 * @throws {SamsrError} of one line for files that cannot be read, are no known network, or do not go together; for a name
 * that is none or taken; when no autoencoder or more than one would do; when the store cannot be written. Then nothing
 * has changed.
 */
export async function addModel(files: readonly string[], options: AddOptions = {}): Promise<InstalledModel> {
  const sources: Source[] = [];
  for (const path of files) {
    options.signal?.throwIfAborted();
    const found = recognise(await readShapes(path), path);
    const { authors } = options;
    const files = authors && { checkpoint: path, config: authors.name };
    sources.push({ path, found: files ? withAuthorsConfig(found, authors.config, files) : found });
  }
  const main = mainSource(sources);
  const published = Object.entries(PUBLISHED).find(([, { file }]) => file === basename(main.path));
  const name = options.name ?? published?.[0] ?? nameOf(main.path);
  await checkName(name, options);
  await refuseInUse(name);
  const facts = {
    name,
    summary:
      options.summary ??
      published?.[1].summary ??
      `${TITLES[main.found.network]}, from ${basename(main.path)}`,
    licence: options.licence ?? published?.[1].licence ?? "not stated; ask where the weights come from",
    ...(options.source && { source: options.source }),
  };
  const { description, parts } = await describe(sources, facts, {
    ...options,
    method: options.method ?? published?.[1].method,
  });
  return findModel(await placeModel(description, parts, options));
}

const TITLES: Record<Recognised["network"], string> = {
  "swin-unet": "a denoiser of latents",
  "vq-autoencoder": "an autoencoder",
  "segment-anything": "Segment Anything",
  "pixel-denoiser": "a denoiser of pixels",
  "coverage-network": "a coverage network",
};

type Facts = Pick<ModelDescription, "name" | "summary" | "licence" | "source">;

/** The file that the model is about: the denoiser where there is one. @throws {SamsrError} for files that make no model */
function mainSource(sources: readonly Source[]): Source {
  const only = (network: Recognised["network"]) => {
    const found = sources.filter((source) => source.found.network === network);
    if (found.length < 2) return found[0];
    const paths = found.map(({ path }) => path).join(" and ");
    throw new SamsrError(`${paths} are each ${TITLES[network]}; add them one by one`);
  };
  const pixel = only("pixel-denoiser");
  if (pixel) {
    throw new SamsrError(
      `${pixel.path}: this denoiser of pixels is one of a student and a teacher; "samsr train bundle" makes a model of them, which needs no adding: --model takes its folder`,
    );
  }
  const alone = only("segment-anything") ?? only("coverage-network");
  if (alone && sources.length > 1) {
    const title = TITLES[alone.found.network];
    throw new SamsrError(`${alone.path} is ${title}, a model by itself; add the others apart from it`);
  }
  const main = alone ?? only("swin-unet") ?? only("vq-autoencoder");
  if (!main) throw new SamsrError("no file was given; expected weights, .pth or .safetensors");
  only("vq-autoencoder");
  return main;
}

async function describe(
  sources: readonly Source[],
  facts: Facts,
  options: AddOptions,
): Promise<{ description: ModelDescription; parts: Parts }> {
  const of = <N extends Recognised["network"]>(network: N) => {
    const source = sources.find(({ found }) => found.network === network);
    return source && { path: source.path, found: source.found as Extract<Recognised, { network: N }> };
  };
  const [sam, coverage] = [of("segment-anything"), of("coverage-network")];
  const [denoiser, autoencoder] = [of("swin-unet"), of("vq-autoencoder")];
  const reads = (path: string) => () => readCheckpoint(path);
  // The names of the files are given when they are written.
  if (sam) {
    const { network, config } = sam.found;
    return {
      description: { ...facts, network, config, weights: { sam: "" } },
      parts: { sam: reads(sam.path) },
    };
  }
  if (coverage) {
    const { network, config } = coverage.found;
    const description = { ...facts, network, config, weights: { network: "" } };
    return { description, parts: { network: reads(coverage.path) } };
  }
  if (!denoiser) {
    const { network, config } = autoencoder!.found;
    const description = { ...facts, network, config, weights: { autoencoder: "" } };
    return { description, parts: { autoencoder: reads(autoencoder!.path) } };
  }
  const { config, lqChannels } = denoiser.found;
  if (lqChannels !== 3) {
    throw new SamsrError(
      `${denoiser.path}: its condition has ${lqChannels} channels, expected the 3 of an image`,
    );
  }
  if (autoencoder) checkPair(config, autoencoder.found.config, `${denoiser.path} and ${autoencoder.path}`);
  const other = autoencoder ? undefined : await autoencoderFor(config, denoiser.path, options.autoencoder);
  const description: LatentModel = {
    ...facts,
    network: "latent-denoiser",
    config,
    autoencoder: other?.config ?? autoencoder!.found.config,
    schedule: options.authors ? scheduleOf(options.authors.config, options.authors.name) : RELEASED_SCHEDULE,
    m: RELEASED_M,
    variant: options.variant ?? "release",
    method: options.method ?? "samsr",
    weights: { denoiser: "", autoencoder: other?.file ?? "" },
  };
  const parts = {
    denoiser: reads(denoiser.path),
    ...(autoencoder && { autoencoder: reads(autoencoder.path) }),
  };
  return { description, parts };
}

function checkPair(denoiser: SwinUNetConfig, autoencoder: VqConfig, names: string): void {
  const { latentChannels, channelMult } = autoencoder;
  if (latentChannels !== denoiser.outChannels || channelMult.length !== 3) {
    throw new SamsrError(
      `${names} do not go together: latents of ${latentChannels} channels, ${2 ** (channelMult.length - 1)} times smaller; the denoiser takes ${denoiser.outChannels} channels, 4 times smaller`,
    );
  }
}

/** Other models hold on to the files of this one, which a replacement would take away. */
async function refuseInUse(name: string): Promise<void> {
  const users = await modelsThatUse(name);
  if (users.length > 0) {
    throw new SamsrError(
      `the model ${name} cannot be replaced: ${users.join(", ")} use its weights; add under another name`,
    );
  }
}

/** "My Denoiser_v2.pth" -> "my-denoiser_v2". */
function nameOf(path: string): string {
  const stem = basename(path).replace(/\.[^.]+$/, "");
  return stem
    .toLowerCase()
    .replace(/[^\p{L}\p{N}._]+/gu, "-")
    .replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, "")
    .slice(0, 100);
}
