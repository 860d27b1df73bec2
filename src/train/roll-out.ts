/** Lines 7 to 15 of algorithm 1: the teacher, whose weights stay as they are, walks down its deterministic chain. */
import {
  coefficients,
  exponentialSchedule,
  inputScale,
  type PixelwiseOptions,
  type Schedule,
  type ScheduleOptions,
  timesteps,
} from "../diffusion/index.js";
import type { SwinUNetConfig } from "../networks/index.js";
import { frozenScope, type StateDict } from "../nn/index.js";
import { toModel } from "../onnx/index.js";
import { createSession, floatTensor, type SessionOptions, type Tensor } from "../runtime/index.js";
import { rollOutRates } from "./local-rates.js";
import { type ChainConstants, rollOutGraph, type Visit } from "./roll-out-graph.js";
import { type BatchShape, pixelSpace, type Space } from "./space.js";

export interface RollOutOptions {
  readonly config: SwinUNetConfig;
  readonly teacher: StateDict;
  readonly schedule: ScheduleOptions;
  /** Timesteps visited, 1..T; fewer are faster and evenly spread. */
  readonly rollOut: number;
  /**
   * How coefficients follow W (equations 9, 11, 12). With the variant `release` they do not while a student is taught,
   * as in the released code: its chain has SAM-noise, but the global eta and kappa throughout.
   */
  readonly pixelwise: PixelwiseOptions;
  /** Whether the chain's end is asked for, and not only its start. */
  readonly whole: boolean;
  readonly session?: SessionOptions;
}

export interface RollOut {
  /**
   * @param pictures what the space feeds for a batch
   * @param noise [N, C, S, S] @param weight W [N, S, S]
   * @returns x_T [N, C, S, S] of every picture, and of the first D the x0 at the end of the chain
   */
  run(
    pictures: Readonly<Record<string, Tensor>>,
    noise: Float32Array,
    weight: Float32Array,
  ): Promise<{ start: Tensor; rolled?: Tensor }>;
  release(): Promise<void>;
}

/**
 * The teacher's weights and what belongs to a timestep are constants of the graph; a batch brings its pictures, noise and W.
 * @param shape with D, the number of pictures that walk the whole chain
 */
export async function createRollOut(
  options: RollOutOptions,
  shape: BatchShape & { readonly distilled: number },
  space: Space = pixelSpace(shape),
): Promise<RollOut> {
  const { batch, side } = shape;
  const schedule = exponentialSchedule(options.schedule);
  const visited = timesteps(schedule, options.rollOut);
  const constants = {
    sigma: schedule.kappa * schedule.sqrtEta[visited[0]],
    visits: options.whole ? visited.map((_, i) => visitOf(schedule, visited, i)) : [],
    slopes: slopesOf(options.pixelwise),
  };
  const graph = rollOutGraph(frozenScope(options.teacher), options.config, shape, constants, space);
  const session = await createSession(toModel(graph).bytes, {
    ...{ device: "cpu", name: "the teacher" },
    ...options.session,
  });

  return {
    async run(pictures, noise, weight) {
      const { start, rolled } = await session.run({
        ...pictures,
        noise: floatTensor([batch, space.channels, side, side], noise),
        weight: floatTensor([batch, 1, side, side], weight),
      });
      return { start, rolled };
    },
    release: () => session.release(),
  };
}

/** How far the factors of equation 9 are from 1 where W is 1; the paper's are linear in W. */
function slopesOf(options: PixelwiseOptions): ChainConstants["slopes"] {
  const local = rollOutRates(1, options);
  return { eta: (local.eta(1) as number) - 1, kappa: (local.kappa(1) as number) - 1 };
}

/** Timestep i of the visited ones, from which the chain goes on to the next, and from the last to x0. */
function visitOf({ eta, kappa }: Schedule, visited: readonly number[], i: number): Visit {
  const timestep = visited[i];
  const { m, j } = coefficients(eta[timestep], i + 1 < visited.length ? eta[visited[i + 1]] : 0);
  // Of numbers they are numbers.
  return { timestep, scale: inputScale(eta[timestep], kappa), m: m as number, j: j as number };
}
