/** What a caller without types may hand to the public functions: each refusal is a SamsrError of one line. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  createRaster,
  createUpscaler,
  decode,
  encode,
  encodeToFile,
  findModel,
  SamsrError,
  type Upscaler,
  upscale,
  upscaleToFile,
} from "samsr";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drawing } from "./fixtures/cli.js";
import { writeSmallModel } from "./fixtures/small-model.js";

// biome-ignore lint/suspicious/noExplicitAny: that is what is tested
type Any = any;

const folder = mkdtempSync(join(tmpdir(), "samsr-arguments-"));
const model = writeSmallModel();
const raster = createRaster(8, 8, 3);
let png: Buffer;
let upscaler: Upscaler;
beforeAll(async () => {
  png = await drawing({ width: 16, height: 16 }).png().toBuffer();
  writeFileSync(join(folder, "in.png"), png);
  upscaler = await createUpscaler({ model, threads: 1 });
}, 60_000);
afterAll(async () => {
  await upscaler.close();
  rmSync(folder, { recursive: true });
  rmSync(model, { recursive: true });
});

const with_ = (options: object): Any => ({ upscaler, ...options });
const refusals: [what: string, call: () => unknown, message: RegExp][] = [
  ["no input", () => upscale(undefined as Any), /a picture is a path, a file: URL, .* not undefined/],
  ["null", () => upscale(null as Any), /not null/],
  ["a number", () => upscale(7 as Any), /not 7/],
  ["an object", () => upscale({} as Any), /not \{\}/],
  ["a web address", () => upscale(new URL("https://x.org/a.png")), /not the URL of a file; fetch it/],
  ["no options", () => upscale(png, null as Any), /upscale: options must be an object, not null/],
  ["a misspelt option", () => upscale(png, with_({ sclae: 2 })), /unknown option "sclae"; there are .*scale/],
  ["a text for a number", () => upscale(png, with_({ seed: "7" })), /"seed" must be a number, not "7"/],
  [
    "a word for a function",
    () => upscale(png, with_({ onProgress: "log" })),
    /"onProgress" must be a function/,
  ],
  ["no signal", () => upscale(png, with_({ signal: {} })), /"signal" must be an AbortSignal, not \{\}/],
  ["masks of null", () => upscale(png, with_({ masks: null })), /"masks" must not be null/],
  ["masks of a number", () => upscale(png, with_({ masks: 3 })), /masks must be/],
  ["files of no path", () => upscale(png, with_({ masks: { files: 3 } })), /masks.files must be a text/],
  ["no path", () => upscaleToFile(png, undefined as Any, with_({})), /path of the result must be a text/],
  ["a model of nothing", () => createUpscaler({ model: null as Any }), /"model" must not be null/],
  ["a model that is a number", () => createUpscaler({ model: 4 as Any }), /a model's name must be a text/],
  ["threads of text", () => createUpscaler({ threads: "2" as Any }), /"threads" must be a number, not "2"/],
  ["no raster", () => upscaler.upscale(null as Any), /a raster is an object .* not null/],
  ["bytes for a raster", () => upscaler.upscale(png as Any), /there is no raster of undefined/],
  ["floats", () => upscaler.upscale({ ...raster, data: new Float32Array(192) as Any }), /not a Float32Array/],
  ["settings of null", () => upscaler.upscale(raster, null as Any), /options must be an object, not null/],
  ["an unknown setting", () => upscaler.upscale(raster, { tilse: 3 } as Any), /unknown option "tilse"/],
  [
    "an unknown option",
    () => upscaler.upscale(raster, {}, { progress() {} } as Any),
    /unknown option "progress"/,
  ],
  ["nothing to decode", () => decode(null as Any), /not null/],
  ["an unknown way to decode", () => decode(png, { limit: 3 } as Any), /decode: unknown option "limit"/],
  ["no raster to encode", () => encode(undefined as Any, { format: "png" }), /not undefined/],
  ["no format", () => encode(raster, {} as Any), /format/],
  ["no way to encode", () => encode(raster, undefined as Any), /options must be an object/],
  ["a way to write nowhere", () => encodeToFile(raster, 3 as Any, { format: "png" }), /must be a text/],
  ["half a pixel", () => createRaster(1.5, 2, 3), /there is no raster of 1.5 x 2/],
  ["5 channels", () => createRaster(1, 2, 5 as Any), /5 channels/],
  ["no model's name", () => findModel(undefined as Any), /must be a text/],
];

it.each(refusals)("%s is refused", async (_, call, message) => {
  const error = await (async () => call())().then(
    () => undefined,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(SamsrError);
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("\n");
});

it("takes the URL of a file and an ArrayBuffer", async () => {
  const fromUrl = await decode(pathToFileURL(join(folder, "in.png")));
  const { buffer, byteOffset, length } = png;
  const fromBuffer = await decode(buffer.slice(byteOffset, byteOffset + length) as ArrayBuffer);
  expect(fromBuffer.raster).toEqual(fromUrl.raster);
  const written = pathToFileURL(join(folder, "out.png"));
  await upscaleToFile(pathToFileURL(join(folder, "in.png")), written, { upscaler, masks: "none" });
  expect((await decode(written)).raster.width).toBe(64);
});

it("gives up when onProgress throws, at once or later, and the upscaler lives on", async () => {
  const failing = (error: Error, late: boolean) => () => {
    if (!late) throw error;
    return Promise.reject(error);
  };
  for (const late of [false, true]) {
    const error = new Error(late ? "late" : "now");
    const options = { onProgress: failing(error, late) };
    await expect(upscaler.upscale(raster, {}, options)).rejects.toBe(error);
    await expect(upscale(png, { upscaler, ...options })).rejects.toBe(error);
  }
  expect((await upscaler.upscale(raster)).raster.width).toBe(32);
});

it("keeps the process alive when onProgress throws", () => {
  const program = `
    const onProgress = () => { throw new Error("mine"); };
    import("samsr").then(({ upscale }) => upscale(${JSON.stringify(join(folder, "in.png"))}, { model: ${JSON.stringify(model)}, onProgress }))
      .catch((error) => console.log("caught", error.message));`;
  const root = fileURLToPath(new URL("..", import.meta.url));
  const { stdout, status } = spawnSync(process.execPath, ["-e", program], {
    cwd: root,
  });
  expect([stdout.toString().trim(), status]).toEqual(["caught mine", 0]);
}, 60_000);
