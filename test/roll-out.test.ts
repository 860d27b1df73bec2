/**
 * The teacher's roll-out while a student is trained, against the chains that upscaling walks; and what masks
 * do to it.
 */
import { describe, expect, it } from "vitest";
import {
  type Denoiser,
  exponentialSchedule,
  onArrays,
  type PixelwiseOptions,
  SAMPLERS,
  type SampleOptions,
  sample,
} from "../src/diffusion/index.js";
import { bicubicLatent, LATENT_CHANNELS, pixelDenoiser } from "../src/networks/index.js";
import { frozenScope, initialize, type StateDict, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { createSession, floatTensor } from "../src/runtime/index.js";
import { createCropSemantics } from "../src/train/crop-semantics.js";
import { pixelSpace } from "../src/train/space.js";
import { rollOutGraph } from "../src/train/student.js";
import { CONFIG, drawnBatch, RUN, SIDE } from "./fixtures/training.js";
import { normals } from "./run-graph.js";
import { maxDifference } from "./shared.js";

const shape = { batch: 2, side: SIDE, distilled: 1 };
const LATENT = [1, LATENT_CHANNELS, SIDE, SIDE];
const plane = SIDE * SIDE;
const schedule = exponentialSchedule(RUN.schedule);
const batch = drawnBatch();
const noise = normals([2, LATENT_CHANNELS, SIDE, SIDE], 5);
/** Half of each picture is covered, the second one's less. */
const weight = Float32Array.from({ length: 2 * plane }, (_, p) =>
  p % SIDE < SIDE / 2 ? (p < plane ? 1 : 0.6) : 0.25,
);

function randomTeacher(): StateDict {
  const { scope, parameters } = trainableScope();
  const [x, lq] = [o.input("x", LATENT), o.input("lq", [1, 3, SIDE, SIDE])];
  pixelDenoiser(scope, CONFIG, x, o.input("t", [1]), lq, x);
  return initialize(parameters(), 9);
}
const teacher = randomTeacher();

const graphOf = (options: PixelwiseOptions, { distilled = 1, whole = true, steps = 4 } = {}) =>
  rollOutGraph(
    frozenScope(teacher),
    { config: CONFIG, schedule, steps, whole, pixelwise: { m: 0.2, ...options } },
    { ...shape, distilled },
  );

async function rollOut(options: PixelwiseOptions, w: Float32Array, graph = graphOf(options)) {
  const session = await createSession(o.toModel({ ...graph }).bytes, { device: "cpu", threads: 1 });
  const { xT, teacherX0 } = await session.run({
    ...(await pixelSpace(shape).feeds(batch)),
    noise: floatTensor([2, LATENT_CHANNELS, SIDE, SIDE], noise),
    weight: floatTensor([2, 1, SIDE, SIDE], w),
  });
  await session.release();
  return { xT: xT.data as Float32Array, teacherX0: teacherX0?.data as Float32Array };
}

/** A picture's chain, as upscaling walks it: a run of the denoiser for each step. */
async function chain(how: Pick<SampleOptions, "sampler" | "rates">, picture = 0) {
  const of = (data: Float32Array, channels: number) =>
    data.slice(picture * channels * plane, (picture + 1) * channels * plane);
  const [x, t, lq] = [o.input("x", LATENT), o.input("t", [1]), o.input("lq", [1, 3, SIDE, SIDE])];
  const y = bicubicLatent(lq);
  const graph = { x0: pixelDenoiser(frozenScope(teacher), CONFIG, x, t, lq, y), y };
  const session = await createSession(o.toModel(graph).bytes, { device: "cpu", threads: 1 });
  const small = floatTensor([1, 3, SIDE, SIDE], of(batch.lq, 3));
  const run = (latent: Float32Array, timestep: number) =>
    session.run({
      x: floatTensor(LATENT, latent),
      t: floatTensor([1], Float32Array.of(timestep)),
      lq: small,
    });
  const first = await run(new Float32Array(LATENT_CHANNELS * plane), 0);
  const denoiser: Denoiser = async (latent, timestep) =>
    (await run(latent, timestep)).x0.data as Float32Array;
  const x0 = await sample({
    ...{ ...how, schedule, denoiser, y: first.y.data as Float32Array, steps: 4 },
    noise: of(noise, LATENT_CHANNELS),
  });
  await session.release();
  return x0;
}

const samsr = (options: PixelwiseOptions, picture = 0) => ({
  sampler: SAMPLERS.samsr,
  rates: onArrays.pixelwise(weight.subarray(picture * plane, (picture + 1) * plane), options),
});

describe("the teacher's roll-out", () => {
  it.each(["both", "eta", "kappa"] as const)(
    "is the chain of equation 11, with W in %s",
    async (coefficients) => {
      const { teacherX0 } = await rollOut({ coefficients }, weight);
      expect(maxDifference(teacherX0, await chain(samsr({ m: 0.2, coefficients })))).toBeLessThan(2e-5);
    },
  );

  it("walks as many pictures as are asked for, each with its own W; of none there is the start alone", async () => {
    const both = await rollOut({}, weight, graphOf({}, { distilled: 2 }));
    const expected = await Promise.all([0, 1].map((picture) => chain(samsr({ m: 0.2 }, picture), picture)));
    expect(
      maxDifference(
        both.teacherX0,
        expected.flatMap((x) => [...x]),
      ),
    ).toBeLessThan(2e-5);
    const short = await rollOut({}, weight, graphOf({}, { whole: false }));
    expect(short.teacherX0).toBeUndefined();
    expect(short.xT).toEqual(both.xT);
  });

  it("holds the teacher's weights once, however many timesteps it visits", () => {
    const bytes = (steps: number) => o.toModel({ ...graphOf({}, { steps }) }).bytes.length;
    const weights = [...teacher.values()].reduce((sum, { data }) => sum + data.byteLength, 0);
    const one = bytes(1);
    expect(one).toBeGreaterThan(weights);
    expect(bytes(3) - one).toBeLessThan(weights / 2);
  });

  it("without masks is SinSR's, as it is in the released code with them", async () => {
    const expected = await chain({ sampler: SAMPLERS.sinsr });
    const none = await rollOut({}, new Float32Array(2 * plane));
    expect(maxDifference(none.teacherX0, expected)).toBeLessThan(2e-5);
    const release = await rollOut({ variant: "release" }, weight);
    expect(maxDifference(release.teacherX0, none.teacherX0)).toBeLessThan(2e-5);
    // The student's x_T is of each pixel there too.
    expect(maxDifference(release.xT, none.xT)).toBeGreaterThan(1e-3);
  });

  it("starts with the noise of equation 9: both factors, or that of eta or kappa alone", async () => {
    const none = (await rollOut({}, new Float32Array(2 * plane))).xT;
    const sigma = schedule.kappa * schedule.sqrtEta[schedule.steps - 1];
    const factors = {
      eta: (w: number) => Math.sqrt(1 + 0.2 * w),
      kappa: (w: number) => 1 - 0.2 * w,
      both: (w: number) => (1 - 0.2 * w) * Math.sqrt(1 + 0.2 * w),
    };
    for (const coefficients of ["eta", "kappa", "both"] as const) {
      const { xT } = await rollOut({ coefficients }, weight);
      // x_T = y + kappa sqrt(eta) noise; y is the same in all of them.
      const expected = none.map(
        (v, i) =>
          v +
          sigma *
            noise[i] *
            (factors[coefficients](weight[(i < noise.length / 2 ? 0 : plane) + (i % plane)]) - 1),
      );
      expect([coefficients, maxDifference(xT, expected) < 1e-5]).toEqual([coefficients, true]);
    }
  });
});

describe("what masks say of a batch", () => {
  const side = 32;
  const pixels = side * side;
  /** Small squares on a plain ground: each of them is a region. */
  const lq = Float32Array.from({ length: 2 * 3 * pixels }, (_, i) => {
    const [x, y] = [i % side, Math.floor((i % pixels) / side)];
    const inSquare = x % 16 >= 5 && x % 16 < 12 && y % 16 >= 5 && y % 16 < 12;
    return inSquare ? 0.8 : -0.8;
  });
  const of = async (options: Partial<Parameters<typeof createCropSemantics>[1]>) => {
    const semantics = createCropSemantics(
      { batch: 2, side },
      { channels: 3, masks: "regions", variant: "paper", ...options },
    );
    return semantics.of(lq, 7);
  };

  it("is nothing without masks: plain noise, no weight", async () => {
    const { noise, weight } = await of({ masks: "none" });
    expect(weight.every((w) => w === 0)).toBe(true);
    const again = await of({ masks: "none", variant: "release" });
    expect(again.noise).toEqual(noise);
  });

  it("covers every pixel in the released code, and is standardised noise", async () => {
    const paper = await of({});
    const release = await of({ variant: "release" });
    expect(Math.max(...paper.weight)).toBe(1);
    expect(Math.min(...release.weight)).toBeGreaterThan(0);
    for (const { noise } of [paper, release]) {
      const first = noise.subarray(0, 3 * pixels);
      const mean = first.reduce((a, b) => a + b, 0) / first.length;
      expect(mean).toBeCloseTo(0, 4);
      expect(first.reduce((a, b) => a + (b - mean) ** 2, 0) / first.length).toBeCloseTo(1, 1);
    }
  });
});
