/** What a caller may ask for, and the check that it makes sense: all of it, before any work begins. */
import { checkOptions, type OptionType } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import {
  COEFFICIENTS,
  type Coefficients,
  DDIM,
  ddimTimesteps,
  exponentialSchedule,
  METHODS,
  type Method,
  NOISE_KINDS,
  type NoiseKind,
  SAMPLERS,
  type Schedule,
  VARIANTS,
  type Variant,
} from "../diffusion/index.js";
import { planTiles, type TilePlan } from "../image/tiles.js";
import { type Coverage, type CoverageSummary, SOURCE_NAMES, type SourceName } from "../semantics/index.js";
import { resolveSamOptions, type SamOptions } from "../semantics/sam/index.js";
import type { DdimTraits, DiffusionTraits, ModelKind } from "./kinds/kind.js";
import type { TileSize } from "./tile-inputs.js";
import { TILE_WAYS, type TileWay } from "./tile-ways.js";

export interface UpscaleSettings {
  /** The sampler's name; default: what the model was trained for. */
  readonly method?: Method | typeof DDIM;
  /**
   * Calls of the denoiser, 1 to the model's T, evenly spread over its timesteps. Default 1 for samsr and
   * sinsr, T for resshift, 15 for ddim, which then takes 16 (see `ddimTimesteps`). Of a model with a student
   * and a teacher, one step of samsr or sinsr runs the student and everything else the teacher.
   */
  readonly steps?: number;
  /** An integer from 0 to 2^53; default 0. Seed, image and settings decide every byte of the result. */
  readonly seed?: number;
  /** The variant of the method; default: what the model was trained with. */
  readonly variant?: Variant;
  /**
   * The strength of W in equation 9, m, from 0 (SinSR's process everywhere) to less than 1; default: the
   * model's.
   */
  readonly etaScale?: number;
  /** Which of eta and kappa follows W (table 4 of the paper compares them); default: the model's. */
  readonly coefficients?: Coefficients;
  /**
   * The noise of x_T where there are masks: SAM-noise (equations 5 to 7), or the plain Gaussian that line 7
   * of algorithm 1 prints; default: the model's.
   */
  readonly noise?: NoiseKind;
  /**
   * How much detail is invented: from 0, where the result keeps to what the small picture says, to 1, where
   * edges and textures are sharpest and most is invented; default: the model's. It goes with the single step
   * of a model that has a sharp end.
   */
  readonly detail?: number;
  /** Strength of the noise, over 0; default: the model's. */
  readonly kappa?: number;
  /**
   * Where the semantics come from: `regions` (the default) segments the image, `network` predicts coverage in
   * one pass, `sam` asks Segment Anything (see `UpscalerOptions.sam`), `none` makes samsr the same as sinsr,
   * a coverage of the image's size comes from masks of your own. sinsr and resshift take none. In variant
   * `release` the first three look at the latent instead, where a model has one, and what no mask covers is
   * covered once.
   */
  readonly masks?: SourceName | Coverage;
  /** How much of the noise ddim draws afresh in each step, from 0 (none) to 1, the default. */
  readonly ddimEta?: number;
  /** How Segment Anything is asked; defaults are those of its public generator. */
  readonly samOptions?: SamOptions;
  /**
   * How large tiles are: none has more low-resolution pixels than a square of this side, a multiple of what
   * the network needs, is taller, or is over twice as wide; default: what suits the model.
   */
  readonly tile?: number;
  /** How far neighbouring tiles overlap at least, at most half of `tile`; default: what suits the model. */
  readonly overlap?: number;
  /**
   * Whether tiles belong `together` (the default): masks, noise and latents are of the whole picture, and
   * each hands over to the next. Or each is `alone`, as the released code has it: a picture with masks, W and
   * noise of its own, as long as `tile` where the picture is longer, and what several made is averaged.
   */
  readonly tiles?: TileWay;
  /**
   * Enlargement, over 0 to 8; default: the network's own. Any other is resampled from that (Lanczos).
   */
  readonly scale?: number;
  /**
   * Whether x_t along the chain and what is predicted from it are wanted as pictures, see `TracedStep`;
   * default false. They cost as much memory as as many results.
   */
  readonly trace?: boolean;
}

