/**
 * The generator of DASR (Liang, Zeng, Zhang 2022, arXiv 2203.10256): a plain residual network whose every
 * kernel is mixed, for each picture, of those of several experts. Parameter names are those of the published
 * file.
 */
import { fanIn, type Scope, zeros } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { DasrConfig } from "./config.js";

/**
 * Makes [N, 3, s H, s W] of lq [N, 3, H, W], RGB from 0 to 1.
 * @param weights [N, K] of the experts, the same in all layers
 */
export function dasr(p: Scope, config: DasrConfig, lq: o.Value, weights: o.Value): o.Value {
  const pictures = o.split(lq, lq.shape[0], 0);
  const mixtures = o.split(weights, lq.shape[0], 0);
  return o.concat(
    pictures.map((one, i) => enlargeOne(p, config, one, mixtures[i])),
    0,
  );
}

function enlargeOne(p: Scope, config: DasrConfig, lq: o.Value, weights: o.Value): o.Value {
  const { features, blocks, scale } = config;
  const conv = (own: Scope, x: o.Value, channels: number) => mixedConv(own, x, channels, weights);
  const leaky = (x: o.Value) => o.leakyRelu(x, 0.1);
  let h = leaky(conv(p.at("conv_first"), lq, features));
  for (let i = 0; i < blocks; i++) {
    const own = p.at("body").at(i);
    h = o.add(h, conv(own.at("conv2"), o.relu(conv(own.at("conv1"), h, features)), features));
  }
  const steps = scale === 4 ? [2, 2] : [scale];
  steps.forEach((step, i) => {
    h = leaky(o.pixelShuffle(conv(p.at(`upconv${i + 1}`), h, features * step ** 2), step));
  });
  const made = conv(p.at("conv_last"), leaky(conv(p.at("conv_hr"), h, features)), 3);
  return o.add(made, bilinear(lq, scale));
}

/**
 * Returns a 3 x 3 convolution of x [1, C, H, W] whose kernel is the sum of the experts' by their weights [1,
 * K].
 */
function mixedConv(p: Scope, x: o.Value, channels: number, weights: o.Value): o.Value {
  const [experts, inputs] = [weights.shape[1], x.shape[1]];
  const kernels = p.parameter("weight", [experts, channels, inputs, 3, 3], fanIn());
  const biases = p.parameter("bias", [experts, channels], zeros);
  const kernel = o.matmul(weights, o.reshape(kernels, [experts, channels * inputs * 9]));
  const bias = o.reshape(o.matmul(weights, biases), [channels]);
  return o.conv(x, o.reshape(kernel, [channels, inputs, 3, 3]), bias, { padding: 1 });
}

/** Enlarges x [1, C, H, W] bilinearly, pixels' centres at their middle and the border repeated. */
function bilinear(x: o.Value, scale: number): o.Value {
  const [n, c, h, w] = x.shape;
  const tap = (phase: number, offset: number) =>
    Math.max(0, 1 - Math.abs((phase + 0.5) / scale - 0.5 - offset));
  const kernel = Array.from({ length: scale ** 2 * 9 }, (_, k) => {
    const [place, row, column] = [Math.floor(k / 9), Math.floor((k % 9) / 3) - 1, (k % 3) - 1];
    return tap(Math.floor(place / scale), row) * tap(place % scale, column);
  });
  const single = o.reshape(o.pad(x, [0, 0, 1, 1], [0, 0, 1, 1], "edge"), [n * c, 1, h + 2, w + 2]);
  const squares = o.conv(single, o.constant(kernel, [scale ** 2, 1, 3, 3]));
  return o.reshape(o.pixelShuffle(squares, scale), [n, c, scale * h, scale * w]);
}
