/**
 * Files as models of `upscale`, without the store: what they make, and what is said of those that are none.
 */
import { writeFileSync } from "node:fs";
import { InferenceSession } from "onnxruntime-node";
import { type UpscaleOptions, upscale } from "samsr";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint } from "../src/checkpoints/index.js";
import { samsr, temporaryFolder } from "./fixtures/cli.js";
import { bin, param } from "./fixtures/ncnn.js";
import { photoLike } from "./fixtures/pictures.js";
import { hasShared, maxDifference, readSafetensors, sharedPath, type TestTensor } from "./shared.js";

const { path, remove } = temporaryFolder();
afterAll(remove);
const env = { SAMSR_HOME: path("home") };
const run = (...words: string[]) => samsr(words, { env });

/** A tensor [1, 3, h, w] from 0 to 1 as a PNG of 16 bits. */
async function pngOf({ shape, data }: TestTensor): Promise<Uint8Array> {
  const [, , height, width] = shape;
  const plane = width * height;
  const levels = Uint16Array.from({ length: 3 * plane }, (_, i) =>
    Math.round(65535 * Number(data[(i % 3) * plane + Math.floor(i / 3)])),
  );
  const raw = { width, height, channels: 3 } as const;
  return sharp(levels, { raw }).toColourspace("rgb16").png().toBuffer();
}

/** The result of an upscale, in planes from 0 to 1. */
async function enlarged(picture: Uint8Array, options: UpscaleOptions): Promise<Float32Array> {
  const { data } = await upscale(picture, { device: "cpu", threads: 1, format: "png", ...options });
  const { data: raw, info } = await sharp(data).toColourspace("rgb16").raw({ depth: "ushort" }).toBuffer({
    resolveWithObject: true,
  });
  const levels = new Uint16Array(Uint8Array.from(raw).buffer);
  const plane = info.width * info.height;
  return Float32Array.from(levels, (_, i) => levels[3 * (i % plane) + Math.floor(i / plane)] / 65535);
}

describe.skipIf(!hasShared).each(["formats-rrdb", "formats-srvgg"])("%s", (fixture) => {
  const at = (file: string) => sharedPath("reference", fixture, file);

  it.each([
    ["checkpoint.pth", ""],
    ["ncnn-f32.bin", ""],
    ["fixed.onnx", ""],
    ["dynamic.onnx", ""],
    ["dynamic.onnx", "_other_size"],
  ])("%s makes a picture what it should be%s", async (file, size) => {
    const { tensors } = readSafetensors(at("io.safetensors"));
    const due = Float32Array.from(tensors.get(`y${size}`)!.data as Float32Array, (v) =>
      Math.min(1, Math.max(0, v)),
    );
    const made = await enlarged(await pngOf(tensors.get(`x${size}`)!), { model: at(file) });
    expect(maxDifference(made, due)).toBeLessThan(1e-4);
  });
});

describe("a network of ncnn's that is known by none of its layers", () => {
  // The large picture is made smaller again, as in the published x2 and x3 of an x4 network.
  const other = param((lines) => [
    ...lines.slice(0, -1),
    "BinaryOp sum 2 1 6 7 8 0=0",
    "Interp less 1 1 8 output 0=3 1=0.5 2=0.5",
  ]);
  const { width, height, data } = photoLike(20, 14);
  let picture: Uint8Array;
  beforeAll(async () => {
    for (const [name, text] of Object.entries({ known: param(), other })) {
      writeFileSync(path(`${name}.param`), text);
      writeFileSync(path(`${name}.bin`), bin(true));
    }
    picture = await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer();
  });

  it("is a model all the same, from its file and from the store", async () => {
    const large = await enlarged(picture, { model: path("known.param") });
    const made = await enlarged(picture, { model: path("other.param") });
    expect(made.length * 4).toBe(large.length);
    const added = await run("models", "add", path("other.bin"), "--json");
    expect(added.stderr).toBe("");
    expect(JSON.parse(added.stdout.toString())).toMatchObject({
      name: "other",
      network: "onnx",
      config: { scale: 1, multiple: 1, input: { layout: "NCHW", range: "0..1", colours: "RGB" } },
    });
    const shown = await run("models", "show", "other");
    expect(shown.code).toBe(0);
    expect(shown.stdout.toString()).toMatch(/sizes: +x1: in RGB from 0 to 1, NCHW, float32, any size/);
  });

  it("is converted as it is", async () => {
    const { stderr, stdout } = await run("convert", path("other.param"), "-o", path("other.onnx"));
    expect(stderr).toBe("");
    expect(stdout.toString()).toMatch(/other\.onnx: the layers of .*other\.param, lq -> hr, float32\n$/);
    const session = await InferenceSession.create(path("other.onnx"));
    expect(session.inputNames).toEqual(["lq"]);
    await session.release();
    const again = await run("convert", path("other.onnx"), "-o", path("again.onnx"));
    expect(again.stderr).toMatch(/other\.onnx: it is an ONNX file already\n$/);
  });

  it("says which layer is not read", async () => {
    writeFileSync(
      path("odd.param"),
      param((lines) => lines.map((line) => line.replace(/^PReLU p1/, "Softmax p1"))),
    );
    writeFileSync(path("odd.bin"), bin(true).subarray(0, -16));
    const { stderr } = await run("models", "add", path("odd.param"));
    expect(stderr).toMatch(/odd\.param: .*layer p1 \(Softmax\): layers of this type are not read\n$/);
  });
});

describe("convert to safetensors", () => {
  it("keeps names and numbers, whatever file they come in", async () => {
    for (const half of [false, true]) {
      writeFileSync(path("net.param"), param());
      writeFileSync(path("net.bin"), bin(half));
      const precision = half ? "float16" : "float32";
      const out = path(`${precision}.safetensors`);
      const { stderr, stdout } = await run("convert", path("net.bin"), "-o", out, "--precision", precision);
      expect([stderr, stdout.toString()]).toEqual([
        "",
        `${out}: weights of a srvgg, 8 tensors, ${precision}\n`,
      ]);
      const [due, made] = [await readCheckpoint(path("net.param")), await readCheckpoint(out)];
      expect([...made.keys()]).toEqual([...due.keys()]);
      for (const [name, { data, shape }] of made) {
        expect(shape).toEqual(due.get(name)!.shape);
        expect(maxDifference(data, due.get(name)!.data), name).toBeLessThan(half ? 1e-3 : 1e-30);
      }
    }
    expect(
      (await run("convert", path("net.bin"), "-o", path("x.safetensors"), "--size", "8x8")).stderr,
    ).toMatch(/--size has no meaning: a safetensors file holds weights alone/);
  });
});

it("names what a file is that is no model", async () => {
  writeFileSync(path("alone.param"), param());
  writeFileSync(path("text.onnx"), "no model");
  const picture = await pngOf({ shape: [1, 3, 1, 1], data: new Float32Array(3) });
  for (const [file, message] of [
    ["alone.param", /alone\.param: .*the \.bin beside it, are not there/],
    ["text.onnx", /text\.onnx: not a PyTorch checkpoint/],
  ] as const) {
    await expect(upscale(picture, { model: path(file) })).rejects.toThrow(message);
  }
});
