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
  swinLayer,
  timestepEmbedding,
  zeros,
} from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { attendsAt, type SwinUNetConfig, sideAt, widthOf, windowAt } from "./config.js";

/**
 * Predicts x0 with ResShift's Swin UNet.
 * @param x [N, C, H, W], already scaled by 1 / sqrt(eta_t kappa^2 + 1)
 * @param t [N] timesteps, float32
 * @param lq [N, 3, H, W], joined to x as further channels
 * @returns [N, outChannels, H, W], the prediction of x0
 */
export function swinUNet(p: Scope, config: SwinUNetConfig, x: o.Value, t: o.Value, lq: o.Value): o.Value {
  const { resBlocks } = config;
  const { emb, skips, bottom } = contract(p, config, x, t, lq);
  const widths = widthsOf(config);
  let h = bottom;
  let block = 0;
  for (let level = widths.length - 1; level >= 0; level--) {
    for (let i = 0; i <= resBlocks[level]; i++) {
      const at = p.at("output_blocks").at(block++);
      let part = 0;
      h = resBlock(at.at(part++), o.concat([h, skips.pop()!], 1), emb, widths[level]);
      if (i === 0 && attendsAt(config, level)) h = attention(at.at(part++), config, h, level);
      if (i === resBlocks[level] && level > 0) {
        h = conv(at.at(part).at("conv"), o.upsampleNearest(h, 2), h.shape[1], 3, { initializer: fanIn() });
      }
    }
  }
  return conv(p.at("out.2"), o.silu(groupNorm(p.at("out.0"), h)), config.outChannels, 3, {
    initializer: zeros,
  });
}

/** Returns the features of the contracting half: the last map of each level, and then that of the middle. */
export function swinUNetFeatures(
  p: Scope,
  config: SwinUNetConfig,
  x: o.Value,
  t: o.Value,
  lq: o.Value,
): o.Value[] {
  const { skips, bottom } = contract(p, config, x, t, lq);
  // A level's last map is the one before the next, smaller one.
  const levels = skips.filter((skip, i) => skip.shape[2] !== skips[i + 1]?.shape[2]);
  return [...levels.slice(0, -1), bottom];
}

/**
 * Returns the contracting half and the middle: what the expanding half starts from, and what is handed across
 * to it.
 */
function contract(p: Scope, config: SwinUNetConfig, x: o.Value, t: o.Value, lq: o.Value) {
  const { modelChannels, resBlocks } = config;
  const widths = widthsOf(config);
  const embedded = linear(p.at("time_embed.0"), timestepEmbedding(t, modelChannels), 4 * modelChannels);
  const emb = linear(p.at("time_embed.2"), o.silu(embedded), 4 * modelChannels);

  let block = 0;
  let h = conv(p.at("input_blocks").at(block++).at(0), o.concat([x, lq], 1), widths[0], 3);
  const skips = [h];
  widths.forEach((width, level) => {
    for (let i = 0; i < resBlocks[level]; i++) {
      const at = p.at("input_blocks").at(block++);
      h = resBlock(at.at(0), h, emb, width);
      if (i === 0 && attendsAt(config, level)) h = attention(at.at(1), config, h, level);
      skips.push(h);
    }
    if (level < widths.length - 1) {
      h = conv(p.at("input_blocks").at(block++).at("0.op"), h, h.shape[1], 3, { stride: 2 });
      skips.push(h);
    }
  });

  const middle = p.at("middle_block");
  h = resBlock(middle.at(0), h, emb, h.shape[1]);
  h = attention(middle.at(1), config, h, widths.length - 1);
  h = resBlock(middle.at(2), h, emb, h.shape[1]);
  return { emb, skips, bottom: h };
}

function widthsOf({ channelMult, modelChannels }: SwinUNetConfig): number[] {
  return channelMult.map((mult) => widthOf(mult, modelChannels));
}

function attention(p: Scope, config: SwinUNetConfig, h: o.Value, level: number): o.Value {
  const { swin } = config;
  return swinLayer(p, h, {
    ...swin,
    window: windowAt(config, level),
    shifted: sideAt(config, level) > swin.window,
  });
}
