/** One way from file to file: what the command writes and what the library makes are the same bytes. */
import { readdirSync, readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import {
  createUpscaler,
  decode,
  type Picture,
  type Progress,
  type UpscaleOptions,
  type Upscaler,
  upscale,
  upscaleToFile,
} from "samsr";
import { afterAll, beforeAll, expect, it } from "vitest";
import { deepDrawing, drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import { writeSmallModel } from "./fixtures/small-model.js";

const folder = temporaryFolder();
const { path } = folder;
const model = writeSmallModel();
let upscaler: Upscaler;
beforeAll(async () => {
  upscaler = await createUpscaler({ model, threads: 1 });
  await drawing({ alpha: true }).withIccProfile("p3").png().toFile(path("in", "alpha.png"));
  await drawing()
    .jpeg()
    .keepMetadata()
    .withMetadata({ orientation: 6, density: 300 })
    .toFile(path("in", "turned.jpg"));
  await deepDrawing().tiff().toFile(path("in", "deep.tif"));
  await drawing().png().toFile(path("masks", "map.png"));
});
afterAll(async () => {
  await upscaler.close();
  folder.remove();
});

const cases: [name: string, out: string, words: string[], options: UpscaleOptions][] = [
  ["alpha.png", "alpha.png", [], {}],
  [
    "turned.jpg",
    "turned.webp",
    ["--seed", "7", "--scale", "2.5", "--quality", "50", "--variant", "release"],
    { seed: 7, scale: 2.5, quality: 50, variant: "release", format: "webp" },
  ],
  [
    "deep.tif",
    "deep.tif",
    ["--masks", path("masks", "map.png"), "--tile", "32", "--overlap", "8", "--eta-scale", "0.5"],
    { masks: { files: path("masks", "map.png") }, tile: 32, overlap: 8, etaScale: 0.5 },
  ],
];

it.each(cases)("of %s to %s", async (name, out, words, options) => {
  const [input, output] = [path("in", name), path("out", out)];
  const done = await samsr(["upscale", input, "-o", output, "--model", model, "--threads", "1", ...words]);
  expect([done.stderr, done.code]).toEqual(["", 0]);
  const written = readFileSync(output);

  const { data, info } = await upscale(input, { ...options, upscaler });
  expect(Buffer.compare(data, written)).toBe(0);
  expect(info.coverage.maximum).toBeGreaterThan(0);
  // From bytes, an address and decoded pixels too, and straight into a file.
  const fromBytes = await upscale(new Uint8Array(readFileSync(input)).buffer, { ...options, upscaler });
  expect(Buffer.compare(fromBytes.data, written)).toBe(0);
  const fromPixels = await upscale(await decode(input), { ...options, upscaler });
  expect(Buffer.compare(fromPixels.data, written)).toBe(0);
  await upscaleToFile(pathToFileURL(input), path("library", "new", out), { ...options, upscaler });
  expect(Buffer.compare(readFileSync(path("library", "new", out)), written)).toBe(0);
});

it("through pipes", async () => {
  const input = readFileSync(path("in", "alpha.png"));
  const words = ["upscale", "-", "-o", "-", "--model", model, "--threads", "1", "--masks", "none"];
  const { stdout, code } = await samsr(words, { input });
  expect(code).toBe(0);
  const { data } = await upscale(input, { masks: "none", upscaler });
  expect(Buffer.compare(data, stdout)).toBe(0);
});

it("writes a PNG while it is made, which leaves nothing when it is given up or fails", async () => {
  const output = path("given-up", "large.png");
  const input = {
    raster: { width: 40, height: 200, channels: 3, data: new Uint8Array(24_000) },
    warnings: [],
  };
  const picture = { ...input, metadata: { format: "png" } } as unknown as Picture;
  const options = { upscaler, masks: "none", tile: 32, overlap: 0 } as const;
  for (const by of ["a signal", "what is told"]) {
    const controller = new AbortController();
    let during: string[] = [];
    const onProgress = ({ stage, done }: Progress) => {
      if (stage !== "tiles" || done !== 10 || during.length > 0) return;
      during = readdirSync(path("given-up"));
      if (by === "a signal") controller.abort(new Error("enough"));
      else throw new Error("enough");
    };
    const writing = upscaleToFile(picture, output, { ...options, signal: controller.signal, onProgress });
    await expect(writing).rejects.toThrow("enough");
    expect(during).toEqual([expect.stringMatching(/^\.samsr-.*\.tmp$/)]);
    expect(readdirSync(path("given-up"))).toEqual([]);
  }
  const { width, height } = await upscaleToFile(picture, output, options);
  expect([width, height]).toEqual([160, 800]);
  expect((await decode(output)).raster).toMatchObject({ width, height });
});

it("refuses a file that exists before any work, and replaces it when told to", async () => {
  const output = path("out", "twice.png");
  const stages: string[] = [];
  const onProgress = ({ stage }: { stage: string }) => stages.push(stage);
  await upscaleToFile(path("in", "alpha.png"), output, { upscaler, masks: "none" });
  const first = readFileSync(output);
  const again = () => upscaleToFile(path("in", "alpha.png"), output, { upscaler, seed: 1, onProgress });
  await expect(again()).rejects.toThrow(/twice.png exists already/);
  expect(stages).toEqual([]);
  const { width, format } = await upscaleToFile(path("in", "alpha.png"), output, {
    ...{ upscaler, seed: 1, overwrite: true },
  });
  expect([width, format]).toEqual([192, "png"]);
  expect(Buffer.compare(readFileSync(output), first)).not.toBe(0);
});
