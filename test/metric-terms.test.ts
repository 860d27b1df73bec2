/** LPIPS and DISTS as terms of the student's loss: their slopes, and the weights that they ask for. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../src/checkpoints/index.js";
import { metricFilePath, metricsFolder } from "../src/checkpoints/store/metric-files.js";
import type { SwinUNetConfig } from "../src/networks/index.js";
import { dists } from "../src/networks/metrics/dists.js";
import { lpips } from "../src/networks/metrics/lpips.js";
import { frozenScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { metricTerms } from "../src/train/run/metric-terms.js";
import { TERMS, type TermState } from "../src/train/terms/index.js";
import { worstRelativeError } from "./central-differences.js";
import { ruleWeights } from "./fixtures/metrics.js";
import { normals, runGraph } from "./run-graph.js";
import { hasShared } from "./shared.js";

const home = mkdtempSync(join(tmpdir(), "samsr-metric-terms-"));
const before = process.env.SAMSR_HOME;
beforeAll(() => {
  process.env.SAMSR_HOME = home;
  mkdirSync(metricsFolder(), { recursive: true });
});
afterAll(() => {
  if (before === undefined) delete process.env.SAMSR_HOME;
  else process.env.SAMSR_HOME = before;
  rmSync(home, { recursive: true });
});

const SHAPE = [1, 3, 36, 40];
/** Pictures like photos in what counts here: no two pixels alike. */
const picture = (seed: number) => normals(SHAPE, seed).map((v) => 0.5 + 0.15 * v);

describe.skipIf(!hasShared)("slopes against central differences", () => {
  const original = o.constant(picture(1), SHAPE);
  const values = [picture(2)];

  it.each(["squeeze", "alex"] as const)("of LPIPS by %s", async (name) => {
    const network = { squeeze: "squeezenet1_1-features", alex: "alexnet-features" }[name];
    const backbone = frozenScope(await ruleWeights(network));
    const heads = frozenScope(await ruleWeights(`lpips-${name}-lins`), "heads.");
    const score = (x: o.Value) => lpips(name, { backbone, heads }, x, original);
    expect(await worstRelativeError(score, [SHAPE], { values, step: 1e-3 })).toBeLessThan(5e-3);
  });

  it("of DISTS", async () => {
    const backbone = frozenScope(await ruleWeights("vgg16-features"));
    const weights = frozenScope(await ruleWeights("dists"), "weights.");
    const score = (x: o.Value) => dists({ backbone, weights }, x, original).distance;
    expect(await worstRelativeError(score, [SHAPE], { values, step: 1e-3, directions: 2 })).toBeLessThan(
      5e-3,
    );
  });
});

describe.skipIf(!hasShared)("terms", () => {
  const state = (x0Hat: o.Value, x0: o.Value, extras: TermState["extras"]): TermState => {
    const flat = o.constant(new Float32Array(o.sizeOf(SHAPE)), SHAPE);
    return { x0, x0Hat, y: flat, lq: flat, image: (x) => x, config: {} as SwinUNetConfig, extras };
  };

  it("are the metric of the pictures, by weights that are installed, and say which are not", async () => {
    const weights = { lpips: 1, dists: 0 };
    await expect(metricTerms(weights, "squeeze")).rejects.toThrow(
      /the term lpips needs the weights squeezenet1_1, .*run "samsr metrics pull squeezenet1_1"/,
    );
    expect(await metricTerms({ lpips: 0, dists: 0 }, "squeeze")).toEqual({});
    const [backbone, heads] = [
      await ruleWeights("squeezenet1_1-features"),
      await ruleWeights("lpips-squeeze-lins"),
    ];
    writeFileSync(metricFilePath("squeezenet1_1"), writeSafetensors(backbone));
    writeFileSync(metricFilePath("lpips-squeeze"), writeSafetensors(heads));
    const extras = await metricTerms(weights, "squeeze");
    const [x0Hat, x0] = ["a", "b"].map((name) => o.input(name, SHAPE));
    const loss = TERMS.lpips.loss(state(x0Hat, x0, extras));
    const unit = (x: o.Value) => o.add(o.mul(x, 0.5), 0.5);
    const scopes = { backbone: frozenScope(backbone), heads: frozenScope(heads, "h.") };
    const expected = lpips("squeeze", scopes, unit(x0Hat), unit(x0));
    const [slope, none] = o.gradients(loss, [x0Hat, x0]);
    const feeds = { a: picture(3).map((v) => 2 * v - 1), b: picture(4).map((v) => 2 * v - 1) };
    const result = await runGraph({ loss, expected, slope, none }, feeds);
    expect(result.loss[0]).toBeGreaterThan(0.01);
    expect(result.loss[0]).toBeCloseTo(result.expected[0], 6);
    expect(Math.max(...result.slope.map(Math.abs))).toBeGreaterThan(0);
    // The original teaches, and is not taught.
    expect(result.none.every((v) => v === 0)).toBe(true);
    expect(() => TERMS.dists.loss(state(x0Hat, x0, {}))).toThrow(/the term dists has a weight but not/);
  });
});
