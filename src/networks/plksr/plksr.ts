/**
 * PLKSR (Lee, Yun, Ro 2024, arXiv 2404.11848): blocks in which one large kernel sees a quarter of the
 * channels. Names, misspelt ones included, are those of the published files.
 */
import { conv, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { PlksrConfig } from "./config.js";

/** Makes [N, 3, s H, s W] of lq [N, 3, H, W], RGB from 0 to 1. */
export function plksr(p: Scope, config: PlksrConfig, lq: o.Value): o.Value {
  const { channels, blocks, scale, mixer } = config;
  const block = (own: Scope, h: o.Value) => {
    const [first, second] = [mixer === "ICCM" ? 1 : 3, mixer === "CCM" ? 1 : 3];
    const wide = o.gelu(conv(own.at("channe_mixer.0"), h, 2 * channels, first));
    const mixed = conv(own.at("channe_mixer.2"), wide, channels, second);
    return o.add(refined(own, config, mixed), h);
  };
  let h = conv(p.at("feats.0"), lq, channels, 3);
  for (let i = 1; i <= blocks; i++) h = block(p.at("feats").at(i), h);
  const features = conv(p.at("feats").at(blocks + 1), h, 3 * scale ** 2, 3);
  return o.pixelShuffle(o.add(features, repeated(lq, scale)), scale);
}

/**
 * Returns what the two variants share of a block: the large kernel, attention where there is any, and a 1 x
 * 1.
 */
export function refined(
  p: Scope,
  { channels, large, kernel, attention }: Pick<PlksrConfig, "channels" | "large" | "kernel" | "attention">,
  h: o.Value,
): o.Value {
  const [some, rest] = o.split(h, [large, channels - large], 1);
  let seen = o.concat([conv(p.at("lk.conv"), some, large, kernel), rest], 1);
  if (attention === "yes") seen = o.mul(seen, o.sigmoid(conv(p.at("attn.f.0"), seen, channels, 3)));
  return conv(p.at("refine"), seen, channels, 1);
}

/**
 * Returns each channel scale^2 times in a row: after a pixel shuffle, the picture enlarged by nearest
 * neighbours.
 */
export function repeated(lq: o.Value, scale: number): o.Value {
  const each = Array.from({ length: lq.shape[1] * scale ** 2 }, (_, i) => Math.floor(i / scale ** 2));
  return o.gather(lq, o.integers(each), 1);
}
