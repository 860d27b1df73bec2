/** Large pictures, which walk in a thread beside that of their networks. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createUpscaler, type Raster, SamsrError, type Upscaler } from "samsr";
import { afterAll, beforeAll, expect, it } from "vitest";
import { writeSafetensors } from "../src/checkpoints/index.js";
import { enlarge } from "../src/upscale/enlarge.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { runnerHere } from "../src/upscale/runner.js";
import { createSessions, type Sessions } from "../src/upscale/sessions.js";
import { resolveSettings, type UpscaleSettings } from "../src/upscale/settings.js";
import { photoLike } from "./fixtures/pictures.js";
import { smallDescription, smallWeights, tinyNetwork, writeSmallModel } from "./fixtures/small-model.js";

const kind = kindOf({ ...smallDescription, config: tinyNetwork });
const photo = photoLike(130, 40);
const weightsOf = (part: string) => smallWeights(part === "student" ? 1 : 2, undefined, tinyNetwork);
let folder: string;
let upscaler: Upscaler;
let sessions: Sessions;
beforeAll(async () => {
  folder = writeSmallModel(tinyNetwork);
  upscaler = await createUpscaler({ model: folder, device: "cpu", threads: 1, cache: false });
  const weights = async (part: string) => ({ tensors: weightsOf(part) });
  sessions = createSessions({ name: "small", kind }, weights, { device: "cpu", threads: 1 });
});
afterAll(async () => {
  await upscaler.close();
  await sessions.release();
  rmSync(folder, { recursive: true });
});

/** Adds an alpha that is 0 at the left, 255 at the right, and rises between them. */
function withAlpha({ width, height, data }: Raster): Raster {
  const alpha = (x: number) => Math.min(255, Math.max(0, 8 * (x - width / 2)));
  const all = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
    i % 4 === 3 ? alpha((i >> 2) % width) : data[3 * (i >> 2) + (i % 4)],
  );
  return { width, height, channels: 4, data: all };
}

it.each([
  ["one step", photo, {}],
  ["one step, with alpha", withAlpha(photo), { seed: 3 }],
  ["a chain", photo, { method: "resshift", steps: 2 }],
] as const)("are what they are in one thread, to the bit: %s", async (_, raster, more: UpscaleSettings) => {
  const settings = { ...more, tile: 32, overlap: 4 };
  const idle = { progress: () => {}, cancelled: () => false, checkpoint: async () => {} };
  const resolved = resolveSettings(settings, raster, kind);
  const here = await enlarge(raster, resolved, runnerHere(sessions), "cpu", idle);
  const tiles: number[] = [];
  const beside = await upscaler.upscale(raster, settings, {
    onProgress: ({ stage, done }) => void (stage === "tiles" && tiles.push(done)),
  });
  expect(beside.info.tiles).toBeGreaterThan(7);
  expect(tiles).toEqual(Array.from({ length: beside.info.tiles + 1 }, (_, i) => i));
  expect(Buffer.compare(beside.raster.data as Uint8Array, here.raster.data as Uint8Array)).toBe(0);
});

it("end with what takes their rows, and the next one is done", async () => {
  const full = new Error("the disk is full");
  const rows = upscaler.upscaleInRows(photo, { tile: 32, overlap: 4 }, () => Promise.reject(full));
  await expect(rows).rejects.toBe(full);
  expect((await upscaler.upscale(photo, { tile: 32, overlap: 4 })).raster.width).toBe(4 * photo.width);
});

it("say of a broken model what small ones say", async () => {
  const model = writeSmallModel(tinyNetwork);
  writeFileSync(
    join(model, "student.safetensors"),
    writeSafetensors(smallWeights(1, Number.NaN, tinyNetwork)),
  );
  const broken = await createUpscaler({ model, device: "cpu", threads: 1, cache: false });
  const job = broken.upscale(photo, { tile: 32, overlap: 4 });
  await expect(job).rejects.toThrow(/^the model small makes pixels that are not finite numbers/);
  await expect(job).rejects.toBeInstanceOf(SamsrError);
  await broken.close();
  rmSync(model, { recursive: true });
});
