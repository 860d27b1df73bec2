/** Batches whose noise and W follow the masks of whole photos. */
import { expect, it } from "vitest";
import { createCoverageSource, semanticWeight } from "../../semantics/index.js";
import { createBatches } from "./batches.js";
import { reducedPhoto, rememberedCoverage } from "./photo-coverage.js";
import { reductionAlone } from "./reduction.js";
import { degradedCrops, inMemory } from "./samples.js";

const SIDE = 128;

/** A few discs on a plain ground. */
function drawn() {
  const data = new Uint8Array(SIDE * SIDE * 3);
  for (let y = 0, to = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++, to += 3) {
      const one = Math.hypot(x - 40, y - 40) < 16;
      const other = Math.hypot(x - 90, y - 80) < 12;
      data.fill(one ? 220 : other ? 150 : 30, to, to + 3);
    }
  }
  return { width: SIDE, height: SIDE, channels: 3 as const, data };
}

const photoCoverage = async () =>
  (await createCoverageSource("regions").find(reducedPhoto(drawn()))).coverage;

const batchOf = (variant: "paper" | "release") =>
  createBatches({
    source: degradedCrops(inMemory([drawn()]), reductionAlone(), {
      coverageOf: rememberedCoverage(createCoverageSource("regions", { variant })),
    }),
    ...{ batch: 2, crop: SIDE, seed: 5, augment: false },
    noise: { kind: "semantic", channels: 48, seed: 5, masks: "regions", variant, context: "photo" },
  }).at(3);

it("bring the photo's W, and noise whose variance is the count over its mean", async () => {
  const coverage = await photoCoverage();
  const { noise, weight } = await batchOf("paper");
  const expected = semanticWeight(coverage);
  expect(weight!.subarray(0, expected.length)).toEqual(expected);
  const { counts } = coverage;
  const mean = counts.reduce((a, b) => a + b, 0) / counts.length;
  expect(Math.max(...counts)).toBeGreaterThan(0);
  const plane = counts.length;
  for (const level of new Set(counts)) {
    let [sum, n] = [0, 0];
    for (let i = 0; i < 2 * 48 * plane; i++) {
      if (counts[i % plane] !== level) continue;
      sum += noise![i] ** 2;
      n++;
    }
    if (level === 0) expect(sum).toBe(0);
    // A variance estimated from n normals is off by sqrt(2 / n) of itself.
    else expect(Math.abs(sum / n / (level / mean) - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
  }
});

it("have the released code's tilt and background where that is asked for", async () => {
  const { counts } = await photoCoverage();
  const { noise, weight } = await batchOf("release");
  const plane = counts.length;
  const largest = Math.max(...counts);
  const bare = counts.indexOf(0);
  const most = counts.indexOf(largest);
  expect(weight![bare]).toBeCloseTo(1 / largest);
  const power = (pixel: number) => {
    let sum = 0;
    for (let c = 0; c < 96; c++) sum += noise![c * plane + pixel] ** 2;
    return sum / 96;
  };
  expect(power(bare)).toBeGreaterThan(power(most) * (largest / 2));
});
