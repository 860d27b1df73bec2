import { readFileSync, statSync, writeFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { convert, openCheckpoint, recogniseNetwork, writeSafetensors } from "../src/checkpoints/index.js";
import { encoderInput, fittedSize, type SwinUNetConfig, swinUNet } from "../src/networks/index.js";
import { frozenScope, initialize, normal } from "../src/nn/index.js";
import { input } from "../src/onnx/index.js";
import { AUTHORS_YAML, having } from "./fixtures/authors-config.js";
import { samsr, temporaryFolder } from "./fixtures/cli.js";
import { swinUNetParameters } from "./fixtures/network-shapes.js";
import { normals, runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath, type TestTensor } from "./shared.js";

const { path, remove } = temporaryFolder();
afterAll(remove);

/** Runs an ONNX file as any program would, with ONNX Runtime alone. */
async function run(file: string | Uint8Array, feeds: Record<string, TestTensor>) {
  const session = await InferenceSession.create(file as string, { intraOpNumThreads: 2 });
  try {
    const tensors = Object.entries(feeds).map(([name, { shape, data }]) => {
      return [name, new Tensor("float32", Float32Array.from(data as Float32Array, Number), shape)];
    });
    const results = await session.run(Object.fromEntries(tensors));
    return Object.fromEntries(
      Object.entries(results).map(([name, { data, dims }]) => [
        name,
        { data: data as Float32Array, shape: dims },
      ]),
    );
  } finally {
    await session.release();
  }
}

function relative(got: { data: ArrayLike<number> }, expected: TestTensor): number {
  const data = expected.data as Float32Array;
  return maxDifference(got.data, data) / data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
}

/** What is converted, and how it is fed and compared: stored names beside those of the graph. */
interface Case {
  fixture: string;
  words: string[];
  feeds: Record<string, string>;
  outputs: Record<string, string>;
}

const CASES: Case[] = [
  {
    fixture: "swin-unet-small",
    words: ["--batch", "2"],
    feeds: { x: "x", t: "t", lq: "lq" },
    outputs: { y: "y" },
  },
  {
    fixture: "swin-unet-wide-input",
    words: ["--size", "32x48"],
    feeds: { x: "x", t: "t", lq: "lq" },
    outputs: { y: "y" },
  },
  {
    fixture: "vq-f4-small",
    words: ["--part", "encode", "--size", "64x96"],
    feeds: { x: "x" },
    outputs: { z: "z" },
  },
  {
    fixture: "vq-f4-small",
    words: ["--part", "decode", "--size", "16x24"],
    feeds: { z: "z" },
    outputs: { y: "y" },
  },
  {
    fixture: "vq-f4-small",
    words: ["--part", "decode-latent", "--size", "16x24"],
    feeds: { z: "z" },
    outputs: { y: "y_not_quantised" },
  },
];

describe.skipIf(!hasShared)("samsr convert on the reference checkpoints", () => {
  const checkpoint = (fixture: string) => sharedPath("reference", fixture, "checkpoint.pth");
  const stored = (fixture: string) =>
    readSafetensors(sharedPath("reference", fixture, "io.safetensors")).tensors;

  describe.each(CASES)("$fixture $words", ({ fixture, words, feeds, outputs }) => {
    it.each([
      ["float32", 1e-4],
      ["float16", 1e-2],
    ])("%s: to %f of what the published code computes", async (precision, tolerance) => {
      const out = path(`${fixture}-${words.join("-")}-${precision}.onnx`);
      const { code, stderr } = await samsr([
        ...["convert", checkpoint(fixture), "-o", out, "--precision", precision, ...words],
      ]);
      expect([code, stderr]).toEqual([0, ""]);
      const tensors = stored(fixture);
      const named = Object.entries(feeds).map(([name, key]): [string, TestTensor] => [
        name,
        tensors.get(key)!,
      ]);
      const results = await run(out, Object.fromEntries(named));
      for (const [name, key] of Object.entries(outputs)) {
        expect(results[name].shape).toEqual(tensors.get(key)!.shape);
        expect(relative(results[name], tensors.get(key)!), name).toBeLessThan(tolerance);
      }
      if (results.indices) {
        expect([...results.indices.data].map(Number)).toEqual([...tensors.get("indices")!.data].map(Number));
      }
      if (precision === "float16") {
        const whole = statSync(out.replace("float16", "float32")).size;
        expect(statSync(out).size / whole).toBeLessThan(0.7);
      }
    });
  });

  it("sam-small: an image's embedding, and masks of points on it", async () => {
    const [encoder, decoder] = [path("image-encoder.onnx"), path("mask-decoder.onnx")];
    for (const words of [
      ["--part", "image-encoder", "-o", encoder],
      ["--part", "mask-decoder", "--batch", "3", "-o", decoder],
    ]) {
      expect((await samsr(["convert", checkpoint("sam-small"), ...words])).stderr).toBe("");
    }
    const tensors = stored("sam-small");
    const { shapes } = await openCheckpoint(checkpoint("sam-small"));
    const recognised = recogniseNetwork(shapes, "sam-small");
    if (recognised.network !== "segment-anything") throw new Error(recognised.network);
    const { config } = recognised;
    const size = { width: 225, height: 225 };
    const image = encoderInput(tensors.get("image")!.data as Uint8Array, size, config);
    const side = config.imageSize;
    const { image_embedding } = await run(encoder, { image: { shape: [1, 3, side, side], data: image } });
    expect(relative(image_embedding, tensors.get("image_embedding")!)).toBeLessThan(1e-4);
    const scale = fittedSize(size, config).width / size.width;
    const points = new Float32Array(12);
    for (let i = 0; i < 6; i++)
      points[Math.floor(i / 2) * 4 + (i % 2)] = scale * Number(tensors.get("points")!.data[i]);
    const labels = Float32Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    const masks = await run(decoder, {
      image_embedding: tensors.get("image_embedding")!,
      points: { shape: [3, 2, 2], data: points },
      labels: { shape: [3, 2], data: labels },
    });
    for (const name of ["low_res_logits", "iou_predictions"]) {
      expect(relative(masks[name], tensors.get(name)!), name).toBeLessThan(1e-4);
    }
  });

  it("the library gives the bytes that the command writes", async () => {
    const out = path("same.onnx");
    await samsr(["convert", checkpoint("swin-unet-small"), "-o", out]);
    const { shapes, weights } = await openCheckpoint(checkpoint("swin-unet-small"));
    const { model, inputs, outputs } = convert(weights, recogniseNetwork(shapes, "small"), "small");
    expect(Buffer.concat([...model.pieces()]).equals(readFileSync(out))).toBe(true);
    expect(model.size).toBe(statSync(out).size);
    expect(inputs).toEqual({ x: [1, 3, 32, 32], t: [1], lq: [1, 3, 32, 32] });
    expect(outputs).toEqual({ y: [1, 3, 32, 32] });
  });

  it("compares the checkpoint with the authors' configuration, and takes the images' size from it", async () => {
    const [yaml, other] = [path("small.yaml"), path("other.yaml")];
    writeFileSync(yaml, AUTHORS_YAML.replace("kappa: 2.0", "kappa: 2.0\n    mood: good"));
    writeFileSync(other, having("window_size", "16"));
    const out = path("configured.onnx");
    const [unet, vq] = ["swin-unet-small", "vq-f4-small"].map(checkpoint);
    const encode = ["convert", vq, "--part", "encode", "-o", out, "--json"];
    const encoded = await samsr([...encode, "--config", yaml]);
    const warning = `${yaml}: "diffusion.params.mood" has no known meaning and is ignored`;
    expect([encoded.code, encoded.stderr]).toEqual([0, `samsr: ${warning}\n`]);
    expect(JSON.parse(encoded.stdout.toString())).toMatchObject({
      ...{ inputs: { x: [1, 3, 64, 64] }, outputs: { z: [1, 3, 16, 16] }, warnings: [warning] },
    });
    const differing = await samsr(["convert", unet, "-o", out, "--overwrite", "--config", other]);
    expect([differing.code, differing.stderr]).toEqual([
      1,
      `samsr: ${other}: model.params.window_size is 16, but the checkpoint ${unet} has 8\n`,
    ]);
    const missing = await samsr(["convert", unet, "-o", path("x.onnx"), "--config", path("none.yaml")]);
    expect(missing.stderr).toContain("none.yaml: there is no such file; expected a configuration in YAML");
  });

  it("asks for a part where there are several, and says what a size must be", async () => {
    const out = path("none.onnx");
    const vq = checkpoint("vq-f4-small");
    const stderr = async (...words: string[]) => (await samsr(["convert", ...words, "-o", out])).stderr;
    expect(await stderr(vq)).toMatch(
      /^samsr: .*one part has to be chosen: encode \(.*decode-latent \(.*\)\n$/,
    );
    expect(await stderr(vq, "--part", "middle")).toContain('it has no part "middle": encode (');
    expect(await stderr(vq, "--part", "encode", "--size", "30x32")).toContain(
      "height and width of x must be multiples of 4, got 30x32",
    );
    expect(await stderr(checkpoint("swin-unet-small"), "--size", "32x40")).toContain(
      "multiples of 16, got 32x40",
    );
    expect(await stderr(checkpoint("swin-unet-small"), "--size", "99200x99200")).toContain(
      "x would have 9840640000 pixels, 1048576 are the most",
    );
    expect(await stderr(checkpoint("sam-small"), "--part", "image-encoder", "--size", "64x64")).toContain(
      "takes one size only",
    );
  });
});

const ODD: SwinUNetConfig = {
  outChannels: 4,
  modelChannels: 32,
  channelMult: [1, 2],
  resBlocks: [2, 1],
  imageSize: 64,
  attentionResolutions: [32],
  swin: { embed: 64, depth: 3, headChannels: 16, window: 4, mlpRatio: 1.5, masking: "published" },
};

describe("samsr convert", () => {
  const file = path("odd.safetensors");
  const specs = swinUNetParameters(ODD).map((spec) => ({ ...spec, initializer: normal(0.1) }));
  const weights = initialize(specs, 3);
  const out = path("odd.onnx");
  const command = (...words: string[]) => samsr(["convert", ...words]);

  beforeAll(() => writeFileSync(file, writeSafetensors(weights, { metadata: { by: "a test" } })));

  it("writes a model that computes what the network does, and says what it is", async () => {
    const { code, stdout } = await command(file, "-o", out, "--size", "16x8", "--json");
    expect(code).toBe(0);
    const facts = JSON.parse(stdout.toString());
    expect(facts).toEqual({
      file: out,
      bytes: statSync(out).size,
      network: "swin-unet",
      part: "denoiser",
      size: { height: 16, width: 8 },
      batch: 1,
      precision: "float32",
      inputs: { x: [1, 4, 16, 8], t: [1], lq: [1, 3, 16, 8] },
      outputs: { y: [1, 4, 16, 8] },
      config: ODD,
      warnings: [],
    });
    const [x, t, lq] = Object.entries(facts.inputs as Record<string, number[]>).map(([name, shape]) =>
      input(name, shape),
    );
    const feeds = { x: normals(x.shape, 1), t: Float32Array.of(7), lq: normals(lq.shape, 2) };
    const { y } = await runGraph({ y: swinUNet(frozenScope(weights), ODD, x, t, lq) }, feeds);
    const shaped = Object.entries(feeds).map(([name, data]) => [name, { data, shape: facts.inputs[name] }]);
    const results = await run(out, Object.fromEntries(shaped));
    expect(maxDifference(results.y.data, y)).toBeLessThan(1e-5);
    const text = readFileSync(out).toString("latin1");
    expect(text).toContain("16x8");
    expect(text).toContain(JSON.stringify(ODD));
  });

  it("replaces a file only when told to", async () => {
    writeFileSync(out, "mine");
    const refused = await command(file, "-o", out);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining("exists already")]);
    expect(readFileSync(out, "utf8")).toBe("mine");
    const replaced = await command(file, "-o", out, "--overwrite", "--quiet");
    expect([replaced.code, replaced.stdout.toString()]).toEqual([0, ""]);
    expect(statSync(out).size).toBeGreaterThan(1e5);
  });

  it("has one line for what cannot be converted, and leaves no file", async () => {
    const nothing = path("nothing.onnx");
    const other = path("other.safetensors");
    writeFileSync(
      other,
      writeSafetensors(new Map([["conv1.weight", { shape: [1], data: new Float32Array(1) }]])),
    );
    for (const [checkpoint, code, message] of [
      [other, 1, /other\.safetensors: holds no network that samsr knows; expected .*"conv1.weight" \[1\]\n$/],
      [path("missing.pth"), 1, /missing\.pth: there is no such file\n$/],
      [path("."), 1, /this is no file/],
    ] as const) {
      const result = await command(checkpoint, "-o", nothing);
      expect([result.code, result.stderr]).toEqual([code, expect.stringMatching(message)]);
    }
    const named = await command(file, "-o", path("model.pth"));
    expect([named.code, named.stderr]).toEqual([
      2,
      expect.stringContaining("expected a name that ends in .onnx"),
    ]);
    expect((await command(file, "-o", nothing, "--size", "16")).stderr).toContain(
      "Expected height and width",
    );
    expect(() => statSync(nothing)).toThrow("ENOENT");
  });
});
