/**
 * The way of a picture from low resolution to pixels, leg by leg: to y, to x0, to hr. In one step, or down a chain of them:
 * which of the two is all that differs between the methods. The noise and the weights come from semantics.ts, and
 * what a kind of model does at each stage from its graphs.
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
import { SCALE } from "../networks/index.js";
import { type FloatTensor, floatTensor } from "../runtime/index.js";
import type { Clock } from "./clock.js";
import type { Semantics, Stop } from "./semantics.js";
import type { Sessions } from "./sessions.js";
import type { ResolvedSettings } from "./settings.js";
import type { Known, Stage, TileSize } from "./stage.js";
import type { TilePicture } from "./tile-pictures.js";

/** One part of the way. */
export interface Leg {
  readonly output: Stage["output"];
  /** Gives the output for a picture, [C, h, w] or, of hr, [3, 4h, 4w] in memory that the next call overwrites. */
  run(picture: TilePicture): Promise<Float32Array>;
}

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

/** Where tensors of a stage come from, by their names. */
type Sources = Partial<Record<keyof Known, (picture: TilePicture) => FloatTensor | Promise<FloatTensor>>>;

/** The leg from a picture to y. */
export function createEncoding(size: TileSize, context: StageContext): Leg {
  return legOf(context.sessions.kind.encode, size, context, sourcesOf(size, context));
}

/**
 * All legs from a picture to pixels. Colour and alpha of a tile have the same noise.
 */
export function createDenoising(size: TileSize, context: DenoiseContext): Leg[] {
  const { sessions, semantics, settings, schedule, clock } = context;
  const { kind } = sessions;
  const { width, height } = size;
  const { method, steps } = settings;
  // These live as long as the image, so that tiles cost no memory that has to be collected.
  const noise = floatTensor([1, kind.channels, height, width]);
  const hr = floatTensor([1, 3, SCALE * height, SCALE * width]);
  const last = schedule.steps - 1;
  // SAMSR too scales by the global eta and kappa: the denoiser was taught with them.
  const scale = floatTensor([], Float32Array.of(inputScale(schedule.eta[last], schedule.kappa)));
  const sources: Sources = {
    ...sourcesOf(size, context),
    async noise({ tile: { x, y } }) {
      await clock.time("noise", () => semantics.noise.fill(x, y, width, height, noise.data));
      return noise;
    },
    sigma: ({ tile }) => floatTensor([1, 1, height, width], semantics.sigma(tile)),
    scale: () => scale,
  };
  const leg = (stage: Stage) => legOf(stage, size, context, sources, stage.output === "hr" ? hr : null);
  if (steps === 1 && method !== "resshift") return kind.singleStep.map(leg);
  return [leg(kind.encode), chainLeg(size, context, sources), leg(kind.decode)];
}

function chainLeg(size: TileSize, context: DenoiseContext, sources: Sources): Leg {
  const { sessions, semantics, settings, schedule, stop } = context;
  const { method, steps } = settings;
  const shape = latentShape(size, context);
  return {
    output: "x0",
    async run(picture) {
      const { tile } = picture;
      const noise = (await sources.noise!(picture)).data;
      const denoiser: Denoiser = async (x, timestep) => {
        const given: Sources = {
          ...sources,
          x: () => floatTensor(shape, x),
          t: () => floatTensor([1], Float32Array.of(timestep)),
        };
        return legOf(sessions.kind.denoise, size, context, given).run(picture);
      };
      const options: ChainOptions = { schedule, denoiser, y: picture.y!, noise, steps, signal: stop };
      return method === "resshift"
        ? resshiftChain({ ...options, stepNoise: (timestep) => semantics.stepNoise(timestep, tile) })
        : method === "sinsr"
          ? sinsrChain(options)
          : samsrChain({ ...options, pixelwise: semantics.process(tile) });
    },
  };
}

/** What a picture itself has. */
function sourcesOf(size: TileSize, context: StageContext): Sources {
  const { width, height } = size;
  const shape = latentShape(size, context);
  return {
    lq: (picture) => floatTensor([1, 3, height, width], picture.lq()),
    y: ({ y }) => floatTensor(shape, y),
    x0: ({ x0 }) => floatTensor(shape, x0),
  };
}

function latentShape({ width, height }: TileSize, { sessions }: StageContext): number[] {
  return [1, sessions.kind.channels, height, width];
}

/**
 * The leg that a stage makes. An abort is heard before and after its session is made.
 * @param into receives the output
 */
function legOf(
  stage: Stage,
  size: TileSize,
  { sessions, clock, stop }: StageContext,
  sources: Sources,
  into: FloatTensor | null = null,
): Leg {
  const { output, part } = stage;
  return {
    output,
    async run(picture) {
      stop.throwIfAborted();
      const session = await clock.time("load", () => sessions.of(stage, size));
      stop.throwIfAborted();
      const feeds: Record<string, FloatTensor> = {};
      for (const name of session.inputs) feeds[name] = await sources[name as keyof Known]!(picture);
      const fetches = { [output]: into };
      const results = await clock.time(part, () => session.run(feeds, { fetches }));
      return results[output].data as Float32Array;
    },
  };
}
