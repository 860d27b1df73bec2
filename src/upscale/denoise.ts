/**
 * The way of one tile from low resolution to pixels: in one step, or down a chain of them. Which of the two is all
 * that differs between the methods; the noise and the weights come from semantics.ts.
 */
import {
  type ChainOptions,
  type Denoiser,
  resshiftChain,
  samsrChain,
  sinsrChain,
} from "../diffusion/index.js";
import type { Region } from "../image/raster.js";
import { LATENT_CHANNELS, SCALE } from "../networks/index.js";
import { type FloatTensor, floatTensor, type Session, type Tensor } from "../runtime/index.js";
import type { Clock } from "./clock.js";
import type { Semantics, Stop } from "./semantics.js";
import type { Sessions } from "./sessions.js";
import type { ResolvedSettings } from "./settings.js";

/** Enlarges lq [3, h, w] to [3, 4h, 4w] in [-1, 1]; the result is overwritten by the next call. */
export type EnlargeTile = (lq: Float32Array) => Promise<Float32Array>;

export interface DenoiseContext {
  sessions: Sessions;
  semantics: Semantics;
  settings: ResolvedSettings;
  clock: Clock;
  stop: Stop;
}

/**
 * Gives for each tile the function that enlarges what lies there. One tile may be enlarged twice, its colour and its
 * alpha, with the same noise.
 */
export function createDenoising(
  size: { width: number; height: number },
  context: DenoiseContext,
): (tile: Region) => Promise<EnlargeTile> {
  const { method, steps } = context.settings;
  return steps === 1 && method !== "resshift" ? inOneStep(size, context) : inAChain(size, context);
}

function inOneStep(
  { width, height }: { width: number; height: number },
  { sessions, semantics, clock }: DenoiseContext,
): (tile: Region) => Promise<EnlargeTile> {
  // These live as long as the image, so that tiles cost no memory that has to be collected.
  const noise = floatTensor([1, LATENT_CHANNELS, height, width]);
  const hr = floatTensor([1, 3, SCALE * height, SCALE * width]);
  return async (tile) => {
    const session = await clock.time("load", () => sessions.singleStep({ width, height }));
    await clock.time("noise", () => semantics.noise.fill(tile.x, tile.y, width, height, noise.data));
    const sigma = floatTensor([1, 1, height, width], semantics.sigma(tile));
    return async (lq) => {
      const feeds = { lq: floatTensor([1, 3, height, width], lq), noise, sigma };
      return run(session, feeds, "hr", clock, hr);
    };
  };
}

function inAChain(
  { width, height }: { width: number; height: number },
  { sessions, semantics, settings, clock, stop }: DenoiseContext,
): (tile: Region) => Promise<EnlargeTile> {
  const { schedule } = sessions;
  const { method, steps } = settings;
  const latent = [1, LATENT_CHANNELS, height, width];
  const hr = floatTensor([1, 3, SCALE * height, SCALE * width]);
  return async (tile) => {
    const size = { width, height };
    const [bicubic, network, pixels] = await clock.time("load", async () => [
      await sessions.bicubic(size),
      await sessions.denoiser(size),
      await sessions.pixels(size),
    ]);
    const noise = await clock.time("noise", () => semantics.noise.fill(tile.x, tile.y, width, height));
    return async (data) => {
      const lq = floatTensor([1, 3, height, width], data);
      const y = floatTensor(latent, await run(bicubic, { lq }, "y", clock));
      const denoiser: Denoiser = (x, timestep) =>
        run(
          network,
          { lq, y, x: floatTensor(latent, x), t: floatTensor([1], Float32Array.of(timestep)) },
          "x0",
          clock,
        );
      const options: ChainOptions = { schedule, denoiser, y: y.data, noise, steps, signal: stop };
      const x0 = await (method === "resshift"
        ? resshiftChain({ ...options, stepNoise: (timestep) => semantics.stepNoise(timestep, tile) })
        : method === "sinsr"
          ? sinsrChain(options)
          : samsrChain({ ...options, pixelwise: semantics.process(tile) }));
      return run(pixels, { x0: floatTensor(latent, x0) }, "hr", clock, hr);
    };
  };
}

/** Runs for one output, into `into` where that is given. */
async function run(
  session: Session,
  feeds: Record<string, Tensor>,
  output: string,
  clock: Clock,
  into: FloatTensor | null = null,
): Promise<Float32Array> {
  const results = await clock.time("network", () => session.run(feeds, { fetches: { [output]: into } }));
  return results[output].data as Float32Array;
}
