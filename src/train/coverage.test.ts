import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { normals, runGraph } from "../../test/run-graph.js";
import { maxDifference } from "../../test/shared.js";
import type { CoverageNetworkConfig } from "../networks/index.js";
import { frozenScope, initialize, trainableScope } from "../nn/index.js";
import { type CoverageOptions, coverageLoss, trainCoverage } from "./coverage.js";
import { COUNT_STEPS, type CoverageSamples } from "./data/coverage-samples.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-coverage-"));
afterAll(() => rmSync(directory, { recursive: true }));

const CONFIG: CoverageNetworkConfig = { channels: [8, 16], blocks: [1, 1], groups: 4 };
const [WIDTH, HEIGHT] = [24, 16];

/** Squares of random places and greys on grey: three masks over each, one over the rest. */
const squares: CoverageSamples = {
  count: 32,
  image: (i) => new Uint8Array(3 * WIDTH * HEIGHT).map((_, p) => (inSquare(i, p) ? 40 + 6 * i : 128)),
  counts: (i) => new Uint16Array(WIDTH * HEIGHT).map((_, p) => COUNT_STEPS * (inSquare(i, p) ? 3 : 1)),
};

function inSquare(i: number, p: number): boolean {
  const [x, y] = [p % WIDTH, Math.floor(p / WIDTH) % HEIGHT];
  const [left, top] = [(7 * i) % 14, (5 * i) % 8];
  return x >= left && x < left + 8 && y >= top && y < top + 8;
}

const options = (name: string, more: Partial<CoverageOptions> = {}): CoverageOptions => ({
  config: CONFIG,
  samples: squares,
  width: WIDTH,
  height: HEIGHT,
  batch: 4,
  seed: 1,
  countWeight: 0.5,
  out: join(directory, name),
  resume: false,
  steps: 60,
  learningRate: 5e-3,
  warmup: 5,
  clip: 1,
  emaDecay: 0.9,
  accumulate: 1,
  saveEvery: 1000,
  reportEvery: 1,
  report: () => {},
  session: { threads: 1 },
  ...more,
});

describe("training a coverage network", () => {
  it("brings correlation and counts near those of masks that are easy to see", async () => {
    await trainCoverage(options("easy"));
    const lines = readFileSync(join(directory, "easy", "log.jsonl"), "utf8")
      .trim()
      .split("\n");
    const last = lines.slice(-5).map((line) => JSON.parse(line));
    for (const { correlation, count } of last) {
      expect(correlation).toBeLessThan(0.4);
      expect(count).toBeLessThan(0.6);
    }
  });

  it("goes on with the same numbers after a stop", async () => {
    await trainCoverage(options("halves", { steps: 3, warmup: 50 }));
    const half = await trainCoverage(options("halves", { steps: 6, warmup: 50, resume: true }));
    const same = await trainCoverage(options("same", { steps: 6, warmup: 50 }));
    expect(maxDifference(half.weights.flat, same.weights.flat)).toBe(0);
  });
});

describe("the loss", () => {
  const size = { batch: 2, width: WIDTH, height: HEIGHT };
  const pixels = WIDTH * HEIGHT;

  it("is 1 - r averaged over pictures, and the squared error of the counts", async () => {
    const { scope, parameters } = trainableScope();
    coverageLoss(scope, CONFIG, size, 1);
    const state = initialize(parameters(), 4);
    const { loss, reports } = coverageLoss(frozenScope(state), CONFIG, size, 0.25);
    const image = normals([2, 3, HEIGHT, WIDTH]);
    const counts = normals([2, 1, HEIGHT, WIDTH], 2).map((v) => 2 + v);
    const found = await runGraph({ loss, ...reports }, { image, counts });
    expect(found.loss[0]).toBeCloseTo(found.correlation[0] + 0.25 * found.count[0], 5);
    // A prediction that knows nothing of the counts.
    expect(Math.abs(1 - found.correlation[0])).toBeLessThan(0.2);
    expect(found.count[0]).toBeGreaterThan(0.5);
    expect(counts).toHaveLength(2 * pixels);
  });
});
