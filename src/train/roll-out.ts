/** Lines 7 to 15 of algorithm 1: the teacher, whose weights stay as they are, walks down its deterministic chain. */
import {
  coefficients,
  exponentialSchedule,
  type Field,
  inputScale,
  noiseLevel,
  type PixelwiseOptions,
  pixelwise,
  type ScheduleOptions,
  timesteps,
} from "../diffusion/index.js";
import type { SwinUNetConfig } from "../networks/index.js";
import { frozenScope, type StateDict } from "../nn/index.js";
import { type Shape, sizeOf, toModel } from "../onnx/index.js";
import { createSession, floatTensor, type SessionOptions, type Tensor } from "../runtime/index.js";
import { chainStart, rollOutStep } from "./objectives.js";
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

/** @param shape with D, the number of pictures that walk the whole chain */
export async function createRollOut(
  options: RollOutOptions,
  shape: BatchShape & { readonly distilled: number },
  space: Space = pixelSpace(shape),
): Promise<RollOut> {
  const { batch, side, distilled } = shape;
  const schedule = exponentialSchedule(options.schedule);
  const session = { device: "cpu", name: "the teacher", ...options.session } as const;
  const open = (outputs: Parameters<typeof toModel>[0]) => createSession(toModel(outputs).bytes, session);
  const few = { batch: distilled, side };
  const starting = await open(chainStart(shape, space));
  const stepping = options.whole
    ? await open(rollOutStep(frozenScope(options.teacher), options.config, few, space))
    : undefined;
  const visited = timesteps(schedule, options.rollOut);
  const plane = side * side;
  const global = options.pixelwise.variant === "release";
  const process = (weight: Float32Array) => pixelwise(global ? 0 : weight, options.pixelwise);

  return {
    async run(pictures, noise, weight) {
      const local = process(weight);
      const sigma = noiseLevel(local.eta(schedule.eta[visited[0]]), local.kappa(schedule.kappa));
      const { start } = await starting.run({
        ...pictures,
        noise: floatTensor([batch, space.channels, side, side], noise),
        sigma: fieldTensor([batch, 1, side, side], sigma),
      });
      if (!stepping) return { start };

      const first = process(weight.subarray(0, distilled * plane));
      const etas = visited.map((t) => first.eta(schedule.eta[t]));
      const map = (field: Field) => fieldTensor([distilled, 1, side, side], field);
      const condition = Object.fromEntries(
        Object.entries(pictures).map(([name, tensor]) => [name, head(tensor, distilled)]),
      );
      let x = head(start, distilled);
      for (const [i, t] of visited.entries()) {
        const { k, m, j } = coefficients(etas[i], etas[i + 1] ?? 0);
        const results = await stepping.run({
          ...{ ...condition, x, k: map(k), m: map(m), j: map(j) },
          scale: fieldTensor([distilled, 1, 1, 1], inputScale(schedule.eta[t], schedule.kappa)),
          t: fieldTensor([distilled], t),
        });
        x = results.next;
      }
      return { start, rolled: x };
    },
    async release() {
      await starting.release();
      await stepping?.release();
    },
  };
}

/** The first pictures of a batch, where they lie. */
function head({ shape, data }: Tensor, count: number): Tensor {
  const first = [count, ...shape.slice(1)];
  return floatTensor(first, (data as Float32Array).subarray(0, sizeOf(first)));
}

/** A field as a tensor; a number fills it. */
function fieldTensor(shape: Shape, field: Field): Tensor {
  if (typeof field === "number") return floatTensor(shape, new Float32Array(sizeOf(shape)).fill(field));
  return floatTensor(shape, field instanceof Float32Array ? field : Float32Array.from(field));
}
