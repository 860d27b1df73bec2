import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { readShapes, recogniseNetwork, type Shapes } from "../src/checkpoints/index.js";
import {
  COVERAGE_TINY,
  coverageNetwork,
  type SwinUNetConfig,
  TINY,
  type VqConfig,
} from "../src/networks/index.js";
import { trainableScope } from "../src/nn/index.js";
import { input, type Shape } from "../src/onnx/index.js";
import {
  PUBLISHED_DENOISER,
  swinConfigOf,
  swinUNetParameters,
  swinUNetShapes,
  vqParameters,
} from "./fixtures/network-shapes.js";
import { hasShared, sharedPath } from "./shared.js";

const AUTOENCODER: VqConfig = {
  channels: 128,
  channelMult: [1, 2, 4],
  resBlocks: 2,
  latentChannels: 3,
  codes: 8192,
};

const SMALL: SwinUNetConfig = {
  ...PUBLISHED_DENOISER,
  modelChannels: 32,
  channelMult: [1, 2],
  resBlocks: [1, 2],
  imageSize: 32,
  attentionResolutions: [32, 16],
  swin: { ...PUBLISHED_DENOISER.swin, embed: 64 },
};

function small(changes: Omit<Partial<SwinUNetConfig>, "swin"> & { swin?: Partial<SwinUNetConfig["swin"]> }) {
  return { ...SMALL, ...changes, swin: { ...SMALL.swin, ...changes.swin } };
}

const shapesOf = (parameters: readonly { name: string; shape: Shape }[]): Map<string, Shape> =>
  new Map(parameters.map(({ name, shape }) => [name, shape]));

function messageOf(shapes: Shapes): string {
  try {
    recogniseNetwork(shapes, "x.pth");
  } catch (error) {
    expect(error).toBeInstanceOf(SamsrError);
    expect((error as Error).message).toMatch(/^x\.pth: [^\n]*$/);
    return (error as Error).message;
  }
  throw new Error("it was recognised");
}

describe.skipIf(!hasShared)("recognition of the reference checkpoints", () => {
  const configOf = (fixture: string) =>
    JSON.parse(readFileSync(sharedPath("reference", fixture, "config.json"), "utf8"));
  const recogniseFixture = async (fixture: string) =>
    recogniseNetwork(await readShapes(sharedPath("reference", fixture, "checkpoint.pth")), fixture);

  it.each(["swin-unet-small", "swin-unet-wide-input"])("%s", async (fixture) => {
    const c = configOf(fixture);
    expect(await recogniseFixture(fixture)).toEqual({
      network: "swin-unet",
      lqChannels: c.in_channels - c.out_channels,
      sizeKnown: true,
      config: swinConfigOf(fixture),
    });
  });

  it("vq-f4-small", async () => {
    const { ddconfig: c, n_embed: codes, embed_dim: latentChannels } = configOf("vq-f4-small");
    const config = { channels: c.ch, channelMult: c.ch_mult, resBlocks: c.num_res_blocks };
    expect(await recogniseFixture("vq-f4-small")).toEqual({
      network: "vq-autoencoder",
      config: { ...config, latentChannels, codes },
    });
  });

  it("sam-small", async () => {
    const c = configOf("sam-small");
    expect(await recogniseFixture("sam-small")).toMatchObject({
      network: "segment-anything",
      config: { imageSize: c.image_size, embed: c.embed_dim, depth: c.depth, window: c.window_size },
    });
  });

  it.each([
    ["image_encoder.blocks.0.mlp.lin1.weight", [96, 48], [192, 48]],
    ["image_encoder.blocks.1.attn.rel_pos_h", [9, 12], [5, 12]],
    ["mask_decoder.transformer.layers.0.mlp.lin1.weight", [32, 32], [64, 32]],
  ])("sam-small with another shape: %s", async (name, found, due) => {
    const shapes = new Map(await readShapes(sharedPath("reference", "sam-small", "checkpoint.pth")));
    expect(shapes.get(name)).toEqual(due);
    shapes.set(name, found);
    expect(messageOf(shapes)).toBe(
      `x.pth: not a network that samsr knows; the nearest is Segment Anything, but ` +
        `"${name}" [${found.join(", ")}] should be [${due.join(", ")}]`,
    );
  });

  it("sam-small without a tensor", async () => {
    const shapes = new Map(await readShapes(sharedPath("reference", "sam-small", "checkpoint.pth")));
    for (const name of ["image_encoder.blocks.1.attn.qkv.bias", "mask_decoder.mask_tokens.weight"]) {
      const less = new Map(shapes);
      less.delete(name);
      expect(messageOf(less)).toContain(`"${name}"`);
    }
  });

  it("the published networks at full size", () => {
    const file = JSON.parse(readFileSync(sharedPath("reference", "state-dict-shapes.json"), "utf8"));
    const [denoiser, autoencoder, sam] = Object.values<Record<string, Shape>>(file).map((shapes) =>
      recogniseNetwork(new Map(Object.entries(shapes)), "x.pth"),
    );
    expect(denoiser).toEqual({
      network: "swin-unet",
      config: PUBLISHED_DENOISER,
      lqChannels: 3,
      sizeKnown: true,
    });
    expect(autoencoder).toEqual({ network: "vq-autoencoder", config: AUTOENCODER });
    expect(sam).toMatchObject({
      network: "segment-anything",
      config: { imageSize: 1024, embed: 768, depth: 12, heads: 12, globalAttention: [2, 5, 8, 11] },
    });
  });
});

