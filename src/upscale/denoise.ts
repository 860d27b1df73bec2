/**
 * The way of one tile from low resolution to pixels: in one step, or down a chain of them. Which of the two is all
 * that differs between the methods; the noise and the weights come from semantics.ts, and what a kind of model
 * does at each stage from its graphs.
 */
import {
  type ChainOptions,
  type Denoiser,
  inputScale,
  resshiftChain,
  type Schedule,
  samsrChain,
  sinsrChain,
} from "../diffusion/index.js";
import type { Region } from "../image/raster.js";
import { SCALE } from "../networks/index.js";
import { type FloatTensor, floatTensor } from "../runtime/index.js";
import type { Clock } from "./clock.js";
import type { Semantics, Stop } from "./semantics.js";
import type { Sessions } from "./sessions.js";
import type { ResolvedSettings } from "./settings.js";
import type { Stage, TileSize } from "./stage.js";

/**
 * Enlarges lq [3, h, w] to [3, 4h, 4w] in [-1, 1]; the result is overwritten by the next call.
 * @param y [C, h, w] of this tile, where it has been encoded already
 */
export type EnlargeTile = (lq: Float32Array, y?: Float32Array) => Promise<Float32Array>;

/** What runs stages. */
export interface StageContext {
  sessions: Sessions;
  clock: Clock;
  stop: Stop;
}

export interface DenoiseContext extends StageContext {
  semantics: Semantics;
  settings: ResolvedSettings;
  schedule: Schedule;
}

/**
 * Gives for each tile the function that enlarges what lies there. One tile may be enlarged twice, its colour and its
 * alpha, with the same noise.
 */
export function createDenoising(
  size: TileSize,
  context: DenoiseContext,
): (tile: Region) => Promise<EnlargeTile> {
  const { method, steps } = context.settings;
  return steps === 1 && method !== "resshift" ? inOneStep(size, context) : inAChain(size, context);
}

/** Encodes tiles: lq [3, h, w] to y [C, h, w], a new array each time. */
export function createEncoding(
  size: TileSize,
  context: StageContext,
): (lq: Float32Array) => Promise<Float32Array> {
  const stages = [context.sessions.kind.encode];
  return async (lq) => (await runStages(stages, { lq: lqTensor(size, lq) }, size, context)).data;
}

function inOneStep(size: TileSize, context: DenoiseContext): (tile: Region) => Promise<EnlargeTile> {
  const { sessions, semantics, schedule, clock } = context;
  const { width, height } = size;
  const { channels, singleStep } = sessions.kind;
  const last = schedule.steps - 1;
  // SAMSR too scales by the global eta and kappa: the denoiser was taught with them.
  const scale = floatTensor([], Float32Array.of(inputScale(schedule.eta[last], schedule.kappa)));
  // These live as long as the image, so that tiles cost no memory that has to be collected.
  const noise = floatTensor([1, channels, height, width]);
  const hr = hrTensor(size);
  return async (tile) => {
    await clock.time("noise", () => semantics.noise.fill(tile.x, tile.y, width, height, noise.data));
    const sigma = floatTensor([1, 1, height, width], semantics.sigma(tile));
    return async (lq, y) => {
      const known = {
        lq: lqTensor(size, lq),
        noise,
        sigma,
        scale,
        ...(y && { y: floatTensor(noise.shape, y) }),
      };
      return (await runStages(singleStep, known, size, context, hr)).data;
    };
  };
}

function inAChain(size: TileSize, context: DenoiseContext): (tile: Region) => Promise<EnlargeTile> {
  const { sessions, semantics, settings, schedule, clock, stop } = context;
  const { kind } = sessions;
  const { width, height } = size;
  const { method, steps } = settings;
  const latent = [1, kind.channels, height, width];
  const hr = hrTensor(size);
  return async (tile) => {
    const noise = await clock.time("noise", () => semantics.noise.fill(tile.x, tile.y, width, height));
    return async (data, given) => {
      const lq = lqTensor(size, data);
      const y = given ? floatTensor(latent, given) : await runStages([kind.encode], { lq }, size, context);
      const denoiser: Denoiser = async (x, timestep) => {
        const known = { lq, y, x: floatTensor(latent, x), t: floatTensor([1], Float32Array.of(timestep)) };
        return (await runStages([kind.denoise], known, size, context)).data;
      };
      const options: ChainOptions = { schedule, denoiser, y: y.data, noise, steps, signal: stop };
      const x0 = await (method === "resshift"
        ? resshiftChain({ ...options, stepNoise: (timestep) => semantics.stepNoise(timestep, tile) })
        : method === "sinsr"
          ? sinsrChain(options)
          : samsrChain({ ...options, pixelwise: semantics.process(tile) }));
      return (await runStages([kind.decode], { x0: floatTensor(latent, x0) }, size, context, hr)).data;
    };
  };
}

/**
 * Runs stages one after the other, each on what is known and what those before it made. One whose output is known is
 * left out. An abort is heard between two of them.
 * @param into receives the output of the last
 */
async function runStages(
  stages: readonly Stage[],
  known: Readonly<Record<string, FloatTensor>>,
  size: TileSize,
  { sessions, clock, stop }: StageContext,
  into: FloatTensor | null = null,
): Promise<FloatTensor> {
  const tensors = { ...known };
  const due = stages.filter(({ output }) => !(output in known));
  for (const [i, stage] of due.entries()) {
    stop.throwIfAborted();
    const session = await clock.time("load", () => sessions.of(stage, size));
    stop.throwIfAborted();
    const fetches = { [stage.output]: i === due.length - 1 ? into : null };
    const results = await clock.time(stage.part, () => session.run(tensors, { fetches }));
    tensors[stage.output] = results[stage.output] as FloatTensor;
  }
  return tensors[stages[stages.length - 1].output];
}

function lqTensor({ width, height }: TileSize, data: Float32Array): FloatTensor {
  return floatTensor([1, 3, height, width], data);
}

function hrTensor({ width, height }: TileSize): FloatTensor {
  return floatTensor([1, 3, SCALE * height, SCALE * width]);
}
