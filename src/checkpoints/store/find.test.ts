import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { SamsrError } from "../../base/errors.js";
import { TINY } from "../../networks/index.js";
import { writeSafetensors } from "../safetensors.js";
import { findModel } from "./find.js";
import { loadModelWeights } from "./weights.js";

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

/** The description as JSON, with another value at this place. */
function having(place: string, value: unknown): string {
  const changed = structuredClone(description);
  const keys = place.split(".");
  // biome-ignore lint/suspicious/noExplicitAny: any place of a JSON document
  const inner = keys.slice(0, -1).reduce((object: any, key) => object[key], changed);
  inner[keys.at(-1)!] = value;
  return JSON.stringify(changed);
}

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
    expect(model).toEqual({
      folder,
      place: "folder",
      description,
      bytes: bytes.length,
      missing: ["teacher.safetensors"],
    });
    expect(await loadModelWeights(model, "student")).toEqual(weights);
  });

  it("that is not there is an error with the names of those that are", async () => {
    const message = await messageOf(findModel("samsr-huge"));
    expect(message).toMatch(
      /^no model "samsr-huge": expected the name of an installed one \(.*\), a folder with/,
    );
    expect(await messageOf(findModel(folder))).toContain(`no model "${folder}"`);
  });

  it.each([
    ["{", "not JSON"],
    ["null", 'unknown network ""'],
    ["[]", 'unknown network ""'],
    [JSON.stringify({ ...description, network: "gan" }), 'unknown network "gan"'],
    [JSON.stringify({ ...description, schedule: undefined }), '"schedule" is missing'],
    [JSON.stringify({ ...description, weights: null }), '"weights" must be an object, not null'],
    [
      JSON.stringify({ ...description, weights: { student: 5 } }),
      '"weights.student" must be the name of a file',
    ],
    [having("config.modelChannels", 0), '"config.modelChannels" must be a whole number from 1'],
    [having("config.swin.window", 7.5), '"config.swin.window" must be a whole number'],
    [having("config.swin.masking", "none"), '"config.swin.masking" must be "neighbours" or "published"'],
    [having("config.attentionResolutions", "32"), '"config.attentionResolutions" must be a list'],
    [having("config.channelMult", [1, 2]), '"config.resBlocks" has 3 levels, "config.channelMult" 2'],
    [having("schedule.kappa", null), '"schedule.kappa" must be a number'],
    [having("schedule.steps", 1e9), '"schedule.steps" must be a whole number from 1 to 10000'],
    [having("m", 1), '"m" must be a number from 0 to 0.999, not 1'],
    [having("licence", " "), '"licence" must be a text'],
    [having("network", "latent-denoiser"), '"autoencoder" is missing'],
    [having("network", "toString"), 'unknown network "toString"'],
    [
      JSON.stringify({ ...description, weights: { student: "a", teacher: "../b" } }),
      '"weights.teacher" must be',
    ],
    [having("weights.student", "../../etc/passwd"), '"weights.student" must be'],
    [having("weights.student", "/etc/passwd"), '"weights.student" must be'],
    [having("weights.student", "C:\\\\a"), '"weights.student" must be'],
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
    expect(await messageOf(loadModelWeights(model, "denoiser"))).toBe(
      "model mine: it has no denoiser, only student and teacher",
    );
    expect(await messageOf(loadModelWeights(model, "teacher"))).toBe(
      `model mine: its file ${path} is missing; install it again`,
    );
    writeFileSync(path, "short");
    expect(await messageOf(loadModelWeights(model, "teacher"))).toContain(
      `${path}: not a whole safetensors file`,
    );
  });
});
