/**
 * The denoiser of ResShift, SinSR and SAMSR: a UNet of residual blocks with Swin layers at each level's first
 * block and in the middle. It predicts x0 from a noisy latent, the timestep and the low-resolution image.
 * Parameter names are those of the published checkpoints.
 */
import {
  conv,
  fanIn,
  groupNorm,
  linear,
  resBlock,
  type Scope,
  type SwinOptions,
  swinLayer,
  timestepEmbedding,
  zeros,
} from "../nn/index.js";
import * as o from "../onnx/index.js";

export interface SwinUNetConfig {
  readonly outChannels: number;
  readonly modelChannels: number;
  /** Width of each level, in multiples of `modelChannels`; each level halves the size of the one before. */
  readonly channelMult: readonly number[];
  readonly resBlocks: readonly number[];
  /** The latent side the network was built for; a level no larger than a window there has no shifted blocks. */
  readonly imageSize: number;
  /** Sides, at `imageSize`, of the levels that hold Swin layers. */
  readonly attentionResolutions: readonly number[];
  readonly swin: Omit<SwinOptions, "shifted">;
}

/** What the sides of x must divide by: every level whole, and whole windows where there is attention. */
export function sizeMultiple(config: SwinUNetConfig): number {
  const deepest = 2 ** (config.channelMult.length - 1);
  const levels = config.channelMult.map((_, level) => 2 ** level);
  const windows = levels
    .filter((shrink) => config.attentionResolutions.includes(config.imageSize / shrink))
    .map((shrink) => shrink * config.swin.window);
  // The middle has a Swin layer always.
  return Math.max(deepest * config.swin.window, ...windows);
}

/**
 * @param x [N, C, H, W], already scaled by 1 / sqrt(eta_t kappa^2 + 1)
 * @param t [N] timesteps, float32
 * @param lq [N, 3, H, W], joined to x as further channels
 * @returns [N, outChannels, H, W], the prediction of x0
 */
export function swinUNet(p: Scope, config: SwinUNetConfig, x: o.Value, t: o.Value, lq: o.Value): o.Value {
  const { modelChannels, channelMult, resBlocks, swin } = config;
  const embedded = linear(p.at("time_embed.0"), timestepEmbedding(t, modelChannels), 4 * modelChannels);
  const emb = linear(p.at("time_embed.2"), o.silu(embedded), 4 * modelChannels);
  const attention = (at: Scope, h: o.Value, level: number) =>
    swinLayer(at, h, { ...swin, shifted: config.imageSize / 2 ** level > swin.window });
  const attends = (level: number) => config.attentionResolutions.includes(config.imageSize / 2 ** level);

  let block = 0;
  let h = conv(p.at("input_blocks").at(block++).at(0), o.concat([x, lq], 1), modelChannels, 3);
  const skips = [h];
  channelMult.forEach((mult, level) => {
    for (let i = 0; i < resBlocks[level]; i++) {
      const at = p.at("input_blocks").at(block++);
      h = resBlock(at.at(0), h, emb, mult * modelChannels);
      if (i === 0 && attends(level)) h = attention(at.at(1), h, level);
      skips.push(h);
    }
    if (level < channelMult.length - 1) {
      h = conv(p.at("input_blocks").at(block++).at("0.op"), h, h.shape[1], 3, { stride: 2 });
      skips.push(h);
    }
  });

  const deepest = channelMult.length - 1;
  const middle = p.at("middle_block");
  h = resBlock(middle.at(0), h, emb, h.shape[1]);
  h = attention(middle.at(1), h, deepest);
  h = resBlock(middle.at(2), h, emb, h.shape[1]);

  block = 0;
  for (let level = deepest; level >= 0; level--) {
    for (let i = 0; i <= resBlocks[level]; i++) {
      const at = p.at("output_blocks").at(block++);
      let part = 0;
      h = resBlock(at.at(part++), o.concat([h, skips.pop()!], 1), emb, channelMult[level] * modelChannels);
      if (i === 0 && attends(level)) h = attention(at.at(part++), h, level);
      if (i === resBlocks[level] && level > 0) {
        h = conv(at.at(part).at("conv"), o.upsampleNearest(h, 2), h.shape[1], 3, { initializer: fanIn() });
      }
    }
  }
  return conv(p.at("out.2"), o.silu(groupNorm(p.at("out.0"), h)), config.outChannels, 3, {
    initializer: zeros,
  });
}
