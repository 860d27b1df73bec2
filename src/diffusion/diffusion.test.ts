import { describe, expect, it } from "vitest";
import { runGraph } from "../../test/run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "../../test/shared.js";
import { createRandom } from "../base/random.js";
import * as o from "../onnx/index.js";
import {
  type Equations,
  equationsOver,
  exponentialSchedule,
  inputScale,
  onArrays,
  onGraphs,
  type PixelwiseOptions,
  SAMPLERS,
  type SampleOptions,
  sample,
  timesteps,
} from "./index.js";

const { coefficients, deterministicStep, forward, noiseLevel, pixelwise, prior } = onArrays;

const random = createRandom(1);
const normals = (length: number) => random.normals(new Float32Array(length));

/** The equations on images of one value, in double precision. */
const onNumbers = equationsOver<number, number>({
  ...{ add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, div: (a, b) => a / b },
  ...{ max: Math.max, sqrt: Math.sqrt },
  weightedSum: (...terms) => terms.reduce((sum, [rate, image]) => sum + rate * image, 0),
});

/** ResShift's step, which does not look at y. */
const resshiftStep = (state: {
  x: Float32Array;
  x0Hat: Float32Array;
  noise: () => Float32Array;
  eta: number;
  etaNext: number;
  kappa: number;
}) => SAMPLERS.resshift.step(onArrays, { ...state, y: new Float32Array(state.x.length) });

const sinsrChain = (options: Omit<SampleOptions, "sampler">) =>
  sample({ sampler: SAMPLERS.sinsr, ...options });
const samsrChain = (options: Omit<SampleOptions, "sampler">) =>
  sample({ sampler: SAMPLERS.samsr, ...options });

describe.skipIf(!hasShared)("against the reference fixtures (skipped when ../shared is missing)", () => {
  const { tensors, metadata } = hasShared
    ? readSafetensors(sharedPath("reference", "diffusion", "io.safetensors"))
    : { tensors: new Map(), metadata: {} as Record<string, string> };
  const tensor = (name: string) => tensors.get(name).data;

  // x_T reaches 8, where one unit in the last place of the reference's float32 is already 5e-7.
  const relativeError = (a: Float32Array, b: Float32Array) =>
    maxDifference(a, b) / Math.max(1, maxDifference(b, new Float32Array(b.length)));

  // The function that the fixture's metadata names stands in for the denoiser.
  const denoiser = (x: Float32Array, t: number) => x.map((v) => 0.7 * v - 0.2 * Math.tanh(v) + 0.01 * t);

  it.each(["t15", "t4", "t15k1"])(
    "%s: schedule, prior, posterior and the deterministic chain",
    async (name) => {
      const settings = JSON.parse(metadata[name]);
      const schedule = exponentialSchedule({
        steps: settings.steps,
        kappa: settings.kappa,
        power: settings.power,
        minNoiseLevel: settings.min_noise_level,
        etasEnd: settings.etas_end,
      });
      expect(maxDifference(schedule.sqrtEta, tensor(`${name}.sqrt_etas`))).toBeLessThan(1e-12);
      expect(maxDifference(schedule.eta, tensor(`${name}.etas`))).toBeLessThan(1e-12);
      // ResShift's posterior, from what its step makes of an x_t, an x0 and a noise of one.
      const step = (t: number, x: number, x0Hat: number, noise: number) =>
        SAMPLERS.resshift.step(onNumbers, {
          ...{ x, x0Hat, y: 0, noise: () => noise },
          ...{ eta: schedule.eta[t], etaNext: schedule.eta[t - 1], kappa: schedule.kappa },
        });
      for (let t = 1; t < schedule.steps; t++) {
        const at = (table: string) => tensor(`${name}.${table}`)[t] as number;
        expect(schedule.eta[t - 1]).toBeCloseTo(at("etas_prev"), 12);
        expect(schedule.eta[t] - schedule.eta[t - 1]).toBeCloseTo(at("alpha"), 12);
        expect(step(t, 1, 0, 0)).toBeCloseTo(at("posterior_mean_coef1"), 12);
        expect(step(t, 0, 1, 0)).toBeCloseTo(at("posterior_mean_coef2"), 12);
        expect(step(t, 0, 0, 1) ** 2).toBeCloseTo(at("posterior_variance"), 12);
      }

      const y = tensor(`${name}.y`) as Float32Array;
      const noise = tensor(`${name}.noise`) as Float32Array;
      const start = prior({ y, noise, level: noiseLevel(schedule.eta[schedule.steps - 1], schedule.kappa) });
      expect(maxDifference(start, tensor(`${name}.prior`))).toBeLessThan(1e-6);

      let seen = 0;
      await sample({
        ...{ sampler: SAMPLERS.sinsr, schedule },
        denoiser,
        y,
        noise,
        onStep({ timestep, x0Hat, x }) {
          seen++;
          expect(relativeError(x0Hat, tensor(`${name}.x0.${timestep}`))).toBeLessThan(1e-6);
          expect(relativeError(x, tensor(`${name}.ddim.${timestep}`))).toBeLessThan(1e-6);
        },
      });
      expect(seen).toBe(schedule.steps);
    },
  );
});

