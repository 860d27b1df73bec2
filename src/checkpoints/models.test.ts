import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import { TINY } from "../networks/index.js";
import { findModel, loadModelWeights } from "./models.js";
import { writeSafetensors } from "./safetensors.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-models-"));
afterAll(() => rmSync(directory, { recursive: true }));

const description = {
  name: "mine",
  summary: "a model",
  licence: "MIT",
  network: "pixel-denoiser",
  config: TINY,
  schedule: { steps: 15, power: 0.3, kappa: 2, minNoiseLevel: 0.04, etasEnd: 0.99 },
  m: 0.2,
  weights: { student: "student.safetensors", teacher: "teacher.safetensors" },
};

let folder: string;
let count = 0;
beforeEach(() => {
  folder = join(directory, `model${count++}`);
  mkdirSync(folder);
});
const describeAs = (text: string) => writeFileSync(join(folder, "model.json"), text);

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (e) => e,
  );
  expect(error).toBeInstanceOf(SamsrError);
  return error.message;
}

describe("a model", () => {
  it("is found by its folder, and its weights by their part", async () => {
    describeAs(JSON.stringify(description));
    const weights = new Map([["w", { shape: [2], data: Float32Array.of(1, 2) }]]);
    const bytes = writeSafetensors(weights);
    writeFileSync(join(folder, "student.safetensors"), bytes);
    const model = await findModel(folder);
    expect(model).toEqual({ folder, description, bytes: bytes.length });
    expect(await loadModelWeights(model, "student")).toEqual(weights);
  });

  it("that is not there is an error with the names of those that are", async () => {
    const message = await messageOf(findModel("samsr-huge"));
    expect(message).toMatch(
      /^no model "samsr-huge": expected the name of an installed one \(.*\) or a folder/,
    );
    expect(await messageOf(findModel(folder))).toContain(`no model "${folder}"`);
  });

  it.each([
    ["{", "not JSON"],
    ["null", 'unknown network "undefined"'],
    ["[]", 'unknown network "undefined"'],
    [JSON.stringify({ ...description, network: "gan" }), 'unknown network "gan"'],
    [JSON.stringify({ ...description, schedule: undefined }), '"schedule" is missing'],
    [JSON.stringify({ ...description, weights: null }), '"weights.student" must be the name of a file'],
    [JSON.stringify({ ...description, weights: { student: 5 } }), '"weights.student" must be'],
    [
      JSON.stringify({ ...description, weights: { student: "a", teacher: "../b" } }),
      '"weights.teacher" must be',
    ],
  ])("with the description %s is refused", async (text, expected) => {
    describeAs(text);
    const message = await messageOf(findModel(folder));
    expect(message).toContain(join(folder, "model.json"));
    expect(message).toContain(expected);
  });

  it("without its weights, or with damaged ones, is named with the file", async () => {
    describeAs(JSON.stringify(description));
    const model = await findModel(folder);
    const path = join(folder, "teacher.safetensors");
    expect(model.bytes).toBe(0);
    expect(await messageOf(loadModelWeights(model, "teacher"))).toBe(
      `model mine: its file ${path} is missing; install it again`,
    );
    writeFileSync(path, "short");
    expect(await messageOf(loadModelWeights(model, "teacher"))).toContain(
      `${path}: not a whole safetensors file`,
    );
  });
});