/**
 * How far a long job is. Stages come in this order, `latents` and `denoise` only from models of latents,
 * `masks` and `noise` only from models that start from noise, `resample` only for scales other than the
 * network's and `encode` only from `upscale`; `done` runs from 0 to `total`.
 */
export interface Progress {
  readonly stage: "latents" | "masks" | "noise" | "denoise" | "tiles" | "resample" | "encode";
  readonly done: number;
  readonly total: number;
}

/**
 * What was done, and where the time went. What belongs to a diffusion is left out for a model without one.
 */
export interface UpscaleInfo
  extends Partial<Omit<DiffusionSettings, "method" | "masks" | "samOptions">>,
    Partial<Omit<DdimSettings, "method">> {
  readonly method?: Method | typeof DDIM;
  /** The detail of a model with a sharp end. */
  readonly detail?: number;
  /** The number of tiles, and the sides of the widest and of the tallest in low-resolution pixels. */
  readonly tiles: number;
  readonly tile: readonly [width: number, height: number];
  /** "cpu", "webgpu" or "torch". */
  readonly device: string;
  readonly masks: SourceName | "given";
  readonly coverage: CoverageSummary;
  /**
   * `load` is making sessions for a size of tile seen for the first time. The time inside them is `encode`
   * (pixels to latents), `network` (the denoiser; for a model of pixels the whole single step) and `decode`.
   * What is left of `total` is reading tiles, alpha, and resampling. Of a large picture in Node parts are
   * done at the same time, and may add up to more.
   */
  readonly milliseconds: {
    readonly masks: number;
    readonly noise: number;
    readonly load: number;
    readonly encode: number;
    readonly network: number;
    readonly decode: number;
    readonly blend: number;
    readonly total: number;
  };
}

/** What the settings are called, and of which type. */
export const SETTING_TYPES = {
  method: "string",
  steps: "number",
  seed: "number",
  variant: "string",
  etaScale: "number",
  coefficients: "string",
  noise: "string",
  detail: "number",
  kappa: "number",
  masks: "any",
  ddimEta: "number",
  samOptions: "object",
  tile: "number",
  overlap: "number",
  tiles: "string",
  scale: "number",
  trace: "boolean",
} as const satisfies Record<keyof UpscaleSettings, OptionType>;

/** {@link UpscaleSettings} with every default filled in. */
export interface ResolvedSettings
  extends Required<Pick<UpscaleSettings, "tile" | "overlap" | "tiles" | "scale" | "trace">> {
  /** Left out where the weights that run have one end alone. */
  readonly detail?: number;
  /** Left out for a model that starts from no noise, or from noise alone. */
  readonly diffusion?: DiffusionSettings;
  /** The settings of a model that starts from noise alone. */
  readonly ddim?: DdimSettings;
  /**
   * The coverage of the picture by these settings, where it was found before the upscaler has the picture.
   */
  readonly coverage?: Coverage;
}

/** The part of the settings that belongs to a diffusion between the enlarged picture and the sharp one. */
export type DiffusionSettings = Required<
  Omit<UpscaleSettings, "tile" | "overlap" | "tiles" | "scale" | "trace" | "detail" | "method" | "ddimEta">
> & {
  readonly method: Method;
};

/** The part that belongs to one between noise and the sharp picture. */
type DdimSettings = Required<Pick<UpscaleSettings, "steps" | "seed" | "ddimEta">> & {
  readonly method: typeof DDIM;
};

/** The largest kappa, as much as a model's description may have. */
const LARGEST_KAPPA = 1000;

/**
 * Fills in the defaults and checks everything, so that nothing is refused after minutes of work.
 * @param size of the low-resolution image
 * @throws SamsrError that says what was expected and what came
 */