describe("recognition of a Swin UNet", () => {
  it.each<[string, SwinUNetConfig]>([
    ["other widths", small({ modelChannels: 96, channelMult: [1, 3, 5], resBlocks: [1, 1, 1] })],
    ["a first level wider than the base, and fractions", small({ modelChannels: 64, channelMult: [2, 1.5] })],
    ["different blocks a level", small({ channelMult: [1, 1, 2, 2], resBlocks: [3, 1, 2, 4] })],
    ["one level", small({ channelMult: [1], resBlocks: [2], attentionResolutions: [32] })],
    ["attention in the middle only", small({ attentionResolutions: [] })],
    ["attention below the top", small({ imageSize: 64, attentionResolutions: [32] })],
    ["attention at the top only", small({ imageSize: 64, attentionResolutions: [64] })],
    ["deeper layers", small({ swin: { depth: 4 } })],
    ["an odd depth", small({ swin: { depth: 3 } })],
    ["narrow heads", small({ swin: { headChannels: 16 } })],
    ["one head", small({ swin: { headChannels: 64 } })],
    ["a small window", small({ swin: { window: 4 } })],
    ["a large window", small({ swin: { window: 16 } })],
    ["an uneven MLP", small({ swin: { mlpRatio: 1.5 } })],
    ["a large image", small({ imageSize: 128, attentionResolutions: [128, 64] })],
    ["a side that is no power of two", small({ imageSize: 48, attentionResolutions: [48, 24] })],
    ["levels no larger than the window", small({ imageSize: 8, attentionResolutions: [8] })],
    ["levels smaller than it", small({ imageSize: 8, attentionResolutions: [8, 4], swin: { depth: 4 } })],
    [
      "small levels without a shift",
      small({ imageSize: 16, attentionResolutions: [16, 8], swin: { window: 16 } }),
    ],
    ["latents of four channels", small({ outChannels: 4 })],
  ])("%s", (_, config) => {
    const found = recogniseNetwork(swinUNetShapes(config), "x.pth");
    expect(found).toEqual({ network: "swin-unet", config, lqChannels: 3, sizeKnown: true });
  });

  it("a condition of other channels than an image", () => {
    expect(recogniseNetwork(swinUNetShapes(SMALL, 4), "x.pth")).toMatchObject({
      config: SMALL,
      lqChannels: 4,
    });
  });

  it("takes the published size where a file keeps no buffers, which alone tell it", () => {
    const config = small({ imageSize: 64, attentionResolutions: [64, 32] });
    const bare = shapesOf(swinUNetParameters(small({ imageSize: 128, attentionResolutions: [128, 64] })));
    expect(recogniseNetwork(bare, "x.safetensors")).toMatchObject({ config, sizeKnown: false });
  });

  it("knows the denoiser of pixels by its channels", () => {
    const shapes = shapesOf(swinUNetParameters(TINY));
    expect(recogniseNetwork(shapes, "x.safetensors")).toEqual({ network: "pixel-denoiser", config: TINY });
  });
});

