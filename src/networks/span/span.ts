/**
 * SPAN (Wan et al. 2024, arXiv 2311.12770), the swift network of the NTIRE 2024 challenge: six blocks whose
 * attention has no parameters. Names are those of the published files.
 */
import { conv, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { SpanConfig } from "./config.js";

/** The colours' means that the normalised variant takes off, and the factor that follows. */
const MEAN = [0.4488, 0.4371, 0.404];
const RANGE = 255;

/** How many blocks there are, in every SPAN. */
export const BLOCKS = 6;

/**
 * Makes [N, 3, s H, s W] of lq [N, 3, H, W], RGB from 0 to 1. Its 3 x 3 convolutions are those that
 * training's fold into (`fold.ts`), by the names `eval_conv` that published files keep for them.
 */
export function span(p: Scope, { channels, scale, input }: SpanConfig, lq: o.Value): o.Value {
  const folded = (name: string, x: o.Value) => conv(p.at(name).at("eval_conv"), x, channels, 3);
  const mean = o.constant(Float32Array.from(MEAN), [1, 3, 1, 1]);
  const first = folded("conv_1", input === "normalised" ? o.mul(o.sub(lq, mean), RANGE) : lq);
  let h = first;
  const outputs: o.Value[] = [];
  let inner = first;
  for (let i = 1; i <= BLOCKS; i++) {
    // The published activation works in place, so what block 6 hands on is a after it.
    inner = o.silu(folded(`block_${i}.c1_r`, h));
    const c = folded(`block_${i}.c3_r`, o.silu(folded(`block_${i}.c2_r`, inner)));
    h = o.mul(o.add(c, h), o.sub(o.sigmoid(c), 0.5));
    outputs.push(h);
  }
  const joined = o.concat([first, folded("conv_2", h), outputs[0], inner], 1);
  const features = conv(p.at("conv_cat"), joined, channels, 1);
  return o.pixelShuffle(conv(p.at("upsampler.0"), features, 3 * scale ** 2, 3), scale);
}
