/**
 * Algorithm 1 against a computation of its own, in double precision on plain arrays: schedule, equations and
 * lines as the paper has them, and the released code where it differs, without a function of this project's.
 * The network is a small function of four weights, which is written twice too.
 */
import { describe, expect, it } from "vitest";
import { exponentialSchedule, type PixelwiseOptions } from "../src/diffusion/index.js";
import { frozenScope, ones, type Scope, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import type { Space } from "../src/train/space.js";
import { rollOutGraph, studentLoss } from "../src/train/student.js";
import { CONFIG } from "./fixtures/training.js";
import { normals, runGraph } from "./run-graph.js";

const [BATCH, DISTILLED, CHANNELS, SIDE] = [3, 2, 3, 4];
const PLANE = SIDE * SIDE;
const SHAPE = { batch: BATCH, side: SIDE, distilled: DISTILLED };
const SIZE = [BATCH, CHANNELS, SIDE, SIDE];

/** Weights a, b, c, d of f(x, y, t) = a x + b tanh(x + t / 10) + c y + d y x, x being scaled. */
type Weights = readonly [a: number, b: number, c: number, d: number];
const TEACHER: Weights = [0.31, 0.42, 0.35, -0.12];
const STUDENT: Weights = [0.36, 0.33, 0.41, -0.07];
const NAMES = ["a", "b", "c", "d"] as const;

const x0 = normals(SIZE, 1).map((v) => 0.4 * v);
const y = x0.map((v, i) => v + 0.2 * Math.sin(3 * i));
const noise = normals(SIZE, 2);
/** How many masks cover each pixel, and W, that over its maximum in each picture; the last has none. */
const counts = Array.from({ length: BATCH * PLANE }, (_, p) => (p < 2 * PLANE ? (p * 5 + 3) % 4 : 0));
const W = counts.map((count, p) => count / (p < 2 * PLANE ? 3 : 1));

interface Case extends Required<PixelwiseOptions> {
  readonly steps: number;
}

/** What the paper and the facts about its code say, by themselves. */
function expected({ variant, m, coefficients, steps }: Case, student: Weights = STUDENT, fixed = student) {
  const [T, kappa, p] = [15, 2, 0.3];
  const s0 = Math.min(0.04 / kappa, 0.04, Math.sqrt(0.001));
  const etas = Array.from(
    { length: T },
    (_, t) => (s0 * Math.exp(Math.log(0.99 / s0) * (t / (T - 1)) ** p)) ** 2,
  );
  const scale = (t: number) => 1 / Math.sqrt(etas[t] * kappa ** 2 + 1);
  const f = ([a, b, c, d]: Weights, x: number, yi: number, t: number, scaledAs = t) => {
    const u = x * scale(scaledAs);
    return a * u + b * Math.tanh(u + t / 10) + c * yi + d * yi * u;
  };
  /** sqrt(eta) and kappa at a pixel of weight w. */
  const local = (t: number, w: number) => {
    const factor = coefficients === "kappa" ? 1 : variant === "paper" ? Math.sqrt(1 + m * w) : 1 + m * w;
    return { root: Math.sqrt(etas[t]) * factor, kappa: coefficients === "eta" ? kappa : kappa * (1 - m * w) };
  };
  const visited = Array.from({ length: steps }, (_, i) => T - 1 - Math.round((i * T) / steps));

  const values = Array.from(y, (yi, i) => {
    const w = W[Math.floor(i / (CHANNELS * PLANE)) * PLANE + (i % PLANE)];
    const start = (weight: number) => {
      const here = local(T - 1, weight);
      return yi + here.kappa * here.root * noise[i];
    };
    const xT = start(w);
    // The released code's teacher starts and walks with the global rates.
    const walked = variant === "release" ? 0 : w;
    let x = start(walked);
    for (const [k, t] of visited.entries()) {
      const predicted = f(TEACHER, x, yi, t);
      const next = visited[k + 1];
      if (next === undefined) {
        x = predicted;
        break;
      }
      const [now, then] = [local(t, walked).root ** 2, local(next, walked).root ** 2];
      const kt = 1 - then + Math.sqrt(then * now) - Math.sqrt(then / now);
      const mt = Math.sqrt(then / now);
      const jt = then - Math.sqrt(then * now);
      x = kt * predicted + mt * x + jt * yi;
    }
    const teacherX0 = x;
    // Timestep 0, scaled as itself or, in the released code, as timestep T.
    const scaledAs = variant === "release" ? T - 1 : 0;
    const xTHat = f(fixed, x0[i], yi, 0, scaledAs);
    return {
      xT,
      teacherX0,
      distill: (f(student, xT, yi, T - 1) - teacherX0) ** 2,
      inverse: (f(student, teacherX0, yi, 0, scaledAs) - xT) ** 2,
      gt: (f(student, xTHat, yi, T - 1) - x0[i]) ** 2,
    };
  });
  const distilled = values.slice(0, DISTILLED * CHANNELS * PLANE);
  const mean = (term: "distill" | "inverse" | "gt") =>
    distilled.reduce((sum, value) => sum + value[term], 0) / distilled.length;
  return {
    xT: values.map((value) => value.xT),
    teacherX0: distilled.map((value) => value.teacherX0),
    distill: mean("distill"),
    inverse: mean("inverse"),
    gt: mean("gt"),
  };
}

/** The slope of a term in each weight, by differences of fourth order; what is detached stays as it is. */
function slopes(what: Case, term: "distill" | "inverse" | "gt"): number[] {
  const step = 1e-3;
  return STUDENT.map((_, i) => {
    const at = (by: number) => {
      const moved = STUDENT.map((v, k) => (k === i ? v + by * step : v)) as unknown as Weights;
      return expected(what, moved, STUDENT)[term];
    };
    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step);
  });
}

