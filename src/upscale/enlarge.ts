/**
 * The main job, from pixels to pixels: one walk with no way back. Colours are bled under what is transparent, the image
 * is segmented (it, or its latent), coverage becomes noise and W, and then tile by tile: cut, enlarge, blend. It reads
 * no files and knows no threads, so a worker of Node and one of a browser run the same.
 *
 * Memory: the small image, its maps (with an autoencoder its latent too), one tile, a band of tiles in floats, and the
 * result as whole numbers.
 */
import { bleedColour } from "../image/alpha.js";
import {
  alphaPlane,
  bitDepth,
  createRaster,
  hasAlpha,
  meanPlane,
  type Raster,
  type Region,
  repeatPlane,
  toTensor,
} from "../image/raster.js";
import { resample } from "../image/resample.js";
import { createMosaic, intoRaster } from "../image/tiles.js";
import { SCALE } from "../networks/index.js";
import { summarise } from "../semantics/index.js";
import { settleAlpha } from "./alpha.js";
import { createClock } from "./clock.js";
import { createDenoising, createEncoding, type EnlargeTile } from "./denoise.js";
import { encodeTiles, type Latents, latentPicture } from "./latents.js";
import {
  createSemantics,
  type FindMasks,
  findCoverage,
  type PredictCoverage,
  type Stop,
} from "./semantics.js";
import type { Sessions } from "./sessions.js";
import {
  enlargedSize,
  type Progress,
  planFor,
  type ResolvedSettings,
  scheduleFor,
  type UpscaleInfo,
} from "./settings.js";

/** What a job reports to, and asks whether it is still wanted; the context of a call in a worker thread is one. */
export interface EnlargeContext {
  progress(value: Progress): void;
  cancelled(): boolean;
  /** Throws an AbortError when cancelled. */
  checkpoint(): Promise<void>;
  /** For masks by Segment Anything. */
  findMasks?: FindMasks;
  /** For masks by the coverage network. */
  predictCoverage?: PredictCoverage;
}

/**
 * Enlarges a raster of any number of channels and either depth; the result has the same.
 * @throws an AbortError when cancelled, at the latest after the session under way
 */
export async function enlarge(
  raster: Raster,
  settings: ResolvedSettings,
  sessions: Sessions,
  device: string,
  context: EnlargeContext,
): Promise<{ raster: Raster; info: UpscaleInfo }> {
  const clock = createClock();
  const stop: Stop = {
    throwIfAborted() {
      if (context.cancelled()) throw new DOMException("the call was aborted", "AbortError");
    },
  };
  /** Reports a stage that is one piece of work. */
  async function stage<T>(name: Progress["stage"], work: () => Promise<T> | T): Promise<T> {
    await context.checkpoint();
    context.progress({ stage: name, done: 0, total: 1 });
    const result = await work();
    context.progress({ stage: name, done: 1, total: 1 });
    return result;
  }

  await context.checkpoint();
  const { kind, model } = sessions;
  const colour = await bleedColour(raster);
  const plan = planFor(raster, settings, kind);
  const { tiles, tileWidth, tileHeight } = plan;
  const size = { width: tileWidth, height: tileHeight };

  let latents: Latents | undefined;
  let encoded = 0;
  if (kind.encodesFirst) {
    // The two that need most memory are not held at once. (An alpha channel is encoded with its tile, and holds both.)
    await sessions.drop(kind.decode);
    const encode = createEncoding(size, { sessions, clock, stop });
    context.progress({ stage: "latents", done: 0, total: tiles.length });
    latents = await encodeTiles(plan, kind.channels, async (tile) => {
      await context.checkpoint();
      const y = await encode(toTensor(colour, tile));
      context.progress({ stage: "latents", done: ++encoded, total: tiles.length });
      return y;
    });
    await sessions.drop(kind.encode);
  }
  const seen = latents && latentPicture(latents, raster);
  const points = {
    checkpoint: () => context.checkpoint(),
    progress: (value: { done: number; total: number }) => context.progress({ stage: "masks", ...value }),
    findMasks: context.findMasks,
    predictCoverage: context.predictCoverage,
  };
  const coverage = await stage("masks", () =>
    clock.time("masks", () => findCoverage(colour, settings, points, seen)),
  );
  const schedule = scheduleFor(model, settings);
  const semantics = await stage("noise", () =>
    clock.time("noise", () =>
      createSemantics(coverage, settings, { channels: kind.channels, schedule }, stop),
    ),
  );

  const { width, height, channels } = raster;
  const bits = bitDepth(raster);
  let large = createRaster(SCALE * width, SCALE * height, channels, bits);
  const mosaic = createMosaic(plan, { channels, scale: SCALE, bits, onRows: intoRaster(large) });
  const denoising = createDenoising(size, { sessions, semantics, settings, schedule, clock, stop });
  context.progress({ stage: "tiles", done: 0, total: tiles.length });
  for (const [i, tile] of tiles.entries()) {
    await context.checkpoint();
    const planes = await enlargeTile(colour, tile, await denoising(tile), latents?.cut(tile));
    await clock.time("blend", () => mosaic.add(planes));
    context.progress({ stage: "tiles", done: i + 1, total: tiles.length });
  }

  const { scale } = settings;
  if (scale !== SCALE) {
    const size = enlargedSize(raster, scale);
    large = await stage("resample", () => resample(large, size.width, size.height, { signal: stop }));
  }
  return {
    raster: large,
    info: {
      method: settings.method,
      steps: settings.steps,
      variant: settings.variant,
      etaScale: settings.etaScale,
      kappa: settings.kappa,
      seed: settings.seed,
      tiles: tiles.length,
      tile: [tileWidth, tileHeight],
      device,
      masks: typeof settings.masks === "object" ? "given" : settings.masks,
      coverage: summarise(coverage),
      milliseconds: clock.read(),
    },
  };
}

/**
 * All channels of a tile, [channels, 4h, 4w]: the colour as it is or grey again, and the alpha behind it.
 * @param y of the colour, where it is known
 */
async function enlargeTile(
  raster: Raster,
  tile: Region,
  enlarge: EnlargeTile,
  y?: Float32Array,
): Promise<Float32Array> {
  const hr = await enlarge(toTensor(raster, tile), y);
  const colours = raster.channels < 3 ? meanPlane(hr) : hr;
  if (!hasAlpha(raster)) return colours;
  const planes = new Float32Array((raster.channels * hr.length) / 3);
  planes.set(colours);
  const alpha = planes.subarray(colours.length);
  const small = alphaPlane(raster, tile);
  // Where everything is opaque, or nothing is, there is no shape to enlarge.
  if (small.every((value) => value === small[0])) alpha.fill(small[0]);
  else {
    alpha.set(meanPlane(await enlarge(repeatPlane(small))));
    settleAlpha(alpha, small, tile.width, tile.height);
  }
  return planes;
}
