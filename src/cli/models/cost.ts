/** What a model costs, without running it: counted on the graphs of one tile, whose weights are only shapes. */
import type { ModelDescription } from "../../checkpoints/index.js";
import {
  bicubicLatent,
  decode,
  encode,
  fromLatent,
  gridOf,
  imageEncoder,
  LATENT_CHANNELS,
  maskDecoder,
  pixelDenoiser,
  quantise,
  SCALE,
  type SwinUNetConfig,
  sizeMultiple,
  swinUNet,
  type VqConfig,
} from "../../networks/index.js";
import { createScope, type Scope } from "../../nn/index.js";
import { countFlops } from "../../onnx/flops.js";
import * as o from "../../onnx/index.js";
import { peakBytes } from "../../onnx/memory.js";

export interface Cost {
  /** What runs once for this, such as "denoiser, one step". */
  readonly name: string;
  /** The part of the model whose weights it holds. */
  readonly part: string;
  readonly flops: number;
  /** That are alive at once, weights left out. */
  readonly bytes: number;
}

export interface ModelCost {
  /** What the costs are for, such as "a tile of 64 x 64". */
  readonly per: string;
  readonly costs: readonly Cost[];
}

/** The side of the tile that costs are told for, in low-resolution pixels, or the next that the network takes. */
const TILE = 64;
/** Points that the mask decoder looks at together. */
const POINTS = 64;

export function costOf(description: ModelDescription): ModelCost {
  switch (description.network) {
    case "pixel-denoiser":
      return pixelCost(description.config);
    case "latent-denoiser": {
      const side = sideFor(description.config);
      const [encoder, decoder] = autoencoderCosts(description.autoencoder, side);
      return { per: tile(side), costs: [encoder, latentCost(description.config, side), decoder] };
    }
    case "vq-autoencoder":
      return { per: tile(TILE), costs: autoencoderCosts(description.config, TILE) };
    case "segment-anything": {
      const { imageSize, promptEmbed } = description.config;
      const grid = gridOf(description.config);
      const image = measure("image encoder", "sam", (p) => {
        return imageEncoder(p, description.config, o.input("image", [1, 3, imageSize, imageSize]));
      });
      const masks = measure(`mask decoder, ${POINTS} points`, "sam", (p) => {
        const { lowResLogits, iouPredictions } = maskDecoder(p, description.config, {
          embedding: o.input("embedding", [1, promptEmbed, grid, grid]),
          points: o.input("points", [POINTS, 2, 2]),
          labels: o.input("labels", [POINTS, 2]),
        });
        return [lowResLogits, iouPredictions];
      });
      return { per: `a picture, seen at ${imageSize} x ${imageSize}`, costs: [image, masks] };
    }
  }
}

function pixelCost(config: SwinUNetConfig): ModelCost {
  const side = sideFor(config);
  const cost = measure("denoiser, one step", "student", (p) => {
    const lq = o.input("lq", [1, 3, side, side]);
    const x = o.input("x", [1, LATENT_CHANNELS, side, side]);
    return fromLatent(pixelDenoiser(p, config, x, o.constant([0]), lq, bicubicLatent(lq)));
  });
  return { per: tile(side), costs: [cost] };
}

function latentCost(config: SwinUNetConfig, side: number): Cost {
  return measure("denoiser, one step", "denoiser", (p) => {
    const x = o.input("x", [1, config.outChannels, side, side]);
    return swinUNet(p, config, x, o.constant([0]), o.input("lq", [1, 3, side, side]));
  });
}

function autoencoderCosts(config: VqConfig, side: number): [Cost, Cost] {
  const shrink = 2 ** (config.channelMult.length - 1);
  const image = [1, 3, shrink * side, shrink * side];
  return [
    measure("encoder", "autoencoder", (p) => encode(p, config, o.input("image", image))),
    measure("decoder", "autoencoder", (p) => {
      const { quantised } = quantise(p, config, o.input("z", [1, config.latentChannels, side, side]));
      return decode(p, config, quantised);
    }),
  ];
}

function measure(name: string, part: string, build: (p: Scope) => o.Value | o.Value[]): Cost {
  const outputs = [build(shapesOnly())].flat();
  const { products, others } = countFlops(outputs);
  return { name, part, flops: products + others, bytes: peakBytes(outputs) };
}

/** Parameters as constants that nobody reads: their memory is never touched, so that it costs nothing. */
function shapesOnly(): Scope {
  const known = new Map<string, o.Value>();
  return createScope((name, shape) => {
    const value = known.get(name) ?? o.constant(new Float32Array(o.sizeOf(shape)), shape, name);
    known.set(name, value);
    return value;
  });
}

function sideFor(config: SwinUNetConfig): number {
  const multiple = sizeMultiple(config);
  return Math.ceil(TILE / multiple) * multiple;
}

function tile(side: number): string {
  return `a tile of ${side} x ${side} to ${SCALE * side} x ${SCALE * side}`;
}
