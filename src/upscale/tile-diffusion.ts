/** The diffusion of one picture as its tiles take it: one step or a chain, by the process of the method. */
import { inputScale, onArrays, SAMPLERS, type Schedule, sample } from "../diffusion/index.js";
import type { Region } from "../image/raster.js";
import type { Clock } from "./clock.js";
import type { TileDiffusion } from "./kinds/kind.js";
import type { Rooms } from "./rooms.js";
import type { Semantics, Stop } from "./semantics.js";
import type { DiffusionSettings } from "./settings.js";

interface TileDiffusionOptions {
  /** Memory for the noise of tiles. */
  readonly rooms: Rooms;
  /** The channels C of a latent. */
  readonly channels: number;
  readonly schedule: Schedule;
  readonly settings: DiffusionSettings;
  /** Returns what a tile takes its noise and rates from, and where in that it lies. */
  semanticsOf(tile: Region): { readonly semantics: Semantics; readonly region: Region };
  readonly clock: Clock;
  readonly stop: Stop;
}

export function createTileDiffusion(options: TileDiffusionOptions): TileDiffusion {
  const { rooms, channels, schedule, settings, semanticsOf, clock, stop } = options;
  const { method, steps } = settings;
  const sampler = SAMPLERS[method];
  const last = schedule.steps - 1;
  // SAMSR too scales by the global eta and kappa: the denoiser was taught with them.
  const scale = Float32Array.of(inputScale(schedule.eta[last], schedule.kappa));
  const noiseOf = (tile: Region, { semantics, region }: ReturnType<typeof semanticsOf>) => {
    const { x, y, width, height } = region;
    const noise = rooms.take(tile, channels * width * height);
    return clock.time("noise", () => semantics.noise.fill(x, y, width, height, noise));
  };
  return {
    async start(tile) {
      const own = semanticsOf(tile);
      return { noise: await noiseOf(tile, own), sigma: own.semantics.sigma(own.region), scale };
    },
    async startingPoint(tile, y) {
      const own = semanticsOf(tile);
      const noise = await noiseOf(tile, own);
      const xT = onArrays.prior({ y, noise, level: own.semantics.sigma(own.region) });
      return { timestep: last, x: xT.map((value) => value * scale[0]) };
    },
    async chain(tile, y, denoise) {
      const own = semanticsOf(tile);
      const { semantics, region } = own;
      const noise = await noiseOf(tile, own);
      const denoiser = (x: Float32Array, timestep: number) => denoise(x, Float32Array.of(timestep));
      return sample({
        ...{ sampler, schedule, denoiser, y, noise, steps, signal: stop },
        rates: sampler.semantic ? semantics.process(region) : undefined,
        stepNoise: (timestep) => semantics.stepNoise(timestep, region),
      });
    },
  };
}
