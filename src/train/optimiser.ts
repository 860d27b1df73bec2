/** AdamW's step on device tensors: the graph of adamw.ts as sessions. */
import * as o from "../onnx/index.js";
import {
  createSession,
  type DeviceTensor,
  devicePart,
  floatTensor,
  type Session,
  type SessionOptions,
  type Tensor,
} from "../runtime/index.js";
import {
  adamW,
  type Betas,
  MOMENTS,
  type Moments,
  ratesOf,
  type StepSettings,
  squaredNorm,
} from "./adamw.js";

interface Optimiser {
  /**
   * Takes step n = 1, 2, ... along the gradient.
   * @returns the gradient's length before it was clipped
   */
  step(n: number, settings: StepSettings): Promise<number>;
  release(): Promise<void>;
}

/**
 * Numbers that are worked on at a time where the device is this process: what an operator leaves for the next
 * then stays in the cache, and takes hundreds of kilobytes where it would take hundreds of megabytes.
 */
const WINDOW = 2 ** 17;

const nextOf = (name: string) => `next:${name}`;

/**
 * Creates the optimiser of tensors that are laid out alike. Where they lie in this process it goes over them
 * in windows; on a device of its own the graph is bound to all of them.
 */
export async function createOptimiser(
  moments: Moments<DeviceTensor>,
  gradient: DeviceTensor,
  betas: Betas,
  options: SessionOptions,
): Promise<Optimiser> {
  const total = gradient.data.length;
  const isHere = gradient.id === undefined;
  const tensors = Object.entries({ ...moments, gradient });
  const width = isHere ? Math.min(WINDOW, total) : total;
  const made = new Map<number, { readonly norm: Session; readonly step: Session }>();
  for (const count of new Set([width, total % width])) {
    if (count === 0) continue;
    const parts = tensors.flatMap(([name, tensor]) => {
      const part = devicePart(tensor, [count]);
      return [[name, part] as const, [nextOf(name), part] as const];
    });
    const bound = isHere ? {} : Object.fromEntries(parts);
    const create = (outputs: Readonly<Record<string, o.Value>>) =>
      createSession(o.toModel(outputs).bytes, { name: "the optimiser", ...options, bound });
    const input = (name: string) => o.input(name, [count]);
    const arrays = Object.fromEntries(MOMENTS.map((name) => [name, input(name)])) as Record<
      (typeof MOMENTS)[number],
      o.Value
    >;
    const next = Object.entries(adamW(arrays, input("gradient"), betas));
    made.set(count, {
      norm: await create({ norm: squaredNorm(input("gradient")) }),
      step: await create(Object.fromEntries(next.map(([name, value]) => [nextOf(name), value]))),
    });
  }

  /** Returns the windows, each with its sessions and the parts of the tensors that these are fed and fill. */
  function* windows() {
    for (let from = 0; from < total; from += width) {
      const count = Math.min(width, total - from);
      const feeds: Record<string, Tensor> = {};
      for (const [name, { data }] of isHere ? tensors : []) {
        feeds[name] = floatTensor([count], data.subarray(from, from + count));
      }
      yield { ...made.get(count)!, feeds };
    }
  }

  return {
    async step(n, settings) {
      let sum = 0;
      for (const { norm, feeds } of windows()) sum += Number((await norm.run(feeds)).norm.data[0]);
      const length = Math.sqrt(sum);
      const rates = Object.entries(ratesOf(n, length, settings, betas)).map(([name, rate]) => [
        name,
        floatTensor([], Float32Array.of(rate)),
      ]);
      const scalars: Record<string, Tensor> = Object.fromEntries(rates);
      for (const { step, feeds } of windows()) {
        const fetches = MOMENTS.filter((name) => name in feeds).map((name) => [nextOf(name), feeds[name]]);
        await step.run({ ...scalars, ...feeds }, { fetches: Object.fromEntries(fetches) });
      }
      return length;
    },
    async release() {
      for (const { norm, step } of made.values()) {
        await norm.release();
        await step.release();
      }
    },
  };
}