describe("schedule", () => {
  it("runs from s0 to the end, and one step is the end alone", () => {
    const schedule = exponentialSchedule();
    expect(schedule.sqrtEta[0]).toBeCloseTo(0.02, 15);
    expect(schedule.sqrtEta[14]).toBe(0.99);
    for (let t = 1; t < 15; t++) expect(schedule.eta[t]).toBeGreaterThan(schedule.eta[t - 1]);
    expect(exponentialSchedule({ steps: 1 }).eta[0]).toBeCloseTo(0.99 ** 2, 15);
  });

  it("names the number that is out of range", () => {
    expect(() => exponentialSchedule({ steps: 0 })).toThrow(/steps.*got 0/);
    expect(() => exponentialSchedule({ kappa: -1 })).toThrow(/kappa.*got -1/);
    expect(() => exponentialSchedule({ etasEnd: 1.5 })).toThrow(/etasEnd.*1.5/);
    expect(() => timesteps(exponentialSchedule(), 16)).toThrow(/1 to 15 steps.*16/);
  });

  it("has ResShift visit the timesteps of its published code, from the noise of the first on", async () => {
    const schedule = exponentialSchedule();
    const visits = (count: number) => SAMPLERS.resshift.visits!(schedule, count);
    expect(visits(15)).toEqual(timesteps(schedule));
    expect(visits(4)).toEqual([11, 7, 3, 0]);
    expect(visits(1)).toEqual([14]);
    const asked: number[][] = [];
    await sample({
      ...{ sampler: SAMPLERS.resshift, schedule, steps: 4 },
      ...{ y: Float32Array.of(0.5), noise: Float32Array.of(1), stepNoise: () => Float32Array.of(0) },
      denoiser: (x, t) => {
        asked.push([t, x[0]]);
        return x;
      },
    });
    const [[t, x]] = asked;
    const level = schedule.kappa * schedule.sqrtEta[11];
    expect(t).toBe(11);
    expect(x).toBeCloseTo((0.5 + level) / Math.sqrt(level ** 2 + 1), 6);
  });

  it("spreads the timesteps of short chains", () => {
    const schedule = exponentialSchedule();
    expect(timesteps(schedule)).toEqual([14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(timesteps(schedule, 1)).toEqual([14]);
    expect(timesteps(schedule, 3)).toEqual([14, 9, 4]);
    for (let count = 1; count <= 15; count++) {
      const visited = timesteps(schedule, count);
      expect(new Set(visited).size).toBe(count);
      expect(visited.at(-1)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe("forward process", () => {
  it("is equation 1, with numbers and with maps", () => {
    const [x0, y, noise] = [normals(12), normals(12), normals(12)];
    const eta = [0.3, 0.5, 0.7, 1.1];
    const kappa = [2, 1.5, 1, 0.5];
    const out = forward({ x0, y, noise, eta: Float64Array.from(eta), kappa: Float32Array.from(kappa) });
    const expected = x0.map((x, i) => {
      const [e, k] = [eta[i % 4], kappa[i % 4]];
      return x + e * (y[i] - x) + k * Math.sqrt(e) * noise[i];
    });
    expect(maxDifference(out, expected)).toBeLessThan(1e-6);
    const scalar = forward({ x0, y, noise, eta: 0.4, kappa: 2 });
    const constant = forward({ x0, y, noise, eta: new Float64Array(4).fill(0.4), kappa: 2 });
    expect(maxDifference(scalar, constant)).toBe(0);
  });

  it("scales inputs of unit variance to unit variance", () => {
    const variance = 0.98 * 4 + 1;
    expect(inputScale(0.98, 2) ** 2 * variance).toBeCloseTo(1, 12);
  });

  it("refuses arrays that do not fit", () => {
    const [a, b] = [new Float32Array(12), new Float32Array(11)];
    expect(() => prior({ y: a, noise: b, level: 1 })).toThrow(/one shape.*12.*11/);
    expect(() => prior({ y: a, noise: a, level: new Float64Array(5) })).toThrow(/5 pixels/);
    expect(() => noiseLevel(new Float64Array(4), new Float64Array(6))).toThrow(/6 and 4/);
  });
});

describe("steps", () => {
  const schedule = exponentialSchedule();
  const map = (f: (p: number) => number) => Float64Array.from({ length: 9 }, (_, p) => f(p));

  it("has coefficients that add up to 1, also for rates over 1", () => {
    for (const next of [0, 0.2, 0.97, 1.4]) {
      const { k, m, j } = coefficients(1.41, next) as { k: number; m: number; j: number };
      expect(k + m + j).toBeCloseTo(1, 12);
    }
  });

  it("is the prediction when nothing is left to shift", () => {
    const [x, x0Hat, y] = [normals(27), normals(27), normals(27)];
    expect(deterministicStep({ x, x0Hat, y, eta: 0.4, etaNext: 0 })).toEqual(x0Hat);
    expect(resshiftStep({ x, x0Hat, noise: () => y, eta: 0.4, etaNext: 0, kappa: 2 })).toEqual(x0Hat);
  });

  it("keeps to the forward process when the prediction is right: the noise is the same, rescaled", () => {
    const [x0, y, noise] = [normals(27), normals(27), normals(27)];
    const eta = map((p) => 0.5 + 0.08 * p);
    const etaNext = map((p) => 0.3 + 0.05 * p);
    const kappa = map((p) => 2 - 0.1 * p);
    const x = forward({ x0, y, noise, eta, kappa });
    const next = deterministicStep({ x, x0Hat: x0, y, eta, etaNext });
    expect(maxDifference(next, forward({ x0, y, noise, eta: etaNext, kappa }))).toBeLessThan(2e-6);
  });

  it("draws ResShift's step so that the marginal stays equation 1", () => {
    // In mean: the step of a noiseless x_t is the noiseless x_{t-1}. In variance: old noise, damped, plus new
    // noise.
    const [x0, y] = [normals(27), normals(27)];
    const zero = new Float32Array(27);
    for (let t = 1; t < schedule.steps; t++) {
      const [eta, etaNext, kappa] = [schedule.eta[t], schedule.eta[t - 1], schedule.kappa];
      const x = forward({ x0, y, noise: zero, eta, kappa });
      const next = resshiftStep({ x, x0Hat: x0, noise: () => zero, eta, etaNext, kappa });
      expect(maxDifference(next, forward({ x0, y, noise: zero, eta: etaNext, kappa }))).toBeLessThan(1e-6);

      const one = new Float32Array(1).fill(1);
      const none = new Float32Array(1);
      const fresh = resshiftStep({ x: none, x0Hat: none, noise: () => one, eta, etaNext, kappa })[0];
      const variance = (etaNext / eta) ** 2 * kappa ** 2 * eta + fresh ** 2;
      expect(variance).toBeCloseTo(kappa ** 2 * etaNext, 6);
    }
  });
});

describe("pixel-wise process", () => {
  it("is equation 9 in both variants", () => {
    const weight = Float32Array.of(0, 0.5, 1);
    const paper = pixelwise(weight);
    expect(Array.from(paper.eta(0.98) as Float64Array)).toEqual([0.98, 0.98 * 1.1, 0.98 * 1.2]);
    expect(maxDifference(paper.kappa(2) as Float64Array, [2, 1.8, 1.6])).toBeLessThan(1e-12);
    const release = pixelwise(weight, { variant: "release" });
    expect(Math.sqrt((release.eta(0.98) as Float64Array)[2])).toBeCloseTo(Math.sqrt(0.98) * 1.2, 12);
    expect(release.kappa(2)).toEqual(paper.kappa(2));
    expect(pixelwise(weight, { coefficients: "eta" }).kappa(2)).toBe(2);
    expect(pixelwise(weight, { coefficients: "kappa" }).eta(0.5)).toBe(0.5);
    expect(() => pixelwise(weight, { m: 1 })).toThrow(/\[0, 1\).*1/);
  });

  it("never raises the noise above the global process", () => {
    for (const variant of ["paper", "release"] as const) {
      for (const m of [0.05, 0.2, 0.5]) {
        for (let w = 0; w <= 1; w += 0.125) {
          const { eta, kappa } = pixelwise(w, { m, variant });
          expect(noiseLevel(eta(0.98), kappa(2))).toBeLessThanOrEqual(noiseLevel(0.98, 2) as number);
        }
      }
    }
  });
});

describe("chains", () => {
  const schedule = exponentialSchedule({ steps: 5 });
  const [y, noise] = [normals(2 * 9), normals(2 * 9)];
  const denoiser = async (x: Float32Array, t: number) => x.map((v) => 0.6 * v + 0.02 * t);

  it("without weight is SinSR, and with constant maps is the scalar process", async () => {
    const sinsr = await sinsrChain({ schedule, denoiser, y, noise });
    for (const weight of [0, new Float32Array(9)])
      expect(await samsrChain({ schedule, denoiser, y, noise, rates: pixelwise(weight) })).toEqual(sinsr);
    const scalar = await samsrChain({ schedule, denoiser, y, noise, rates: pixelwise(0.5) });
    const constant = await samsrChain({
      schedule,
      denoiser,
      y,
      noise,
      rates: pixelwise(new Float32Array(9).fill(0.5)),
    });
    expect(constant).toEqual(scalar);
    expect(maxDifference(scalar, sinsr)).toBeGreaterThan(1e-3);
  });

  it("treats each pixel alone: a map of two weights is the two scalar chains, pixel by pixel", async () => {
    const run = (weight: number | Float32Array) =>
      samsrChain({ schedule, denoiser, y, noise, rates: pixelwise(weight, { variant: "release" }) });
    const weight = Float32Array.from({ length: 9 }, (_, p) => (p % 2 ? 1 : 0.25));
    const [mixed, low, high] = [await run(weight), await run(0.25), await run(1)];
    for (let i = 0; i < mixed.length; i++) expect(mixed[i]).toBeCloseTo((i % 9) % 2 ? high[i] : low[i], 6);
  });

  it("takes one step: x0 predicted at T - 1 from the prior", async () => {
    const timestepsSeen: number[] = [];
    const one = await samsrChain({
      schedule,
      y,
      noise,
      steps: 1,
      rates: pixelwise(1),
      denoiser: (x, t) => {
        timestepsSeen.push(t);
        return x;
      },
    });
    expect(timestepsSeen).toEqual([4]);
    const eta = schedule.eta[4];
    const scale = inputScale(eta, schedule.kappa); // the global one
    const start = prior({ y, noise, level: noiseLevel(eta * 1.2, schedule.kappa * 0.8) });
    expect(
      maxDifference(
        one,
        start.map((v) => v * scale),
      ),
    ).toBeLessThan(1e-6);
  });

  it("asks ResShift's noise for every step but the last", async () => {
    const asked: number[] = [];
    const out = await sample({
      ...{ sampler: SAMPLERS.resshift, schedule },
      denoiser,
      y,
      noise,
      stepNoise: (timestep) => {
        asked.push(timestep);
        return normals(y.length);
      },
    });
    expect(asked).toEqual([4, 3, 2, 1]);
    expect(out.every(Number.isFinite)).toBe(true);
  });

  it("stops when aborted", async () => {
    const controller = new AbortController();
    const calls: number[] = [];
    const run = sinsrChain({
      schedule,
      y,
      noise,
      signal: controller.signal,
      denoiser: (x, t) => {
        calls.push(t);
        if (t === 3) controller.abort();
        return x;
      },
    });
    await expect(run).rejects.toThrow(/abort/i);
    expect(calls).toEqual([4, 3]);
  });
});

describe("the equations in a graph", () => {
  const [count, pixels] = [2 * 3 * 16, 16];
  const maps = (seed: number) => Float32Array.from({ length: pixels }, (_, p) => ((p * 7 + seed) % 11) / 10);
  const images = { x0: normals(count), y: normals(count), noise: normals(count), x: normals(count) };
  const rates = { W: maps(3), count: maps(5).map((v) => 10 * v) };

  /** Every equation's result on quantities of an algebra. */
  function every<R, I>(
    on: Equations<R, I>,
    { x0, y, noise, x }: Record<keyof typeof images, I>,
    { W, count }: Record<keyof typeof rates, R>,
    options: PixelwiseOptions,
  ) {
    const local = on.pixelwise(W, options);
    const [eta, etaNext] = [local.eta(0.9), local.eta(0.6)];
    const kappa = local.kappa(2);
    const step = { x, x0Hat: x0, y, eta, etaNext, kappa, noise: () => noise };
    return {
      forward: on.forward({ x0, y, noise, eta, kappa }),
      prior: on.prior({ y, noise, level: on.priorLevel(exponentialSchedule(), local) }),
      sinsr: SAMPLERS.sinsr.step(on, step),
      resshift: SAMPLERS.resshift.step(on, step),
      weight: on.algebra.weightedSum([on.semanticWeight(count, 7), y]),
    };
  }

  it.each<PixelwiseOptions>([
    {},
    { variant: "release" },
    { coefficients: "eta", m: 0.5 },
    { coefficients: "kappa" },
  ])("are those on arrays, with %j", async (options) => {
    const values = Object.fromEntries(
      Object.keys(images).map((name) => [name, o.input(name, [2, 3, 4, 4])]),
    ) as Record<keyof typeof images, o.Value>;
    const fields = Object.fromEntries(
      Object.keys(rates).map((name) => [name, o.input(name, [1, 1, 4, 4])]),
    ) as Record<keyof typeof rates, o.Value>;
    const inGraph = await runGraph(every(onGraphs, values, fields, options), { ...images, ...rates });
    const expected = every(onArrays, images, rates, options);
    for (const name of Object.keys(expected) as (keyof typeof expected)[])
      expect([name, maxDifference(inGraph[name], expected[name]) < 3e-6]).toEqual([name, true]);
  });
});
