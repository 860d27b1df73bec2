/**
 * The main job, from pixels to pixels: one walk with no way back. Colours are bled under what is transparent,
 * the image is segmented (it, or its latent), coverage becomes noise and W, and then tile by tile: cut,
 * enlarge, blend. It reads no files and knows no threads, so a worker of Node and one of a browser run the
 * same.
 *
 * Where networks run in another thread, the next tile is on its way before the last is blended: that one
 * computes on all cores, and finds the next as soon as it is done with one.
 *
 * Memory: the small image, its maps (with an autoencoder its latents too), one tile, or two where the next is
 * on its way, a band of tiles in floats, and the result as whole numbers, unless its rows are wanted as they
 * are finished.
 */
import { SamsrError } from "../base/errors.js";
import { madeAhead } from "../base/promises.js";
import { bleedColour } from "../image/alpha.js";
import { bitDepth, createRaster, fromTensor, type Raster, type Region, toTensor } from "../image/raster.js";
import { resample } from "../image/resample.js";
import { createMosaic, intoRaster, type RowsSink, type TilePlan } from "../image/tiles.js";
import {
  type Coverage,
  type CoverageSummary,
  emptyCoverage,
  type SourceNetworks,
  summarise,
} from "../semantics/index.js";
import { createClock } from "./clock.js";
import type { Walk } from "./kinds/kind.js";
import { createRooms } from "./rooms.js";
import type { Runner } from "./runner.js";
import { createSemantics, findCoverage, type Stop } from "./semantics.js";
import {
  enlargedSize,
  type Progress,
  planFor,
  type ResolvedSettings,
  scheduleFor,
  takesOneStep,
  type UpscaleInfo,
} from "./settings.js";
import { createTileDiffusion } from "./tile-diffusion.js";
import {
  enlargePictures,
  listPictures,
  picturesOf,
  type TilePicture,
  type TilePictures,
} from "./tile-pictures.js";
import { createTrace, type TileMoment, type TracedStep } from "./trace.js";

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
 * What is told of an enlargement beside its pixels, and the pictures of its chain where they were asked for.
 */
export interface EnlargementFacts {
  readonly info: UpscaleInfo;
  readonly trace?: readonly TracedStep[];
}

/** A raster that was enlarged. */
export interface EnlargedRaster extends EnlargementFacts {
  readonly raster: Raster;
}

/**
 * Enlarges a raster of any number of channels and either depth; the result has the same.
 * @throws an AbortError when cancelled, at the latest after the session under way; a SamsrError that names
 * the model when what it makes is not finite
 */
export async function enlarge(
  raster: Raster,
  settings: ResolvedSettings,
  runner: Runner,
  device: string,
  context: EnlargeContext,
): Promise<EnlargedRaster> {
  const { width, height, channels } = raster;
  const { scale } = runner.kind;
  const made = createRaster(scale * width, scale * height, channels, bitDepth(raster));
  const begun = performance.now();
  const { info, trace } = await enlargeInRows(raster, settings, runner, device, context, intoRaster(made));
  if (settings.scale === scale) return { raster: made, info, trace };
  const size = enlargedSize(raster, settings.scale);
  const result = await stage(context, "resample", () =>
    resample(made, size.width, size.height, { signal: stopOf(context) }),
  );
  const total = Math.round(performance.now() - begun);
  return { raster: result, info: { ...info, milliseconds: { ...info.milliseconds, total } }, trace };
}

function stopOf({ cancelled }: Pick<EnlargeContext, "cancelled">): Stop {
  return {
    throwIfAborted() {
      if (cancelled()) throw new DOMException("the call was aborted", "AbortError");
    },
  };
}

/** Reports a stage that is one piece of work. */
async function stage<T>(
  context: EnlargeContext,
  name: Progress["stage"],
  work: () => Promise<T> | T,
): Promise<T> {
  await context.checkpoint();
  context.progress({ stage: name, done: 0, total: 1 });
  const result = await work();
  context.progress({ stage: name, done: 1, total: 1 });
  return result;
}

/**
 * Enlarges a raster as {@link enlarge} does, by the network's own scale whatever the settings say, and hands
 * over the rows of the result, of the same channels and depth, as they are finished, from top to bottom.
 * @throws as {@link enlarge} does; what `onRows` throws
 */