export function resolveSettings(
  settings: UpscaleSettings,
  size: TileSize,
  kind: ModelKind,
): ResolvedSettings {
  checkOptions("upscale", settings, SETTING_TYPES);
  const {
    tile = kind.tile,
    overlap = Math.min(kind.overlap, tile >> 1),
    tiles = "together",
    scale = kind.scale,
    trace = false,
    detail: asked,
    ...rest
  } = settings;
  const { ddimEta, ...others } = rest;
  const diffusion = kind.diffusion ? resolveDiffusion(others, size, kind.diffusion) : undefined;
  const ddim = kind.ddim ? resolveDdim(rest, kind.ddim) : undefined;
  if (!ddim && ddimEta !== undefined)
    throw new SamsrError("ddimEta has a meaning for models of latent diffusion only; leave it out");
  if (!diffusion && !ddim) refuseDiffusion(others, "starts from no noise");
  if (!(scale > 0 && scale <= 8)) throw new SamsrError(`scale must be over 0 and at most 8, not ${scale}`);
  if (trace && !diffusion) throw new SamsrError("trace has no meaning for this model, which has no chain");
  oneOf("tiles", tiles, TILE_WAYS);
  if (tiles === "alone" && typeof diffusion?.masks === "object") {
    throw new SamsrError(
      "masks of your own are of the whole picture, and tiles alone have none of it; leave one out",
    );
  }
  planFor(size, { tile, overlap, tiles }, kind);
  return {
    tile,
    overlap,
    tiles,
    scale,
    trace,
    detail: resolveDetail(asked, kind, diffusion),
    diffusion,
    ...(ddim && { ddim }),
  };
}

function resolveDetail(
  asked: number | undefined,
  { detail }: ModelKind,
  diffusion: DiffusionSettings | undefined,
): number | undefined {
  if (asked !== undefined && !(asked >= 0 && asked <= 1)) {
    throw new SamsrError(`detail must be from 0 to 1, not ${asked}`);
  }
  if (!detail) {
    if (asked === undefined) return undefined;
    throw new SamsrError(
      "detail has no meaning for this model, whose weights are at one detail alone; leave it out",
    );
  }
  // A chain of steps runs the teacher, which has one end.
  if (!diffusion || takesOneStep(diffusion)) return asked ?? detail.standard;
  if (asked === undefined) return undefined;
  throw new SamsrError("detail goes with the single step of samsr and sinsr; leave it out");
}

/** The default number of steps: as many calls as the papers compare with. */
const DDIM_STEPS = 15;

function resolveDdim(settings: Partial<UpscaleSettings>, { shares }: DdimTraits): DdimSettings {
  const { method = DDIM, steps = DDIM_STEPS, seed = 0, ddimEta = 1, ...others } = settings;
  oneOf("method", method, [DDIM]);
  ddimTimesteps(shares.length, steps);
  demandSeed(seed);
  if (!(ddimEta >= 0 && ddimEta <= 1)) throw new SamsrError(`ddimEta must be from 0 to 1, not ${ddimEta}`);
  refuseDiffusion(others, "starts from noise alone");
  return { method: DDIM, steps, seed, ddimEta };
}

function demandSeed(seed: number): void {
  if (Number.isSafeInteger(seed) && seed >= 0) return;
  throw new SamsrError(`seed must be a whole number from 0 to 2^53, not ${seed}`);
}

type Diffusing = Omit<UpscaleSettings, "tile" | "overlap" | "scale" | "ddimEta">;

