/** The student's terms beyond the paper: a discriminator, and distance in the teacher's features. */
import { readFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { discriminator, swinUNetFeatures } from "../src/networks/index.js";
import {
  conv,
  createScope,
  initialize,
  type ParameterSpec,
  type Scope,
  trainableScope,
} from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { discriminatorLoss, generatorLoss, softplus } from "../src/train/adversarial.js";
import { type StudentOptions, trainStudent } from "../src/train/student.js";
import { teacherLoss } from "../src/train/teacher.js";
import { perceptualDistance } from "../src/train/terms/perceptual.js";
import { relativeErrors, worstRelativeError } from "./central-differences.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { always, BATCH, CONFIG, drawnBatch, RUN, SIDE } from "./fixtures/training.js";
import { normals, runGraph } from "./run-graph.js";

const LATENT = [2, 6, 8, 8];
const config = { channels: [8, 12] };

/** The parameters that a function of a scope asks for, with values. */
function parametersOf(build: (scope: Scope) => unknown, seed: number) {
  const { scope, parameters } = trainableScope();
  build(scope);
  const specs: ParameterSpec[] = parameters();
  return { specs, values: initialize(specs, seed) };
}

/** A scope whose parameters are these values, in the order of the list. */
function scopeOver(specs: readonly ParameterSpec[], values: readonly o.Value[]) {
  const byName = new Map(specs.map(({ name }, i) => [name, values[i]]));
  return createScope((name) => byName.get(name)!);
}

describe("the discriminator's game", () => {
  it("softplus is ln(1 + e^x) where that can be computed, and its limits where it cannot", async () => {
    const x = Float32Array.of(-200, -3, 0, 3, 200);
    const { y } = await runGraph({ y: softplus(o.input("x", [5])) }, { x });
    const expected = [0, Math.log1p(Math.exp(-3)), Math.LN2, Math.log1p(Math.exp(3)), 200];
    y.forEach((v, i) => expect(v).toBeCloseTo(expected[i], 5));
  });

  it("of a linear judge costs ln 2 where it sees no difference, and its slope squared", async () => {
    const weights = normals([1, 6, 8, 8], 3);
    const length = weights.reduce((sum, w) => sum + w * w, 0);
    const judge = (image: o.Value) => o.reduceSum(o.mul(image, o.constant(weights, [1, 6, 8, 8])), [1, 2, 3]);
    const [real, made] = [o.input("real", LATENT), o.input("made", LATENT)];
    const { loss, reports } = discriminatorLoss(judge, real, made, 0.5);
    const x = normals(LATENT, 4);
    const result = await runGraph({ loss, ...reports }, { real: x, made: x });
    expect(result.game[0]).toBeCloseTo(Math.LN2, 5);
    expect(result.penalty[0] / (2 * length)).toBeCloseTo(1, 4);
    expect(result.loss[0]).toBeCloseTo(Math.LN2 + (0.5 / 2) * 2 * length, 2);
    expect(result.gap[0]).toBeCloseTo(0, 4);
  });

  it("has the gradients that differences show, the penalty's second derivatives among them", async () => {
    // Smooth, because across a kink of the leaky units the penalty jumps, and a difference means nothing.
    const smooth = (scope: Scope, image: o.Value) => {
      const h = o.silu(conv(scope.at("one"), image, 8, 3));
      return conv(scope.at("three"), o.silu(conv(scope.at("two"), h, 12, 3, { stride: 2 })), 1, 1);
    };
    const { specs, values } = parametersOf((scope) => smooth(scope, o.input("image", LATENT)), 5);
    const loss = (...xs: o.Value[]) => {
      const judge = (picture: o.Value) => smooth(scopeOver(specs, xs), picture);
      return discriminatorLoss(judge, xs[specs.length], xs[specs.length + 1], 2).loss;
    };
    const data = [
      ...specs.map(({ name }) => values.get(name)!.data.map((v, i) => v + 0.1 * Math.sin(i))),
      normals(LATENT, 6),
      normals(LATENT, 7),
    ];
    const shapes = [...specs.map(({ shape }) => shape), LATENT, LATENT];
    const errors = await relativeErrors(loss, shapes, { values: data, floor: 0.05 });
    const names = [...specs.map(({ name }) => name), "real", "made"];
    names.forEach((name, i) => expect([name, errors[i] < 1e-2]).toEqual([name, true]));
  });

  it("reaches every parameter of the discriminator", async () => {
    const [image, y] = [o.input("image", LATENT), o.input("y", LATENT)];
    const { scope, parameters } = trainableScope();
    const judge = (picture: o.Value) => discriminator(scope, config, picture, y);
    const { loss } = discriminatorLoss(judge, image, o.input("made", LATENT), 1);
    const specs = parameters();
    const slopes = o.gradients(
      loss,
      specs.map(({ value }) => value),
    );
    const feeds = Object.fromEntries([...initialize(specs, 1)].map(([name, { data }]) => [name, data]));
    const inputs = { image: normals(LATENT, 1), made: normals(LATENT, 2), y: normals(LATENT, 3) };
    const graph = Object.fromEntries(specs.map(({ name }, i) => [`d ${name}`, slopes[i]]));
    const results = await runGraph(graph, { ...feeds, ...inputs });
    // A constant added to all scores changes neither their difference nor their slope.
    for (const [name, slope] of Object.entries(results)) {
      expect([name, slope.some((v) => Math.abs(v) > 1e-7)]).toEqual([name, name !== "d out.bias"]);
    }
  });

  it("that sees grey judges the mean of the colours, and asks for no colour", async () => {
    const shape = [1, 48, 4, 4];
    const [image, y] = [o.input("image", shape), o.input("y", shape)];
    const grey = { channels: [8], sees: "grey" } as const;
    const build = (scope: Scope) => o.reduceSum(discriminator(scope, grey, image, y));
    const { specs, values } = parametersOf(build, 4);
    const score = build(
      scopeOver(
        specs,
        specs.map(({ name, shape }) => o.constant(values.get(name)!.data, shape)),
      ),
    );
    const [slope] = o.gradients(score, [image]);
    const picture = normals(shape, 5);
    // Channels are places of three colours each: what one colour loses, another gets.
    const place = (i: number) => Math.floor(i / 16);
    const coloured = picture.map((v, i) => v + [0.3, -0.5, 0.2][place(i) % 3]);
    const feeds = { y: normals(shape, 6) };
    const [a, b] = [
      await runGraph({ score, slope }, { ...feeds, image: picture }),
      await runGraph({ score }, { ...feeds, image: coloured }),
    ];
    expect(Math.abs(a.score[0])).toBeGreaterThan(0.1);
    expect(b.score[0]).toBeCloseTo(a.score[0], 3);
    a.slope.forEach((v, i) => expect(v).toBeCloseTo(a.slope[(i % 16) + 48 * Math.floor(place(i) / 3)], 6));
    expect(a.slope.some((v) => Math.abs(v) > 1e-4)).toBe(true);
  });

  it("the student's term pushes what it made toward what is judged real, and not the discriminator", async () => {
    const weights = o.constant(normals([1, 6, 8, 8], 3), [1, 6, 8, 8]);
    const judge = (image: o.Value) => o.reduceSum(o.mul(image, weights), [1, 2, 3]);
    const [real, made] = [o.input("real", LATENT), o.input("made", LATENT)];
    const loss = generatorLoss(judge(real), judge(made));
    const [slope] = o.gradients(loss, [made]);
    const result = await runGraph({ slope }, { real: normals(LATENT, 1), made: normals(LATENT, 2) });
    const w = normals([1, 6, 8, 8], 3);
    // Downhill is along the judge's own weights, in every picture.
    const along = result.slope.reduce((sum, v, i) => sum + v * w[i % w.length], 0);
    expect(along).toBeLessThan(0);
    expect(
      await worstRelativeError((a, b) => generatorLoss(judge(a), judge(b)), [LATENT, LATENT]),
    ).toBeLessThan(1e-2);
  });
});

describe("the distance in the teacher's features", () => {
  const shape = [1, 48, 8, 8];
  const teacherConfig = { ...CONFIG, channelMult: [1, 1], resBlocks: [1, 1], attentionResolutions: [8] };
  const { specs, values } = parametersOf((scope) => {
    const [x, t, lq] = [o.input("x", shape), o.input("t", [1]), o.input("lq", [1, 3, 8, 8])];
    swinUNetFeatures(scope, teacherConfig, x, t, lq);
  }, 2);
  const constants = specs.map(({ name, shape }) =>
    o.constant(
      values.get(name)!.data.map((v, i) => v + 0.05 * Math.sin(i)),
      shape,
    ),
  );
  const distance = (made: o.Value, real: o.Value) => {
    const lq = o.constant(normals([1, 3, 8, 8], 4), [1, 3, 8, 8]);
    const at = { timestep: 3, scale: 0.9 };
    return perceptualDistance(scopeOver(specs, constants), teacherConfig, made, real, lq, at);
  };

  it("is none between equal pictures, and grows with what tells them apart", async () => {
    const real = normals(shape, 5);
    const d = distance(o.input("made", shape), o.input("real", shape));
    const at = async (part: number) => {
      const noise = normals(shape, 6);
      return (await runGraph({ d }, { real, made: real.map((v, i) => v + part * noise[i]) })).d[0];
    };
    expect(await at(0)).toBe(0);
    expect(await at(0.1)).toBeGreaterThan(0);
    expect(await at(0.4)).toBeGreaterThan(2 * (await at(0.1)));
  });

  it("has the gradient that differences show, and none for the real picture", async () => {
    const data = [normals(shape, 5), normals(shape, 6)];
    const [made] = await relativeErrors((a) => distance(a, o.constant(data[1], shape)), [shape], {
      values: [data[0]],
    });
    expect(made).toBeLessThan(1e-2);
    const real = o.input("real", shape);
    const [none] = o.gradients(distance(o.input("made", shape), real), [real]);
    expect(none.source.kind).toBe("constant");
  });
});

describe("a student trained by both", () => {
  const folder = temporaryFolder();
  afterAll(folder.remove);
  const { scope, parameters } = trainableScope();
  teacherLoss(scope, CONFIG, { batch: BATCH, side: SIDE }, { kappa: 0.3 });
  const teacher = initialize(parameters(), 1);
  const options = (name: string, more: Partial<StudentOptions> = {}): StudentOptions => ({
    ...RUN,
    out: folder.path(name),
    steps: 6,
    teacher,
    batches: always(drawnBatch()),
    rollOut: 2,
    distilled: 1,
    m: 0.2,
    terms: { distill: 0, inverse: 0, gt: 0, fidelity: 1, adversarial: 0.01, perceptual: 0.1 },
    adversarial: { discriminator: { channels: [16, 16] }, learningRate: 1e-3, gamma: 1 },
    ...more,
  });
  const logged = (name: string) =>
    readFileSync(folder.path(name, "log.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));

  it("trains the discriminator in turn, which learns to tell, and resumes both to the same numbers", async () => {
    const whole = await trainStudent(options("whole", { steps: 12, learningRate: 1e-6 }));
    const entries = logged("whole");
    // The student hardly moves, so the discriminator's game must get easier.
    expect(entries.at(-1)["D game"]).toBeLessThan(entries[0]["D game"] - 0.01);
    expect(entries.at(-1)["D gap"]).toBeGreaterThan(entries[0]["D gap"]);
    expect(Object.keys(entries[0])).toContain("perceptual");
    expect(Object.keys(entries[0])).not.toContain("distill");

    const stop = new AbortController();
    const report = (line: string) => void (line.startsWith("step 5/") && stop.abort());
    const half = options("half", { steps: 12, learningRate: 1e-6 });
    await trainStudent({ ...half, report, signal: stop.signal });
    const resumed = await trainStudent({ ...half, resume: true });
    expect(Buffer.from(resumed.weights.flat.buffer).equals(Buffer.from(whole.weights.flat.buffer))).toBe(
      true,
    );
    expect(logged("half").at(-1)["D game"]).toBe(entries.at(-1)["D game"]);
  });

  it("a term without what it needs is a mistake in the program, said as such", async () => {
    await expect(trainStudent(options("lacking", { adversarial: undefined }))).rejects.toThrow(
      /the term adversarial has a weight but not what it needs/,
    );
  });
});
