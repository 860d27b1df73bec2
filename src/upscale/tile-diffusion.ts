/** The diffusion of one picture as its tiles take it: one step or a chain, by the process of the method. */
import { inputScale, SAMPLERS, type Schedule, sample } from "../diffusion/index.js";
import type { Clock } from "./clock.js";
import type { TileDiffusion } from "./kinds/kind.js";
import type { Semantics, Stop } from "./semantics.js";
import { type DiffusionSettings, takesOneStep } from "./settings.js";
import type { TileSize } from "./tile-inputs.js";

export interface TileDiffusionOptions {
  /** The size of all tiles. */
  readonly size: TileSize;
  /** C, of a latent. */
  readonly channels: number;
  readonly schedule: Schedule;
  readonly settings: DiffusionSettings;
  readonly semantics: Semantics;
  readonly clock: Clock;
  readonly stop: Stop;
}

export function createTileDiffusion(options: TileDiffusionOptions): TileDiffusion {
  const { size, channels, schedule, settings, semantics, clock, stop } = options;
  const { method, steps } = settings;
  const sampler = SAMPLERS[method];
  const { width, height } = size;
  // It lives as long as the picture, so that tiles cost no memory that has to be collected.
  const noise = new Float32Array(channels * width * height);
  const last = schedule.steps - 1;
  // SAMSR too scales by the global eta and kappa: the denoiser was taught with them.
  const scale = Float32Array.of(inputScale(schedule.eta[last], schedule.kappa));
  const noiseOf = ({ x, y }: { readonly x: number; readonly y: number }) =>
    clock.time("noise", () => semantics.noise.fill(x, y, width, height, noise));
  return {
    oneStep: takesOneStep(settings),
    async start(tile) {
      await noiseOf(tile);
      return { noise, sigma: semantics.sigma(tile), scale };
    },
    async chain(tile, y, denoise) {
      await noiseOf(tile);
      const denoiser = (x: Float32Array, timestep: number) => denoise(x, Float32Array.of(timestep));
      return sample({
        ...{ sampler, schedule, denoiser, y, noise, steps, signal: stop },
        rates: sampler.semantic ? semantics.process(tile) : undefined,
        stepNoise: (timestep) => semantics.stepNoise(timestep, tile),
      });
    },
  };
}
