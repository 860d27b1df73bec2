/**
 * The main job, from pixels to pixels: one walk with no way back. Colours are bled under what is transparent, the image
 * is segmented (it, or its latent), coverage becomes noise and W, and then tile by tile: cut, enlarge, blend. It reads
 * no files and knows no threads, so a worker of Node and one of a browser run the same.
 *
 * Memory: the small image, its maps (with an autoencoder its latents too), one tile, a band of tiles in floats, and the
 * result as whole numbers.
 */
import { bleedColour } from "../image/alpha.js";
import { bitDepth, createRaster, type Raster } from "../image/raster.js";
import { resample } from "../image/resample.js";
import { createMosaic, intoRaster } from "../image/tiles.js";
import { SCALE } from "../networks/index.js";
import { summarise } from "../semantics/index.js";
import { createClock } from "./clock.js";
import { createDenoising, createEncoding, type Leg } from "./denoise.js";
import { blendLatents, latentPicture } from "./latents.js";
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
import { enlargePictures, listPictures, picturesOf, type TilePicture } from "./tile-pictures.js";

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

  /** Runs one leg over the pictures that need it, and keeps what it makes. */
  async function walk(leg: Leg, pictures: readonly TilePicture[], name?: Progress["stage"]): Promise<void> {
    const { output } = leg;
    const due = pictures.filter((picture) => output === "hr" || !picture[output]);
    for (const [i, picture] of due.entries()) {
      await context.checkpoint();
      if (name && i === 0) context.progress({ stage: name, done: 0, total: due.length });
      const made = await leg.run(picture);
      if (output !== "hr") picture[output] = made;
      if (name) context.progress({ stage: name, done: i + 1, total: due.length });
    }
  }

  const all = tiles.map((tile) => picturesOf(colour, tile));
  let seen: Raster | undefined;
  if (kind.stageByStage) {
    const pictures = all.flatMap(listPictures);
    // The two that need most memory are not held at once.
    await sessions.drop(kind.decode);
    await walk(createEncoding(size, { sessions, clock, stop }), pictures, "latents");
    await sessions.drop(kind.encode);
    const latents = blendLatents(plan, kind.channels, (i) => all[i].colour.y!);
    for (const { tile, colour } of all) colour.y = latents.cut(tile);
    seen = latentPicture(latents, raster);
  }
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
  const legs = createDenoising(size, { sessions, semantics, settings, schedule, clock, stop });
  const [before, last] = [legs.slice(0, -1), legs[legs.length - 1]];
  if (kind.stageByStage) for (const leg of before) await walk(leg, all.flatMap(listPictures), "denoise");
  context.progress({ stage: "tiles", done: 0, total: tiles.length });
  for (const [i, pictures] of all.entries()) {
    for (const leg of before) await walk(leg, listPictures(pictures));
    await context.checkpoint();
    const planes = await enlargePictures(colour, pictures, last.run);
    await clock.time("blend", () => mosaic.add(planes));
    for (const picture of listPictures(pictures)) picture.y = picture.x0 = undefined;
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
