import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { blendWeights, readSafetensors, writeSafetensors } from "../src/checkpoints/index.js";
import { findModel, type InstalledModel } from "../src/checkpoints/store/index.js";
import type { StateDict } from "../src/nn/index.js";
import { bundleModel } from "../src/train/bundle.js";
import { enlarge } from "../src/upscale/enlarge.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { findPart, findUpscalingModel, loadWeights } from "../src/upscale/model.js";
import { runnerHere } from "../src/upscale/runner.js";
import { createSessions, type Sessions } from "../src/upscale/sessions.js";
import { resolveSettings, type UpscaleSettings } from "../src/upscale/settings.js";
import { photoLike } from "./fixtures/pictures.js";
import { smallDescription, smallWeights } from "./fixtures/small-model.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-detail-"));
afterAll(() => rmSync(folder, { recursive: true }));

const ends = { student: smallWeights(1), teacher: smallWeights(2), sharp: smallWeights(3) };
const path = (part: string) => join(folder, `${part}.weights.safetensors`);
const { config, schedule, m } = smallDescription;

let model: InstalledModel;
let sessions: Sessions;
beforeAll(async () => {
  for (const [part, tensors] of Object.entries(ends)) writeFileSync(path(part), writeSafetensors(tensors));
  const paths = { student: path("student"), teacher: path("teacher"), sharp: path("sharp") };
  const told = { config, training: { schedule, m } };
  await bundleModel("two-ends", paths, join(folder, "two-ends"), { told, detail: 0.25 });
  model = await findModel(join(folder, "two-ends"));
  const kind = kindOf((await findUpscalingModel(join(folder, "two-ends"))).description);
  const weights = (part: string, detail?: number) => findPart(model, part, detail);
  sessions = createSessions({ name: "two-ends", kind }, weights, { device: "cpu", threads: 1 });
});
afterAll(() => sessions?.release());

const picture = photoLike(16, 16);
const idle = { progress: () => {}, cancelled: () => false, checkpoint: async () => {} };
const run = (own: Sessions, settings: UpscaleSettings) =>
  enlarge(picture, resolveSettings(settings, picture, own.kind), runnerHere(own), "cpu", idle);

/** By a model of one end. */
async function byOneEnd(student: StateDict) {
  const kind = kindOf(smallDescription);
  const weights = async (part: string) => ({ tensors: part === "student" ? student : ends.teacher });
  const own = createSessions({ name: "one-end", kind }, weights, { device: "cpu", threads: 1 });
  const { raster } = await run(own, {});
  await own.release();
  return raster.data;
}

/** As they are kept, at half precision. */
const kept = (name: string, tensors: StateDict) => ({
  name,
  tensors: readSafetensors(writeSafetensors(tensors, { precision: "float16" }), name).tensors,
});
const ofEnds = ["student", "sharp"].map((name) => ({ name, tensors: ends[name as "student" | "sharp"] }));
const standing = kept("student", blendWeights(ofEnds[0], ofEnds[1], 0.25));
const sharp = kept("sharp", ends.sharp);
/** On the line through what is kept; 0 lies before the student. */
const between = (detail: number) => blendWeights(standing, sharp, (detail - 0.25) / (1 - 0.25));

describe("a model with a sharp end", () => {
  it("is bundled at the detail that stands, and its 0 is the student that it was made of", async () => {
    const zero = await loadWeights(model, "student", 0);
    for (const [name, { data }] of ends.student) {
      const most = zero.get(name)!.data.reduce((most, v, i) => Math.max(most, Math.abs(v - data[i])), 0);
      expect(most, name).toBeLessThan(2e-3);
    }
    expect(model.description).toMatchObject({ detail: 0.25, weights: { sharp: "sharp.safetensors" } });
    expect(model.missing).toEqual([]);
  });

  it.each([0, 0.25, 0.6, 1])("runs at detail %s the weights that lie there", async (detail) => {
    const { raster, info } = await run(sessions, { detail });
    expect(info.detail).toBe(detail);
    expect(raster.data).toEqual(await byOneEnd(between(detail)));
  });

  it("has them by themselves too, for a graph of one file", async () => {
    const [half, asKept] = [await loadWeights(model, "student", 0.5), between(0.5)];
    for (const [name, { data }] of asKept)
      expect(Buffer.from(half.get(name)!.data.buffer).equals(Buffer.from(data.buffer))).toBe(true);
  });

  it.each<[UpscaleSettings, RegExp]>([
    [{ detail: -0.1 }, /detail must be from 0 to 1, not -0\.1/],
    [{ detail: Number.NaN }, /detail must be from 0 to 1, not NaN/],
    [{ detail: 0.5, method: "resshift" }, /detail goes with the single step of samsr and sinsr/],
  ])("refuses %o", (settings, message) => {
    expect(() => resolveSettings(settings, picture, sessions.kind)).toThrow(message);
  });

  it("knows nothing of it in a chain of steps", () => {
    expect(resolveSettings({ method: "resshift" }, picture, sessions.kind).detail).toBeUndefined();
  });
});

it("refuses detail for a model without a sharp end, and two ends that are not of one network", async () => {
  expect(() => resolveSettings({ detail: 0.5 }, picture, kindOf(smallDescription))).toThrow(
    /one detail alone/,
  );
  const other = new Map([["w", { shape: [1], data: Float32Array.of(1) }]]);
  writeFileSync(path("other"), writeSafetensors(other));
  const paths = { student: path("student"), teacher: path("teacher"), sharp: path("other") };
  const out = join(folder, "unlike");
  await expect(bundleModel("unlike", paths, out)).rejects.toThrow(/holds no network that samsr knows/);
  await expect(findModel(out)).rejects.toThrow(/no model/);
});