/** Latents that are given, and f as a graph. */
const space: Space = {
  channels: CHANNELS,
  condition: () => ({ lq: o.input("lq", SIZE), y: o.input("y", SIZE) }),
  taught: () => o.input("taught", SIZE),
  pair: () => ({ lq: o.input("lq", SIZE), y: o.input("y", SIZE), x0: o.input("x0", SIZE) }),
  denoise(p: Scope, _, x, t, { y }) {
    const [a, b, c, d] = NAMES.map((name) => p.parameter(name, [1], ones));
    const later = o.reshape(o.mul(t, 0.1), [x.shape[0], 1, 1, 1]);
    const shaped = o.add(o.mul(a, x), o.mul(b, o.tanh(o.add(x, later))));
    return o.add(shaped, o.add(o.mul(c, y), o.mul(d, o.mul(y, x))));
  },
  image: (latent) => latent,
  feeds: async () => ({}),
  release: async () => {},
};
const state = (weights: Weights) =>
  new Map(NAMES.map((name, i) => [name, { shape: [1], data: Float32Array.of(weights[i]) }]));

async function computed({ steps, ...pixelwise }: Case) {
  const schedule = exponentialSchedule();
  const options = { config: CONFIG, schedule, steps, pixelwise, whole: true };
  const chain = rollOutGraph(frozenScope(state(TEACHER)), options, SHAPE, space);
  const weight = Float32Array.from(W);
  const { xT, teacherX0 } = await runGraph(
    { xT: chain.xT, teacherX0: chain.teacherX0! },
    { y, noise, weight },
  );

  const { scope, parameters } = trainableScope();
  const terms = { distill: 1, inverse: 1, gt: 1 };
  const process = { schedule, variant: pixelwise.variant };
  const { loss, reports } = studentLoss(scope, CONFIG, SHAPE, terms, process, {}, space);
  const values = NAMES.map((name) => parameters().find((one) => one.name === name)!.value);
  const graph: Record<string, o.Value> = { loss, ...reports };
  for (const [term, value] of Object.entries(reports))
    o.gradients(value, values).forEach((slope, i) => {
      graph[`d ${term} / d ${NAMES[i]}`] = slope;
    });
  const feeds = Object.fromEntries(NAMES.map((name, i) => [name, Float32Array.of(STUDENT[i])]));
  const results = await runGraph(graph, {
    ...{ ...feeds, x0, y },
    ...{ xT: Float32Array.from(xT), teacherX0: Float32Array.from(teacherX0) },
  });
  return { xT, teacherX0, results };
}

/** The largest difference over the largest value, or over 1 where that is more. */
function error(found: readonly number[], right: readonly number[]): number {
  expect(found.length).toBe(right.length);
  const largest = right.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
  return right.reduce((most, v, i) => Math.max(most, Math.abs(v - found[i])), 0) / largest;
}

describe.each<Case>([
  { variant: "paper", m: 0.2, coefficients: "both", steps: 15 },
  { variant: "release", m: 0.2, coefficients: "both", steps: 15 },
  { variant: "paper", m: 0.5, coefficients: "eta", steps: 4 },
  { variant: "release", m: 0.5, coefficients: "kappa", steps: 4 },
])("algorithm 1, by itself and as it is trained: %j", (what) => {
  it("has the same x_T, roll-out, terms and gradients, to 1e-6", async () => {
    const { xT, teacherX0, results } = await computed(what);
    const right = expected(what);
    expect(error(xT, right.xT)).toBeLessThan(1e-6);
    expect(error(teacherX0, right.teacherX0)).toBeLessThan(1e-6);
    let sum = 0;
    for (const term of ["distill", "inverse", "gt"] as const) {
      sum += right[term];
      expect([term, error(results[term], [right[term]]) < 1e-6]).toEqual([term, true]);
      const found = NAMES.map((name) => results[`d ${term} / d ${name}`][0]);
      expect([term, error(found, slopes(what, term)) < 1e-6]).toEqual([term, true]);
    }
    expect(error(results.loss, [sum])).toBeLessThan(1e-6);
  });
});

it("tells the variants apart by what they are known to differ in", () => {
  const [paper, release] = (["paper", "release"] as const).map((variant) =>
    expected({ variant, m: 0.2, coefficients: "both", steps: 4 }),
  );
  for (const what of ["xT", "teacherX0"] as const)
    expect(error(paper[what], release[what])).toBeGreaterThan(1e-3);
  for (const term of ["distill", "inverse", "gt"] as const)
    expect(Math.abs(paper[term] - release[term])).toBeGreaterThan(1e-3);
});
