/**
 * The degradation predictor of DASR (Liang, Zeng, Zhang 2022, arXiv 2203.10256). Parameter names are those of
 * the published file.
 */
import { conv, linear, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import type { DasrPredictorConfig } from "./config.js";

/** The number of the convolution that halves the sides: of six of 5 x 5 the fourth. */
const HALVES = 3;
const CONVOLUTIONS = 6;

/** A pixel of the features is a square of STRIDE pixels a side, and depends on those up to REACH away. */
export const STRIDE = 2;
export const REACH = 16;

/**
 * Returns what every pixel says of the degradation: [N, D, H / 2, W / 2], rounded up, of lq [N, 3, H, W] from
 * 0 to 1.
 */
export function degradationFeatures(p: Scope, config: DasrPredictorConfig, lq: o.Value): o.Value {
  let h = lq;
  for (let i = 0; i < CONVOLUTIONS; i++) {
    const channels = i === CONVOLUTIONS - 1 ? config.parameters : config.features;
    const stride = i === HALVES ? STRIDE : 1;
    h = o.leakyRelu(conv(p.at("ConvNet").at(2 * i), h, channels, 5, { stride }), 0.2);
  }
  return h;
}

/**
 * Returns the experts' weights [N, K] of a degradation [N, D]: they may be negative, and need not add up to
 * 1.
 */
export function expertWeights(
  p: Scope,
  { hidden, experts }: DasrPredictorConfig,
  degradation: o.Value,
): o.Value {
  return linear(p.at("MappingNet.1"), linear(p.at("MappingNet.0"), degradation, hidden), experts);
}