it("recognition of a coverage network", () => {
  const { scope, parameters } = trainableScope();
  coverageNetwork(scope, COVERAGE_TINY, input("image", [1, 3, 32, 32]));
  const shapes = shapesOf(parameters());
  expect(recogniseNetwork(shapes, "x")).toEqual({ network: "coverage-network", config: COVERAGE_TINY });
});

describe("recognition of a VQ autoencoder", () => {
  it.each<[string, VqConfig]>([
    ["other sizes", { channels: 64, channelMult: [1, 1, 2, 3], resBlocks: 3, latentChannels: 4, codes: 100 }],
    ["one level", { channels: 32, channelMult: [1], resBlocks: 1, latentChannels: 8, codes: 2 }],
  ])("%s", (_, config) => {
    expect(recogniseNetwork(shapesOf(vqParameters(config)), "x.pth")).toEqual({
      network: "vq-autoencoder",
      config,
    });
  });

  it("with what its training adds", () => {
    const shapes = shapesOf(vqParameters({ ...AUTOENCODER, channels: 32 }));
    shapes.set("loss.discriminator.main.0.weight", [64, 3, 4, 4]);
    shapes.set("loss.perceptual_loss.net.slice1.0.bias", [64]);
    expect(recogniseNetwork(shapes, "x.pth")).toMatchObject({ config: { channels: 32, codes: 8192 } });
  });
});

