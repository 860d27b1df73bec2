/** What a caller may ask for, and the check that it makes sense: all of it, before any work begins. */
import { SamsrError } from "../base/errors.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import type { Variant } from "../diffusion/index.js";
import { planTiles } from "../image/tiles.js";
import { SCALE, sizeMultiple } from "../networks/index.js";
import type { Coverage, CoverageSummary } from "../semantics/index.js";
import { resolveSamOptions, type SamOptions } from "../semantics/sam/index.js";

/** Whose process: all three share the denoiser and differ in the noise and in the way down. */
export type Method = "samsr" | "sinsr" | "resshift";

export interface UpscaleSettings {
  /** default "samsr" */
  method?: Method;
  /**
   * Calls of the denoiser, 1 to the model's T. Default 1 for samsr and sinsr, T for resshift. One step of samsr or
   * sinsr runs the student; everything else runs the teacher.
   */
  steps?: number;
  /** An integer from 0 to 2^53; default 0. Seed, image and settings decide every byte of the result. */
  seed?: number;
  /** default "paper" */
  variant?: Variant;
  /**
   * Where the semantics come from: `regions` (the default) segments the image, `sam` asks Segment Anything (see
   * `UpscalerOptions.sam`), `none` makes samsr the same as sinsr, a coverage of the image's size comes from masks of your
   * own. sinsr and resshift take none.
   */
  masks?: "regions" | "sam" | "none" | Coverage;
  /** How Segment Anything is asked; defaults are those of its public generator. */
  samOptions?: SamOptions;
  /** Side of a tile in low-resolution pixels, a multiple of what the network needs (32); default {@link DEFAULT_TILE}. */
  tile?: number;
  /** How far neighbouring tiles overlap, at most half a tile; default {@link DEFAULT_OVERLAP}. */
  overlap?: number;
  /** Enlargement, 1 to 8; default 4. The network makes 4; any other factor is resampled from that (Lanczos). */
  scale?: number;
}

/**
 * How far a long job is. Stages come in this order, `resample` only for scales other than 4 and `encode` only from
 * `upscale`; `done` runs from 0 to `total`.
 */
export interface Progress {
  stage: "masks" | "noise" | "tiles" | "resample" | "encode";
  done: number;
  total: number;
}

/** What was done, and where the time went. */
export interface UpscaleInfo {
  method: Method;
  steps: number;
  seed: number;
  /** Number of tiles, and their size in low-resolution pixels: width, height. */
  tiles: number;
  tile: [number, number];
  /** "cpu" or "webgpu". */
  device: string;
  masks: "regions" | "sam" | "none" | "given";
  coverage: CoverageSummary;
  /**
   * `load` is making sessions for a size of tile seen for the first time; `network` is the time inside them. What is
   * left of `total` is reading tiles, alpha, and resampling.
   */
  milliseconds: {
    masks: number;
    noise: number;
    load: number;
    network: number;
    blend: number;
    total: number;
  };
}

/** {@link UpscaleSettings} with every default filled in. */
export type ResolvedSettings = Required<UpscaleSettings>;

/**
 * Measured on a photo of 625 x 450 with samsr-tiny, as the mean difference from the result in one piece, in levels of 255,
 * within 4 pixels of the middle of a hand-over and (in brackets) where a tile stands alone; test/seams.test.ts has the
 * measure:
 *
 *     tile 128: overlap 0  1.71 (0.51)   8  0.49 (0.49)   16  0.44 (0.50)   32  0.43 (0.48)
 *     tile 192:                          8  0.38 (0.40)   16  0.38 (0.39)   32  0.32 (0.44)
 *
 * So 16 is enough. Group normalisation takes its statistics from the tile, which a larger tile makes steadier. A tile of
 * 192 takes some 500 MB and, on two cores, 0.4 s, within which an abort is heard; 256 would take 720 MB for no less work
 * a pixel. Overlaps cost a quarter of the work on a large photo.
 */
export const DEFAULT_TILE = 192;
export const DEFAULT_OVERLAP = 16;

/** T of the schedule bounds the steps; the network decides what tiles divide by. */
type Model = Pick<UpscalingModel, "config" | "schedule">;

/**
 * Fills in the defaults and checks everything, so that nothing is refused after minutes of work.
 * @param size of the low-resolution image
 * @throws SamsrError that says what was expected and what came
 */
export function resolveSettings(
  settings: UpscaleSettings,
  size: { width: number; height: number },
  { config, schedule }: Model,
): ResolvedSettings {
  const method = settings.method ?? "samsr";
  oneOf("method", method, ["samsr", "sinsr", "resshift"]);
  const resolved: ResolvedSettings = {
    method,
    steps: settings.steps ?? (method === "resshift" ? schedule.steps : 1),
    seed: settings.seed ?? 0,
    variant: settings.variant ?? "paper",
    masks: settings.masks ?? "regions",
    samOptions: resolveSamOptions(settings.samOptions),
    tile: settings.tile ?? DEFAULT_TILE,
    overlap: settings.overlap ?? Math.min(DEFAULT_OVERLAP, (settings.tile ?? DEFAULT_TILE) >> 1),
    scale: settings.scale ?? SCALE,
  };
  const { steps, seed, variant, masks, scale } = resolved;
  if (!Number.isInteger(steps) || steps < 1 || steps > schedule.steps) {
    throw new SamsrError(
      `steps must be a whole number from 1 to ${schedule.steps} (this model's T), not ${steps}`,
    );
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new SamsrError(`seed must be a whole number from 0 to 2^53, not ${seed}`);
  }
  oneOf("variant", variant, ["paper", "release"]);
  if (typeof masks === "object") checkCoverage(masks, size, method);
  else oneOf("masks", masks, ["regions", "sam", "none"]);
  if (!(scale >= 1 && scale <= 8)) throw new SamsrError(`scale must be from 1 to 8, not ${scale}`);
  planFor(size, resolved, config);
  if (method !== "samsr") resolved.masks = "none";
  return resolved;
}

/** The tiles of an image. @throws SamsrError for a tile or an overlap that does not fit */
export function planFor(
  { width, height }: { width: number; height: number },
  { tile, overlap }: Pick<ResolvedSettings, "tile" | "overlap">,
  config: Model["config"],
) {
  return planTiles(width, height, { tile, overlap, multiple: sizeMultiple(config) });
}

/** The size of the result. */
export function enlargedSize(
  { width, height }: { width: number; height: number },
  scale: number,
): { width: number; height: number } {
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function checkCoverage(
  coverage: Coverage,
  { width, height }: { width: number; height: number },
  method: Method,
): void {
  if (method !== "samsr") {
    throw new SamsrError(`method ${method} takes no masks; leave them out, or use method samsr`);
  }
  if (coverage.width !== width || coverage.height !== height) {
    throw new SamsrError(
      `the coverage of the masks must have the image's size, ${width} x ${height}, not ${coverage.width} x ${coverage.height}`,
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
    throw new SamsrError(
      `${name} must be ${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}, not "${value}"`,
    );
  }
}
