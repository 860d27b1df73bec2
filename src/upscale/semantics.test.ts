import { expect, it } from "vitest";
import { exponentialSchedule } from "../diffusion/index.js";
import { emptyCoverage } from "../semantics/index.js";
import { createSemantics } from "./semantics.js";
import type { DiffusionSettings } from "./settings.js";

const schedule = exponentialSchedule({
  ...{ steps: 15, power: 0.3, kappa: 2, minNoiseLevel: 0.04, etasEnd: 0.99 },
});

it("is plain Gaussian noise where that is asked for, whose eta and kappa follow masks all the same", async () => {
  const coverage = emptyCoverage(8, 8);
  coverage.counts.fill(3, 0, 20);
  const of = (settings: Partial<DiffusionSettings>) =>
    createSemantics(
      coverage,
      {
        ...{
          method: "samsr",
          masks: coverage,
          seed: 5,
          variant: "paper",
          etaScale: 0.2,
          coefficients: "both",
        },
        ...settings,
      } as DiffusionSettings,
      { channels: 3, schedule },
      { throwIfAborted() {} },
    );
  const [gaussian, sam, none] = await Promise.all([
    of({ noise: "gaussian" }),
    of({ noise: "sam" }),
    of({ masks: "none" }),
  ]);
  const tile = { x: 0, y: 0, width: 8, height: 8 };
  const noise = gaussian.noise.fill(0, 0, 8, 8);
  expect(noise).toEqual(none.noise.fill(0, 0, 8, 8));
  expect(noise).not.toEqual(sam.noise.fill(0, 0, 8, 8));
  expect(gaussian.sigma(tile)).toEqual(sam.sigma(tile));
  expect(new Set(gaussian.sigma(tile)).size).toBe(2);
});

it.each([
  ["both", 2 * 0.8 * 0.99 * Math.sqrt(1.2)],
  ["eta", 2 * 0.99 * Math.sqrt(1.2)],
  ["kappa", 2 * 0.8 * 0.99],
] as const)("the noise of x_T follows W by %s (equation 9)", async (coefficients, atMost) => {
  const coverage = emptyCoverage(2, 1);
  coverage.counts[1] = 3;
  const settings = {
    ...{ method: "samsr", masks: coverage, seed: 0, variant: "paper", etaScale: 0.2, coefficients },
  } as const;
  const semantics = await createSemantics(
    coverage,
    settings as unknown as DiffusionSettings,
    { channels: 3, schedule },
    { throwIfAborted() {} },
  );
  const tile = { x: 0, y: 0, width: 2, height: 1 };
  const [none, most] = semantics.sigma(tile);
  expect(none).toBeCloseTo(2 * 0.99, 5);
  expect(most).toBeCloseTo(atMost, 5);
  // And the chain's process is the same one.
  const { eta, kappa } = semantics.process(tile);
  const [e, k] = [eta(0.99 ** 2), kappa(2)].map((field) => (typeof field === "number" ? field : field[1]));
  expect(k * Math.sqrt(e)).toBeCloseTo(atMost, 5);
});
