/** The student's terms against the original by absolute error and structure: their graph and their sum. */
import { describe, expect, it } from "vitest";
import { exponentialSchedule } from "../src/diffusion/index.js";
import { trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { charbonnier } from "../src/train/charbonnier.js";
import { type StudentWeights, studentLoss } from "../src/train/student.js";
import { structureLoss } from "../src/train/terms/structure.js";
import { CONFIG } from "./fixtures/training.js";
import { normals, runGraph } from "./run-graph.js";

describe("the student's loss with further terms", () => {
  const shape = { batch: 2, side: 8, distilled: 1 };
  const schedule = exponentialSchedule();
  const build = (more: Partial<StudentWeights>) => {
    const { scope, parameters } = trainableScope();
    const terms = { distill: 0, inverse: 0, gt: 0, fidelity: 1, ...more };
    const result = studentLoss(scope, CONFIG, shape, terms, { schedule });
    const slopes = o.gradients(
      result.loss,
      parameters().map(({ value }) => value),
    );
    return { ...result, parameters, slopes };
  };
  const nodes = ({ loss, slopes }: ReturnType<typeof build>) =>
    o.toModel({ loss, ...Object.fromEntries(slopes.map((slope, i) => [`d${i}`, slope])) }).nodes;

  it("has as many nodes, gradients and all, at weight 0 as without the terms", () => {
    const plain = nodes(build({}));
    expect(nodes(build({ structure: 0, absolute: 0 }))).toBe(plain);
    expect(nodes(build({ structure: 1 }))).toBeGreaterThan(plain + 20);
    expect(nodes(build({ absolute: 1 }))).toBeGreaterThan(plain + 5);
  });

  it("adds them up by their weights: the pictures' structure, and the smooth absolute error of latents", async () => {
    const { loss, reports, x0Hat, parameters } = build({ structure: 0.3, absolute: 0.7 });
    expect(Object.keys(reports).sort()).toEqual(["absolute", "fidelity", "structure"]);
    const feeds: Record<string, Float32Array> = {
      hr: normals([2, 3, 32, 32], 1),
      lq: normals([2, 3, 8, 8], 2),
      xT: normals([2, 48, 8, 8], 3),
    };
    parameters().forEach(({ name, value }, i) => {
      feeds[name] = normals(value.shape, 10 + i).map((v) => 0.1 * v);
    });
    const hr = o.input("hr", [2, 3, 32, 32]);
    const structure = structureLoss(o.depthToSpace(x0Hat, 4), hr);
    const absolute = charbonnier(x0Hat, o.spaceToDepth(hr, 4));
    const terms = { fidelity: reports.fidelity, structure: reports.structure, absolute: reports.absolute };
    const result = await runGraph(
      { loss, ...terms, expectedStructure: structure, expectedAbsolute: absolute },
      feeds,
    );
    expect(result.structure[0]).toBeGreaterThan(0.1);
    expect(result.absolute[0]).toBeGreaterThan(0.1);
    expect(result.structure[0]).toBeCloseTo(result.expectedStructure[0], 6);
    expect(result.absolute[0]).toBeCloseTo(result.expectedAbsolute[0], 6);
    const sum = result.fidelity[0] + 0.3 * result.structure[0] + 0.7 * result.absolute[0];
    expect(result.loss[0] / sum).toBeCloseTo(1, 5);
  });
});
