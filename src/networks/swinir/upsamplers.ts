/** The ends of SwinIR, from features [N, C, H, W] to the large picture. */
import { conv, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { SwinIRConfig } from "./config.js";

export function upsampled(p: Scope, config: SwinIRConfig, x: o.Value): o.Value {
  return UPSAMPLERS[config.upsampler](p, config, x);
}

type Upsampler = (p: Scope, config: SwinIRConfig, x: o.Value) => o.Value;

const UPSAMPLERS: Readonly<Record<SwinIRConfig["upsampler"], Upsampler>> = {
  pixelshuffle(p, config, x) {
    const { features, scale } = config;
    let h = before(p, config, x);
    const steps = scale === 3 ? [3] : new Array<number>(Math.log2(scale)).fill(2);
    steps.forEach((step, i) => {
      h = o.pixelShuffle(conv(p.at("upsample").at(2 * i), h, features * step ** 2, 3), step);
    });
    return conv(p.at("conv_last"), h, config.channels, 3);
  },
  pixelshuffledirect: (p, { channels, scale }, x) =>
    o.pixelShuffle(conv(p.at("upsample.0"), x, channels * scale ** 2, 3), scale),
  "nearest+conv"(p, config, x) {
    const leaky = (name: string, h: o.Value) => o.leakyRelu(conv(p.at(name), h, config.features, 3), 0.2);
    let h = before(p, config, x);
    for (let i = 1; 2 ** i <= config.scale; i++) h = leaky(`conv_up${i}`, o.upsampleNearest(h, 2));
    return conv(p.at("conv_last"), leaky("conv_hr", h), config.channels, 3);
  },
  none: (p, { channels }, x) => conv(p.at("conv_last"), x, channels, 3),
};

/** Computes the activation before enlarging, whose slope is not that of the others. */
function before(p: Scope, { features }: SwinIRConfig, x: o.Value): o.Value {
  return o.leakyRelu(conv(p.at("conv_before_upsample.0"), x, features, 3), 0.01);
}
