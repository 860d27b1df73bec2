import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPth, stateDictOf } from "../src/checkpoints/index.js";
import { type SwinUNetConfig, sizeMultiple, swinUNet } from "../src/networks/index.js";
import { frozenScope, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "./shared.js";

/** The sizes as the fixture's config.json names them. */
function configOf(fixture: string): SwinUNetConfig {
  const c = JSON.parse(readFileSync(sharedPath("reference", fixture, "config.json"), "utf8"));
  return {
    outChannels: c.out_channels,
    modelChannels: c.model_channels,
    channelMult: c.channel_mult,
    resBlocks: c.num_res_blocks,
    imageSize: c.image_size,
    attentionResolutions: c.attention_resolutions,
    swin: {
      embed: c.swin_embed_dim,
      depth: c.swin_depth,
      headChannels: c.num_head_channels,
      window: c.window_size,
      mlpRatio: c.mlp_ratio,
      masking: "published",
    },
  };
}

/** The denoiser of the published ResShift, SinSR and SAMSR checkpoints. */
const PUBLISHED: SwinUNetConfig = {
  outChannels: 3,
  modelChannels: 160,
  channelMult: [1, 2, 2, 4],
  resBlocks: [2, 2, 2, 2],
  imageSize: 64,
  attentionResolutions: [64, 32, 16, 8],
  swin: { embed: 192, depth: 2, headChannels: 32, window: 8, mlpRatio: 4, masking: "published" },
};

describe.skipIf(!hasShared)("the Swin UNet", () => {
  it.each(["swin-unet-small", "swin-unet-wide-input"])(
    "computes what the published code does: %s",
    async (fixture) => {
      const { tensors } = readSafetensors(sharedPath("reference", fixture, "io.safetensors"));
      const weights = stateDictOf(await readPth(sharedPath("reference", fixture, "checkpoint.pth")));
      const expected = tensors.get("y")!;
      const [x, t, lq] = ["x", "t", "lq"].map((name) => o.input(name, tensors.get(name)!.shape));
      const y = swinUNet(frozenScope(weights), configOf(fixture), x, t, lq);
      expect(y.shape).toEqual(expected.shape);
      const feeds = Object.fromEntries(
        ["x", "t", "lq"].map((name) => [
          name,
          Float32Array.from(tensors.get(name)!.data as Float32Array, Number),
        ]),
      );
      const scale = Math.max(...Array.from(expected.data as Float32Array, Math.abs));
      const fast = o.accelerate({ y }, { channels: 1, tiles: 1 });
      for (const [form, outputs] of Object.entries({ plain: { y }, fast })) {
        const result = (await runGraph(outputs, feeds)).y;
        expect(maxDifference(result, expected.data as Float32Array) / scale, form).toBeLessThan(1e-5);
      }
    },
  );

  it("has the parameters of the published checkpoints, by name and shape", () => {
    const { scope, parameters } = trainableScope();
    const latent = [1, 3, 64, 64];
    swinUNet(scope, PUBLISHED, o.input("x", latent), o.input("t", [1]), o.input("lq", latent));
    const file = JSON.parse(readFileSync(sharedPath("reference", "state-dict-shapes.json"), "utf8"));
    const name = Object.keys(file).find((key) => key.includes("UNetModelSwin"))!;
    // Buffers are made from the sizes, not read.
    const published = Object.entries(file[name]).filter(
      ([key]) => !/relative_position_index|attn_mask/.test(key),
    );
    expect(new Map(parameters().map((p) => [p.name, p.shape]))).toEqual(new Map(published));
    const size = parameters().reduce((sum, { shape }) => sum + o.sizeOf(shape), 0);
    expect(size / 1e6).toBeCloseTo(118.6, 1);
  });
});

describe("sizes of the Swin UNet", () => {
  const small = { ...PUBLISHED, modelChannels: 32, swin: { ...PUBLISHED.swin, embed: 32 } };
  const names = (config: SwinUNetConfig) => {
    const { scope, parameters } = trainableScope();
    const latent = [1, 3, sizeMultiple(config), sizeMultiple(config)];
    swinUNet(scope, config, o.input("x", latent), o.input("t", [1]), o.input("lq", latent));
    return new Map(parameters().map((p) => [p.name, p.shape]));
  };
  const table = "attn.relative_position_bias_table";

  it("has windows no larger than a level was built for", () => {
    const config = { ...small, imageSize: 32, attentionResolutions: [32, 16, 8, 4] };
    expect(sizeMultiple(config)).toBe(32);
    expect(names(config).get(`input_blocks.7.1.blocks.0.${table}`)).toEqual([225, 1]);
    expect(names(config).get(`middle_block.1.blocks.0.${table}`)).toEqual([49, 1]);
  });

  it("starts at the width of its first level", () => {
    const config = { ...small, channelMult: [2, 1.5], resBlocks: [1, 1], modelChannels: 64 };
    expect(names(config).get("input_blocks.0.0.weight")).toEqual([128, 6, 3, 3]);
    expect(names(config).get("output_blocks.0.0.out_layers.3.bias")).toEqual([96]);
  });

  it("asks for sides that whole windows of every level cover", () => {
    expect(sizeMultiple(PUBLISHED)).toBe(64);
    expect(sizeMultiple({ ...PUBLISHED, channelMult: [1, 2], swin: { ...PUBLISHED.swin, window: 16 } })).toBe(
      32,
    );
    // Windows of 16 at the top and of 12, the whole side, below it: 16 and 24.
    const mixed = { ...PUBLISHED, channelMult: [1, 2], imageSize: 24, attentionResolutions: [24] };
    expect(sizeMultiple({ ...mixed, swin: { ...PUBLISHED.swin, window: 16 } })).toBe(48);
  });
});
