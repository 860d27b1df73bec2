import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { LATENT_CHANNELS } from "../src/networks/index.js";
import { type StateDict, trainableScope } from "../src/nn/index.js";
import type { Tensor } from "../src/runtime/index.js";
import { createTrainingState, readWeights } from "../src/train/checkpoint.js";
import type { Batches } from "../src/train/data/batches.js";
import { trainStudent } from "../src/train/student.js";
import { type TeacherOptions, teacherLoss, trainTeacher } from "../src/train/teacher.js";
import { train } from "../src/train/trainer.js";
import { createTrainingSession } from "../src/train/training-session.js";
import { createFlatWeights, type FlatWeights, initialWeights, setWeights } from "../src/train/weights.js";
import { always, BATCH, CONFIG, CROP, drawnBatch, RUN, SIDE } from "./fixtures/training.js";
import { normals } from "./run-graph.js";
import { maxDifference } from "./shared.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-training-"));
afterAll(() => rmSync(directory, { recursive: true }));
let folders = 0;
const folder = () => join(directory, `run${folders++}`);

const batch = drawnBatch();
const constant = always(batch);

const options = (more: Partial<TeacherOptions> = {}): TeacherOptions => ({
  ...RUN,
  batches: constant,
  out: folder(),
  ...more,
});

/** What a run wrote into its log, a value a step. */
function logged(out: string, key: string): number[] {
  const lines = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line)[key]);
}

const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;

const sameBits = (a: Float32Array, b: Float32Array) => Buffer.from(a.buffer).equals(Buffer.from(b.buffer));

