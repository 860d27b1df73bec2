/**
 * The main job, from pixels to pixels: one walk with no way back. Colours are bled under what is transparent,
 * the image is segmented (it, or its latent), coverage becomes noise and W, and then tile by tile: cut,
 * enlarge, blend. It reads no files and knows no threads, so a worker of Node and one of a browser run the
 * same.
 *
 * Memory: the small image, its maps (with an autoencoder its latents too), one tile, a band of tiles in
 * floats, and the result as whole numbers.
 */
import { SamsrError } from "../base/errors.js";
import { bleedColour } from "../image/alpha.js";
import { bitDepth, createRaster, type Raster } from "../image/raster.js";
import { resample } from "../image/resample.js";
import { createMosaic, intoRaster, type TilePlan } from "../image/tiles.js";
import { type FloatTensor, floatTensor } from "../runtime/index.js";
import { type CoverageSummary, emptyCoverage, type SourceNetworks, summarise } from "../semantics/index.js";
import { createClock } from "./clock.js";
import type { TileTensor } from "./kinds/kind.js";
import { createSemantics, findCoverage, type Stop } from "./semantics.js";
import type { Sessions } from "./sessions.js";
import {
  enlargedSize,
  type Progress,
  planFor,
  type ResolvedSettings,
  scheduleFor,
  type UpscaleInfo,
} from "./settings.js";
import { createTileDiffusion } from "./tile-diffusion.js";
import { tileShapes } from "./tile-inputs.js";
import { enlargePictures, listPictures, picturesOf } from "./tile-pictures.js";

/**
 * What a job reports to, and asks whether it is still wanted; the context of a call in a worker thread is
 * one.
 */
export interface EnlargeContext extends SourceNetworks {
  progress(value: Progress): void;
  cancelled(): boolean;
  /** Throws an AbortError when cancelled. */
  checkpoint(): Promise<void>;
}

/**
 * Enlarges a raster of any number of channels and either depth; the result has the same.
 * @throws an AbortError when cancelled, at the latest after the session under way; a SamsrError that names
 * the model when what it makes is not finite
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

  /** Reports a stage of many: to be called before each piece of it, and after the last. */
  function count(name: Progress["stage"], total: number): () => Promise<void> {
    let done = 0;
    return async () => {
      context.progress({ stage: name, done, total });
      if (done++ < total) await context.checkpoint();
    };
  }

  await context.checkpoint();
  const { kind } = sessions;
  await sessions.blend(settings.detail);
  const colour = await bleedColour(raster);
  const plan = planFor(raster, settings, kind);
  const size = { width: plan.tileWidth, height: plan.tileHeight };
  const tiles = plan.tiles.map((tile) => picturesOf(colour, tile));
  // Made with the first tile that needs it, and used by all: tiles cost no memory that has to be collected.
  let hr: FloatTensor | undefined;
  let large: Raster | undefined;
  let coverage = summarise(emptyCoverage(1, 1));

  await kind.enlarge({
    raster: colour,
    plan,
    tiles,
    async run(graph, data, at = size) {
      stop.throwIfAborted();
      const session = await clock.time("load", () => sessions.of(graph, at));
      stop.throwIfAborted();
      const shapes = tileShapes(kind, at);
      const feeds: Record<string, FloatTensor> = {};
      for (const name of session.inputs as TileTensor[]) feeds[name] = floatTensor(shapes[name], data[name]);
      const isLast = graph.output === "hr";
      if (isLast) hr ??= floatTensor([1, 3, kind.scale * size.height, kind.scale * size.width]);
      const fetches = { [graph.output]: isLast ? hr! : null };
      const results = await clock.time(graph.timed, () => session.run(feeds, { fetches }));
      const made = results[graph.output].data as Float32Array;
      if (isLast) checkFinite(made, sessions.name);
      return made;
    },
    async runFile(part, feeds) {
      stop.throwIfAborted();
      const session = await clock.time("load", () => sessions.ofFile(part));
      stop.throwIfAborted();
      const made = await clock.time("network", () => session.run(feeds));
      for (const { data } of Object.values(made)) {
        if (data instanceof Float32Array) checkFinite(data, sessions.name);
      }
      return made;
    },
    ddim: settings.ddim,
    count,
    async each(name, work) {
      const pictures = tiles.flatMap(listPictures);
      const step = count(name, pictures.length);
      for (const picture of pictures) {
        await step();
        await work(picture);
      }
      await step();
    },
    async diffuse(lookedAt) {
      const diffusion = settings.diffusion!;
      const { channels } = kind.diffusion!;
      const points = {
        checkpoint: () => context.checkpoint(),
        progress: (value: { done: number; total: number }) => context.progress({ stage: "masks", ...value }),
        findMasks: context.findMasks,
        predictCoverage: context.predictCoverage,
      };
      const found = await stage("masks", () =>
        clock.time("masks", () => findCoverage(colour, diffusion, points, lookedAt)),
      );
      coverage = summarise(found);
      const schedule = scheduleFor(kind.diffusion!, diffusion);
      const semantics = await stage("noise", () =>
        clock.time("noise", () => createSemantics(found, diffusion, { channels, schedule }, stop)),
      );
      return createTileDiffusion({ size, channels, schedule, settings: diffusion, semantics, clock, stop });
    },
    async paint(enlargePicture) {
      const [{ scale }, { channels }, bits] = [kind, raster, bitDepth(raster)];
      const result = createRaster(scale * raster.width, scale * raster.height, channels, bits);
      const mosaic = createMosaic(plan, { channels, scale, bits, onRows: intoRaster(result) });
      context.progress({ stage: "tiles", done: 0, total: tiles.length });
      for (const [i, pictures] of tiles.entries()) {
        await context.checkpoint();
        const planes = await enlargePictures(colour, pictures, scale, enlargePicture);
        await clock.time("blend", () => mosaic.add(planes));
        context.progress({ stage: "tiles", done: i + 1, total: tiles.length });
      }
      large = result;
    },
    release: (graph) => sessions.drop(graph),
  });

  let result = large!;
  if (settings.scale !== kind.scale) {
    const { width, height } = enlargedSize(raster, settings.scale);
    const made = result;
    result = await stage("resample", () => resample(made, width, height, { signal: stop }));
  }
  return { raster: result, info: infoOf(settings, plan, device, coverage, clock.read()) };
}

/** Whole numbers know no NaN: what a broken model makes would be a black picture. */
function checkFinite(values: Float32Array, model: string): void {
  // A sum is not finite where one of its terms is not; floats in doubles never add up to infinity.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (Number.isFinite(sum)) return;
  throw new SamsrError(
    `the model ${model} makes pixels that are not finite numbers: its weights are damaged, or training has spoilt them; ` +
      "install it again, or choose another",
  );
}

function infoOf(
  { diffusion, ddim, detail }: ResolvedSettings,
  { tiles, tileWidth, tileHeight }: TilePlan,
  device: string,
  coverage: CoverageSummary,
  milliseconds: UpscaleInfo["milliseconds"],
): UpscaleInfo {
  const { masks = "none", coefficients: _, samOptions: __, noise: ___, ...rest } = diffusion ?? {};
  return {
    ...rest,
    ...ddim,
    ...(detail !== undefined && { detail }),
    tiles: tiles.length,
    tile: [tileWidth, tileHeight],
    device,
    masks: typeof masks === "object" ? "given" : masks,
    coverage,
    milliseconds,
  };
}
