/**
 * Noise and W that batches bring: the numbers that a trainer makes itself, and used where they are brought.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom } from "../src/base/random.js";
import { createCropSemantics } from "../src/train/crop-semantics.js";
import { batchNoise, noiseMaker } from "../src/train/data/batch-noise.js";
import { type Batches, createBatches } from "../src/train/data/batches.js";
import { type StudentOptions, trainStudent } from "../src/train/student.js";
import { trainTeacher } from "../src/train/teacher.js";
import { drawnBatch, RUN } from "./fixtures/training.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-batch-noise-"));
afterAll(() => rmSync(directory, { recursive: true }));
let folders = 0;

/** Crops with squares, each of which is a region, and batches of them. */
const crop = 64;
const side = crop / 4;
const source = {
  count: 1,
  async sample() {
    const picture = (size: number, unit: number) =>
      Float32Array.from({ length: 3 * size * size }, (_, i) => {
        const [x, y] = [i % size, Math.floor((i % (size * size)) / size)].map((v) => (v / unit) % 12);
        return x >= 3 && x < 8 && y >= 3 && y < 8 ? 0.8 : -0.8;
      });
    return { hr: picture(crop, 4), lq: picture(side, 1) };
  },
};
const of = { source, batch: RUN.batch, crop, seed: RUN.seed };
const bare = createBatches(of);

async function losses<T extends object>(train: (options: T) => Promise<unknown>, options: T) {
  const out = join(directory, `run${folders++}`);
  await train({ ...options, out });
  const lines = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
  return lines.map((line) => JSON.parse(line).loss as number);
}

/** The same batches, each with its noise changed a little. */
function disturbed(batches: Batches): Batches {
  return {
    async at(step) {
      const batch = await batches.at(step);
      return { ...batch, noise: batch.noise!.map((v) => 1.1 * v) };
    },
  };
}

describe("the noise of a batch", () => {
  it("is what the teacher draws after its timesteps", async () => {
    const random = createRandom(3 + 0x7eac, 17);
    for (let n = 0; n < 5; n++) random.integer(15);
    const expected = random.normals(new Float32Array(5 * 48 * 8 * 8));
    const make = noiseMaker({ kind: "plain", channels: 48, seed: 3 }, { batch: 5, side: 8 });
    expect(await make(new Float32Array(0), 17)).toEqual({ noise: expected });
  });

  it.each([
    ["regions", "paper"],
    ["regions", "release"],
    ["none", "paper"],
  ] as const)("is the student's, with W, for masks %s of the %s", async (masks, variant) => {
    const { lq } = await bare.at(17);
    const semantics = createCropSemantics({ batch: 2, side }, { channels: 48, masks, variant });
    const recipe = { kind: "semantic", channels: 48, seed: 3, masks, variant } as const;
    const made = await createBatches({ ...of, noise: recipe }).at(17);
    expect(made).toEqual({ ...(await bare.at(17)), ...(await semantics.of(lq, 3 + 0x57ed + 17 * 2)) });
    expect(made.weight!.some((w) => w > 0)).toBe(masks === "regions");
  });
});

describe("the plain Gaussian of line 7", () => {
  const [masks, variant] = ["regions", "paper"] as const;
  const shape = { batch: 2, side };

  it.each(["crop", "photo"] as const)(
    "has the noise of no masks and the W of masks, of each %s",
    async (context) => {
      const { lq } = await bare.at(0);
      const part = {
        counts: Float32Array.from({ length: side * side }, (_, p) => p % 4),
      };
      const parts =
        context === "photo"
          ? [0, 1].map(() => ({ ...part, largest: 3, means: { paper: 1.5, release: 0.7 } }))
          : undefined;
      const of = (noise: "sam" | "gaussian", found: "regions" | "none" = masks) =>
        createCropSemantics(shape, { channels: 3, masks: found, variant, noise }).of(
          lq,
          9,
          found === "none" ? undefined : parts,
        );
      const [gaussian, sam, plain] = [await of("gaussian"), await of("sam"), await of("sam", "none")];
      expect(gaussian.noise).toEqual(plain.noise);
      expect(gaussian.noise).not.toEqual(sam.noise);
      expect(gaussian.weight).toEqual(sam.weight);
      expect(Math.max(...gaussian.weight)).toBe(1);
    },
  );

  it("is what a configuration may ask of batches", () => {
    const recipe = batchNoise({ channels: 3, seed: 1 }, { masks, variant, noise: "gaussian" });
    expect(recipe).toMatchObject({ kind: "semantic", noise: "gaussian" });
  });
});

describe("a run whose batches bring noise has the losses of one that makes it", () => {
  const options = { ...RUN, crop, steps: 2 };

  it("as the teacher", async () => {
    const train = (batches: Batches) => losses(trainTeacher, { ...options, out: "", batches });
    const bringing = createBatches({ ...of, noise: batchNoise({ channels: 48, seed: options.seed }) });
    const made = await train(bare);
    expect(await train(bringing)).toEqual(made);
    expect(await train(disturbed(bringing))).not.toEqual(made);
  });

  it("as the student", async () => {
    const { weights } = await trainTeacher({
      ...{ ...RUN, steps: 1, out: join(directory, "teacher") },
      batches: { at: async () => drawnBatch() },
    });
    const run: Omit<StudentOptions, "batches"> = {
      ...{ ...options, out: "", teacher: weights.tensors, rollOut: 2, distilled: 1, m: 0.2 },
      terms: { distill: 1, inverse: 1, gt: 1, fidelity: 1 },
    };
    const train = (batches: Batches) => losses(trainStudent, { ...run, batches });
    const bringing = createBatches({ ...of, noise: batchNoise({ channels: 48, seed: run.seed }, run) });
    const made = await train(bare);
    expect(await train(bringing)).toEqual(made);
    expect(await train(disturbed(bringing))).not.toEqual(made);
    const unweighted: Batches = {
      at: async (step) => ({ ...(await bringing.at(step)), weight: new Float32Array(2 * side * side) }),
    };
    expect(await train(unweighted)).not.toEqual(made);
  });

  it("but not where masks are found by a network: there is no recipe for those", () => {
    expect(batchNoise({ channels: 48, seed: 3 }, { masks: "network" })).toBeUndefined();
  });
});