export async function enlargeInRows(
  raster: Raster,
  settings: ResolvedSettings,
  runner: Runner,
  device: string,
  context: EnlargeContext,
  onRows: RowsSink,
): Promise<EnlargementFacts> {
  const clock = createClock();
  const stop = stopOf(context);

  /** Reports a stage of many: to be called before each piece of it, and after the last. */
  function count(name: Progress["stage"], total: number): () => Promise<void> {
    let done = 0;
    return async () => {
      context.progress({ stage: name, done, total });
      if (done++ < total) await context.checkpoint();
    };
  }

  await context.checkpoint();
  const { kind, ahead } = runner;
  await runner.blend(settings.detail);
  const colour = await bleedColour(raster);
  const plan = planFor(raster, settings, kind, device);
  const most = Math.max(...plan.tiles.map(({ width, height }) => width * height));
  const hasSizes = plan.tiles.some(({ width, height }) => width * height < plan.tileWidth * plan.tileHeight);
  const tiles = plan.tiles.map((tile) => picturesOf(colour, tile));
  const trace = settings.trace ? createTrace(plan, kind.scale) : undefined;
  let coverage = summarise(emptyCoverage(1, 1));
  const roomsOf = (channels: number) => createRooms(plan.tiles, 1 + ahead, channels * most);
  const largeRooms = roomsOf(3 * kind.scale ** 2);
  const noiseRooms = roomsOf(kind.diffusion?.channels ?? 0);

  const run: Walk["run"] = async (graph, data, at) => {
    stop.throwIfAborted();
    const isLast = graph.output === "hr";
    const into = isLast ? largeRooms.take(at, 3 * kind.scale ** 2 * at.width * at.height) : undefined;
    const { made, noise, load, spent } = await runner.run(graph, data, at, { more: hasSizes, into });
    clock.add("load", load);
    clock.add(graph.timed, spent);
    if (noise) noiseRooms.putBack(at, noise);
    if (!isLast) return made;
    largeRooms.putBack(at, made);
    checkFinite(made, runner.name);
    return made;
  };

  await kind.enlarge({
    raster: colour,
    plan,
    tiles,
    run,
    begin: (graph) => runner.begin(graph, plan.tiles[0], { more: hasSizes }),
    async runFile(part, feeds) {
      stop.throwIfAborted();
      const { made, load, spent } = await runner.runFile(part, feeds);
      clock.add("load", load);
      clock.add("network", spent);
      for (const { data } of Object.values(made)) {
        if (data instanceof Float32Array) checkFinite(data, runner.name);
      }
      return made;
    },
    ddim: settings.ddim,
    count,
    ...(trace && {
      trace(picture: TilePicture, moment: TileMoment) {
        const i = tiles.findIndex((pictures) => pictures.colour === picture);
        if (i >= 0) trace.add(i, moment);
      },
    }),
    async each(name, work) {
      const pictures = tiles.flatMap(listPictures);
      const step = count(name, pictures.length);
      for (const picture of pictures) {
        await step();
        await work(picture);
      }
      await step();
    },
    alone: settings.tiles === "alone",
    oneStep: settings.diffusion !== undefined && takesOneStep(settings.diffusion),
    async diffuse(lookedAt) {
      const diffusion = settings.diffusion!;
      const { channels } = kind.diffusion!;
      const schedule = scheduleFor(kind.diffusion!, diffusion);
      const points = {
        checkpoint: () => context.checkpoint(),
        progress: (value: { done: number; total: number }) => context.progress({ stage: "masks", ...value }),
        findMasks: context.findMasks,
        predictCoverage: context.predictCoverage,
      };
      const find = (picture: Raster, latent?: Raster) =>
        clock.time("masks", () => findCoverage(picture, diffusion, points, latent));
      const draw = (found: Coverage, seed: number) =>
        clock.time("noise", () =>
          createSemantics(found, { ...diffusion, seed }, { channels, schedule }, stop),
        );
      const { seed } = diffusion;
      const of = { rooms: noiseRooms, channels, schedule, settings: diffusion, clock, stop };
      if (settings.tiles === "together") {
        const found = await stage(context, "masks", () => settings.coverage ?? find(colour, lookedAt?.(0)));
        coverage = summarise(found);
        const whole = await stage(context, "noise", () => draw(found, seed));
        return createTileDiffusion({ ...of, semanticsOf: (tile) => ({ semantics: whole, region: tile }) });
      }
      const tileOf = (tile: Region) => {
        const { width, height } = tile;
        return fromTensor(toTensor(colour, tile), { width, height, channels: 3 });
      };
      const found = await stage(context, "masks", async () => {
        const all: Coverage[] = [];
        for (const [i, tile] of plan.tiles.entries()) all.push(await find(tileOf(tile), lookedAt?.(i)));
        return all;
      });
      coverage = summarise(sideBySide(found));
      // Each tile draws noise of its own.
      const own = await stage(context, "noise", () =>
        Promise.all(found.map((one, i) => draw(one, seed + i))),
      );
      const numberOf = ({ x, y }: Region) => plan.tiles.findIndex((tile) => tile.x === x && tile.y === y);
      return createTileDiffusion({
        ...of,
        semanticsOf: (tile) => ({ semantics: own[numberOf(tile)], region: { ...tile, x: 0, y: 0 } }),
      });
    },
    async paint(enlargePicture) {
      const [{ scale }, { channels }, bits] = [kind, raster, bitDepth(raster)];
      const mosaic = createMosaic(plan, { channels, scale, bits, onRows });
      context.progress({ stage: "tiles", done: 0, total: tiles.length });
      const make = async (pictures: TilePictures) => {
        await context.checkpoint();
        return enlargePictures(colour, pictures, scale, enlargePicture);
      };
      let done = 0;
      for await (const planes of madeAhead(tiles, make, ahead)) {
        await clock.time("blend", () => mosaic.add(planes));
        context.progress({ stage: "tiles", done: ++done, total: tiles.length });
      }
    },
    release: (graph) => runner.drop(graph),
  });

  const traced = await trace?.pictures((x0, tile) => run(kind.show!, { x0 }, tile));
  return {
    ...(traced && { trace: traced }),
    info: infoOf(settings, plan, device, coverage, clock.read()),
  };
}

/** Coverages of one size as one, for their summary. */
function sideBySide(coverages: readonly Coverage[]): Coverage {
  const [{ width, height }] = coverages;
  const counts = new Uint16Array(coverages.length * width * height);
  for (const [i, { counts: own }] of coverages.entries()) counts.set(own, i * width * height);
  return { width, height: coverages.length * height, counts };
}

/**
 * Refuses results that are not finite: whole numbers know no NaN, and what a broken model makes would be a
 * black picture.
 */
function checkFinite(values: Float32Array, model: string): void {
  // A sum is not finite where one of its terms is not; floats in doubles never add up to infinity.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (Number.isFinite(sum)) return;
  throw new SamsrError(
    `the model ${model} makes pixels that are not finite numbers: its weights are damaged, or ` +
      "training has spoilt them; " +
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
  const { masks = "none", samOptions: _, ...rest } = diffusion ?? {};
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