describe("what is no known network", () => {
  const changed = (change: (shapes: Map<string, Shape>) => void) => {
    const shapes = swinUNetShapes(SMALL);
    change(shapes);
    return messageOf(shapes);
  };
  const nearest =
    "not a network that samsr knows; the nearest is the Swin UNet of SAMSR, SinSR and ResShift, but ";

  const parameters = [...swinUNetShapes(SMALL)].filter(([name]) => !/attn_mask|_index/.test(name));

  it.each(parameters.filter((_, i) => i % 12 === 0))("names a tensor that is missing: %s", (name, shape) => {
    const message = changed((shapes) => shapes.delete(name));
    expect(message).toBe(`x.pth: ${nearest}"${name}" [${shape.join(", ")}] is missing`);
  });

  it.each([
    ["time_embed.0.weight", [128, 31]],
    ["input_blocks.1.0.in_layers.2.weight", [33, 32, 3, 3]],
    ["input_blocks.1.0.out_layers.3.bias", [64]],
    ["input_blocks.1.1.blocks.0.attn.relative_position_bias_table", [961, 2]],
    ["input_blocks.1.1.blocks.0.attn.relative_position_bias_table", [225, 4]],
    ["input_blocks.1.1.patch_embed.proj.weight", [96, 32, 1, 1]],
    ["middle_block.1.blocks.1.mlp.fc1.weight", [128, 64, 1, 1]],
    ["output_blocks.2.1.conv.weight", []],
    ["out.0.weight", [64]],
  ])("names a tensor of another shape: %s %j", (name, shape) => {
    const due = swinUNetShapes(SMALL).get(name)!;
    const message = changed((shapes) => shapes.set(name, shape));
    expect(message).toBe(`x.pth: ${nearest}"${name}" [${shape.join(", ")}] should be [${due.join(", ")}]`);
  });

  it("names a renamed tensor by both its names", () => {
    const message = changed((shapes) => {
      shapes.delete("out.2.bias");
      shapes.set("out.2.offset", [3]);
    });
    expect(message).toBe(
      `x.pth: ${nearest}"out.2.bias" [3] is missing, "out.2.offset" [3] has no place in it`,
    );
  });

  it("names the first differences of many", () => {
    const message = messageOf(new Map([...swinUNetShapes(SMALL)].slice(0, 40)));
    expect(message).toMatch(/is missing, "[^"]*" \[[^\]]*\] is missing, .*, and \d+ more$/);
    expect(message.length).toBeLessThan(600);
  });

  it("names the autoencoder for one without a codebook", () => {
    const shapes = shapesOf(vqParameters({ ...AUTOENCODER, channels: 32 }));
    shapes.delete("quantize.embedding.weight");
    expect(messageOf(shapes)).toContain(
      'the nearest is the VQ autoencoder, but "quantize.embedding.weight" [8192, 3] is missing',
    );
  });

  it("says what a classifier holds, and what was expected", () => {
    const classifier = new Map([
      ["conv1.weight", [64, 3, 7, 7]],
      ["bn1.weight", [64]],
      ["layer1.0.conv1.weight", [64, 64, 3, 3]],
      ["fc.weight", [1000, 2048]],
    ]);
    expect(messageOf(classifier)).toMatch(
      /holds no network that samsr knows; expected one of these: .*the Swin UNet .*; found 4 tensors, "conv1.weight" \[64, 3, 7, 7\]/,
    );
    expect(messageOf(new Map())).toContain("found 0 tensors, none");
  });

  it.each<[string, SwinUNetConfig]>([
    ["widths that 32 groups do not divide", { ...SMALL, modelChannels: 48 }],
    ["heads that do not divide the channels", small({ swin: { embed: 96 } })],
  ])("refuses %s in one line", (_, config) => {
    const shapes = new Map<string, Shape>();
    for (const [name, shape] of swinUNetShapes(SMALL)) {
      const scale = (side: number) =>
        side % 32 === 0 && config.modelChannels === 48 ? (side * 48) / 32 : side;
      shapes.set(name, shape.map(scale));
    }
    if (config.swin.embed === 96) {
      for (const name of shapes.keys()) if (/bias_table$/.test(name)) shapes.set(name, [225, 5]);
    }
    expect(messageOf(shapes)).toContain("its tensors have sizes that no network can have: ");
  });

  it("is not drawn into building what a file of a few names claims", () => {
    const begun = performance.now();
    const shapes = new Map<string, Shape>();
    for (let level = 0; level < 100; level++) shapes.set(`input_blocks.${level}.0.op.weight`, [1]);
    expect(messageOf(shapes)).toMatch(/would not fit into memory|is missing/);
    const deep = new Map<string, Shape>([
      ["input_blocks.127.0.in_layers.0.weight", [32]],
      ["middle_block.1.blocks.31.norm1.weight", [64]],
      ["middle_block.1.blocks.0.attn.relative_position_bias_table", [63 * 63, 2]],
    ]);
    expect(messageOf(deep)).toContain("x.pth: ");
    const book = new Map<string, Shape>([
      ["quantize.embedding.weight", [1e15, 3]],
      ["encoder.conv_in.weight", [16384, 3, 3, 3]],
      ["encoder.down.11.block.63.conv1.weight", [16384, 32, 3, 3]],
    ]);
    expect(messageOf(book)).toContain("would not fit into memory");
    const huge = [1e15, -1, 0, Number.NaN, 2 ** 53];
    for (const side of huge) {
      messageOf(new Map([...swinUNetShapes(SMALL)].map(([name, shape]) => [name, shape.map(() => side)])));
      const vq = shapesOf(vqParameters({ ...AUTOENCODER, channels: 32 }));
      messageOf(new Map([...vq].map(([name, shape]) => [name, shape.map(() => side)])));
    }
    const many = new Map(Array.from({ length: 5001 }, (_, i) => [`input_blocks.${i}.0.w`, [1]]));
    expect(messageOf(many)).toContain("holds 5001 tensors");
    expect(performance.now() - begun).toBeLessThan(3000);
  });
});