function resolveDiffusion(settings: Diffusing, size: TileSize, traits: DiffusionTraits): DiffusionSettings {
  const { schedule } = traits;
  const asked = settings.method ?? traits.method;
  oneOf("method", asked, METHODS);
  const method = asked as Method;
  const resolved: DiffusionSettings = {
    method,
    steps: settings.steps ?? (SAMPLERS[method].singleStep ? 1 : schedule.steps),
    seed: settings.seed ?? 0,
    variant: settings.variant ?? traits.variant,
    etaScale: settings.etaScale ?? traits.m,
    coefficients: settings.coefficients ?? traits.coefficients,
    noise: settings.noise ?? traits.noise,
    kappa: settings.kappa ?? schedule.kappa,
    masks: settings.masks ?? "regions",
    samOptions: resolveSamOptions(settings.samOptions),
  };
  const { steps, seed, variant, etaScale, kappa, masks, coefficients, noise } = resolved;
  const longest = schedule.steps;
  if (!Number.isInteger(steps) || steps < 1 || steps > longest) {
    throw new SamsrError(`steps must be a whole number from 1 to ${longest} (this model's T), not ${steps}`);
  }
  demandSeed(seed);
  oneOf("variant", variant, VARIANTS);
  oneOf("coefficients", coefficients, COEFFICIENTS);
  oneOf("noise", noise, NOISE_KINDS);
  if (!(etaScale >= 0 && etaScale < 1)) {
    throw new SamsrError(`etaScale (m of equation 9) must be from 0 to less than 1, not ${etaScale}`);
  }
  if (!(kappa > 0 && kappa <= LARGEST_KAPPA)) {
    throw new SamsrError(`kappa must be over 0 and at most ${LARGEST_KAPPA}, not ${kappa}`);
  }
  if (typeof masks === "object" && masks !== null) checkCoverage(masks, size, method);
  else oneOf("masks", masks, SOURCE_NAMES);
  return SAMPLERS[method].semantic ? resolved : { ...resolved, masks: "none" };
}

/** Tells whether x0 comes of one step from x_T, which a student takes, else of a chain of them. */
export function takesOneStep({ method, steps }: Pick<DiffusionSettings, "method" | "steps">): boolean {
  return steps === 1 && SAMPLERS[method].singleStep;
}

/**
 * Refuses settings that models without noise have not; a seed and the absence of masks mean nothing to these,
 * and do no harm.
 */
function refuseDiffusion({ seed: _, masks, samOptions, ...settings }: Diffusing, why: string): void {
  const asked = Object.values(samOptions ?? {}).some((value) => value !== undefined);
  const given = Object.entries({
    ...settings,
    masks: masks === "none" ? undefined : masks,
    samOptions: asked ? samOptions : undefined,
  });
  const [name] = given.find(([, value]) => value !== undefined) ?? [];
  if (name) throw new SamsrError(`${name} has no meaning for this model, which ${why}; leave it out`);
}

/**
 * Returns the tiles of an image. They are of one size where a session serves one size only.
 * @param device that the sessions run on
 * @throws SamsrError for a tile or an overlap that does not fit
 */
export function planFor(
  { width, height }: TileSize,
  { tile, overlap, tiles }: Pick<ResolvedSettings, "tile" | "overlap" | "tiles">,
  { multiple, size, onePass }: Pick<ModelKind, "multiple" | "size" | "onePass">,
  device = "cpu",
): TilePlan {
  const alike = device !== "cpu" || onePass.some(({ sizedBy }) => sizedBy === undefined);
  return planTiles(width, height, { tile, overlap, multiple, alike, size, published: tiles === "alone" });
}

/** Returns the model's schedule, with the kappa that was asked for. */
export function scheduleFor(
  { schedule }: Pick<DiffusionTraits, "schedule">,
  { kappa }: Pick<DiffusionSettings, "kappa">,
): Schedule {
  return exponentialSchedule({ ...schedule, kappa });
}

/** Returns the size of the result. */
export function enlargedSize({ width, height }: TileSize, scale: number): TileSize {
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function checkCoverage(coverage: Coverage, { width, height }: TileSize, method: Method): void {
  if (!SAMPLERS[method].semantic) {
    throw new SamsrError(`method ${method} takes no masks; leave them out, or use method samsr`);
  }
  if (coverage.width !== width || coverage.height !== height) {
    throw new SamsrError(
      `the coverage of the masks must have the image's size, ${width} x ${height}, not ` +
        `${coverage.width} x ${coverage.height}`,
    );
  }
  if (!(coverage.counts instanceof Uint16Array) || coverage.counts.length !== width * height) {
    throw new SamsrError(
      `the coverage of the masks must be a Uint16Array of ${width * height} counts, one for each pixel`,
    );
  }
}

function oneOf(name: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value)) {
    const known = choices.length > 1 ? `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}` : choices[0];
    throw new SamsrError(`${name} must be ${known}, not "${value}"`);
  }
}