function stateOf(weights: FlatWeights): StateDict {
  return new Map(
    [...weights.tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
  );
}

describe("training the teacher", () => {
  it("on one batch brings its loss down to less than half", async () => {
    const out = folder();
    const { weights, average } = await trainTeacher(options({ out }));
    const losses = logged(out, "loss");
    expect(losses).toHaveLength(30);
    expect(mean(losses.slice(-5)) / losses[0]).toBeLessThan(0.5);
    expect(maxDifference(weights.flat, average)).toBeGreaterThan(0);
  });

  it("interrupted and resumed gives bit for bit what it gives uninterrupted", async () => {
    const whole = await trainTeacher(options({ steps: 20 }));
    const out = folder();
    const stop = new AbortController();
    const report = (line: string) => {
      if (line.startsWith("step 10/")) stop.abort();
    };
    await trainTeacher(options({ steps: 20, out, report, signal: stop.signal }));
    expect(logged(out, "step").at(-1)).toBe(10);
    const resumed = await trainTeacher(options({ steps: 20, out, resume: true }));
    expect(logged(out, "step").at(-1)).toBe(20);
    expect(sameBits(resumed.weights.flat, whole.weights.flat)).toBe(true);
    expect(sameBits(resumed.average, whole.average)).toBe(true);
  });

  it("keeps the moving average of every nth step, at half precision", async () => {
    const out = folder();
    const { weights, average } = await trainTeacher(options({ out, steps: 6, keepEvery: 3 }));
    const kept = readdirSync(out).filter((name) => name.startsWith("weights-"));
    expect(kept).toEqual(["weights-3.safetensors", "weights-6.safetensors"]);
    const [early, last] = await Promise.all(kept.map((name) => readWeights(join(out, name))));
    const averages = createFlatWeights(weights.specs, average).tensors;
    const away = (from: StateDict, to: FlatWeights["tensors"]) =>
      Math.max(...[...to].map(([name, { data }]) => maxDifference(from.get(name)!.data, data)));
    expect(away(last, averages)).toBeLessThan(6e-4);
    expect(away(last, weights.tensors)).toBeGreaterThan(1e-3);
    expect(away(early, averages)).toBeGreaterThan(1e-3);
  });

  it("refuses to begin again where a run lies, and to resume another network's", async () => {
    const out = folder();
    await trainTeacher(options({ out, steps: 1 }));
    await expect(trainTeacher(options({ out, steps: 1 }))).rejects.toThrow(/holds a training run already/);
    const config = { ...CONFIG, modelChannels: 64 };
    await expect(trainTeacher(options({ out, steps: 2, resume: true, config }))).rejects.toThrow(
      /state\.safetensors: holds \d+ numbers of "weights", this network has \d+/,
    );
    await expect(trainTeacher(options({ resume: true }))).rejects.toThrow(/no run to resume/);
  });

  it("gives up when a number is not finite again and again, and keeps the weights it had", async () => {
    const out = folder();
    const hr = batch.hr.slice();
    hr[100] = Number.NaN;
    const batches: Batches = { at: async (step) => (step === 2 ? { ...batch, hr } : batch) };
    const error = await trainTeacher(options({ out, batches, saveEvery: 1 })).catch((e) => e);
    expect(error).toBeInstanceOf(SamsrError);
    expect(error.message).toMatch(/^training diverged at step 2: the loss is not finite, 4 times over/);
    const { weights } = await trainTeacher(options({ out, steps: 3, resume: true }));
    expect(weights.flat.every(Number.isFinite)).toBe(true);
    expect(logged(out, "step")).toEqual([1, 2, 3]);
  });
});

describe("accumulation", () => {
  const side = SIDE;
  /** The inputs of the teacher's loss for images `first` to `first + count` of one fixed batch. */
  function feeds(first: number, count: number): Record<string, Tensor> {
    const part = (data: Float32Array, shape: number[]): Tensor => {
      const size = shape.reduce((a, b) => a * b, 1);
      return {
        type: "float32",
        shape: [count, ...shape],
        data: data.slice(first * size, (first + count) * size),
      };
    };
    const each = (...values: number[]) => Float32Array.from(values);
    return {
      hr: part(batch.hr, [3, CROP, CROP]),
      lq: part(batch.lq, [3, side, side]),
      noise: part(normals([BATCH, LATENT_CHANNELS, side, side], 8), [LATENT_CHANNELS, side, side]),
      t: part(each(2, 11), []),
      eta: part(each(0.1, 0.8), [1, 1, 1]),
      sigma: part(each(0.1, 0.25), [1, 1, 1]),
      scale: part(each(0.99, 0.96), [1, 1, 1]),
    };
  }

  it("of two halves of a batch is the whole batch", async () => {
    const run = async (size: number, accumulate: number) => {
      const { scope, parameters } = trainableScope();
      const loss = teacherLoss(scope, CONFIG, { batch: size, side }, { kappa: 0.3 });
      const weights = initialWeights(parameters(), 1);
      const session = await createTrainingSession(
        createTrainingState(weights),
        { loss },
        { threads: 1, accumulate },
      );
      const at = async (index: number) => feeds((index * size) % BATCH, size);
      const out = folder();
      await train(session, { at, ...session.inputs }, { ...options({ steps: 3, accumulate, out }) });
      await session.release();
      return { flat: weights.flat, losses: logged(out, "loss"), norms: logged(out, "norm") };
    };
    const whole = await run(BATCH, 1);
    const halves = await run(1, BATCH);
    expect(maxDifference(whole.losses, halves.losses)).toBeLessThan(1e-5);
    expect(maxDifference(whole.norms, halves.norms)).toBeLessThan(1e-4);
    // Adam divides by the gradient's size, so where that is nearly zero rounding decides; on the whole they
    // agree.
    const differences = whole.flat.map((w, i) => Math.abs(w - halves.flat[i]));
    expect(mean([...differences])).toBeLessThan(1e-4);
  });
});

describe("distilling the student", () => {
  it("starts from the teacher and brings its loss down", async () => {
    const teacher = await trainTeacher(options({ steps: 10 }));
    const out = folder();
    const student = await trainStudent({
      ...options({ out, steps: 20, learningRate: 2e-3 }),
      teacher: stateOf(teacher.weights),
      rollOut: 3,
      distilled: 1,
      m: 0.2,
      terms: { distill: 1, inverse: 0.02, gt: 1, fidelity: 1 },
    });
    // Of distill nothing is asked: where the student starts it does nearly what the teacher does.
    for (const [term, part] of Object.entries({ loss: 0.75, inverse: 1, gt: 0.75, fidelity: 0.75 })) {
      const values = logged(out, term);
      expect(values).toHaveLength(20);
      expect([term, mean(values.slice(-5)) / values[0] < part]).toEqual([term, true]);
    }
    expect(student.weights.flat.every(Number.isFinite)).toBe(true);
  });

  it("refuses a teacher of another network, naming the tensor", async () => {
    const teacher: StateDict = new Map([["time_embed.0.weight", { shape: [1], data: new Float32Array(1) }]]);
    const terms = { distill: 1, inverse: 1, gt: 1, fidelity: 1 };
    const run = trainStudent({ ...options(), teacher, rollOut: 1, distilled: 1, m: 0.2, terms });
    await expect(run).rejects.toThrow(
      /the teacher: tensor "time_embed\.0\.weight" is \[1\], the network needs/,
    );
  });
});

describe("weights", () => {
  it("are one array with a view for each parameter", () => {
    const { scope, parameters } = trainableScope();
    teacherLoss(scope, CONFIG, { batch: 1, side: SIDE }, { kappa: 0.3 });
    const weights = initialWeights(parameters(), 1);
    const first = [...weights.tensors.values()][0];
    first.data[0] = 42;
    expect(weights.flat[0]).toBe(42);
    const other = initialWeights(parameters(), 2);
    setWeights(other, stateOf(weights), "a copy");
    expect(sameBits(other.flat, weights.flat)).toBe(true);
  });
});
