import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPth, stateDictOf } from "../src/checkpoints/index.js";
import { type SwinUNetConfig, sizeMultiple, swinUNet } from "../src/networks/index.js";
import { frozenScope, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { PUBLISHED_DENOISER, swinConfigOf } from "./fixtures/network-shapes.js";
import { runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "./shared.js";

describe.skipIf(!hasShared)("the Swin UNet", () => {
  it.each(["swin-unet-small", "swin-unet-wide-input"])(
    "computes what the published code does: %s",
    async (fixture) => {
      const { tensors } = readSafetensors(sharedPath("reference", fixture, "io.safetensors"));
      const weights = stateDictOf(await readPth(sharedPath("reference", fixture, "checkpoint.pth")));
      const expected = tensors.get("y")!;
      const [x, t, lq] = ["x", "t", "lq"].map((name) => o.input(name, tensors.get(name)!.shape));
      const y = swinUNet(frozenScope(weights), swinConfigOf(fixture), x, t, lq);
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
    swinUNet(scope, PUBLISHED_DENOISER, o.input("x", latent), o.input("t", [1]), o.input("lq", latent));
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
  const small = { ...PUBLISHED_DENOISER, modelChannels: 32, swin: { ...PUBLISHED_DENOISER.swin, embed: 32 } };
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
    expect(sizeMultiple(PUBLISHED_DENOISER)).toBe(64);
    expect(
      sizeMultiple({
        ...PUBLISHED_DENOISER,
        channelMult: [1, 2],
        swin: { ...PUBLISHED_DENOISER.swin, window: 16 },
      }),
    ).toBe(32);
    // Windows of 16 at the top and of 12, the whole side, below it: 16 and 24.
    const mixed = { ...PUBLISHED_DENOISER, channelMult: [1, 2], imageSize: 24, attentionResolutions: [24] };
    expect(sizeMultiple({ ...mixed, swin: { ...PUBLISHED_DENOISER.swin, window: 16 } })).toBe(48);
  });
});
