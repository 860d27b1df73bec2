/** One way from file to file: what the command writes and what the library makes are the same bytes. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { createUpscaler, decode, type UpscaleOptions, type Upscaler, upscale, upscaleToFile } from "samsr";
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
