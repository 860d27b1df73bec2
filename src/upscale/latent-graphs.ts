/**
 * A model of an autoencoder's latents, as SAMSR, SinSR and ResShift publish them: z_y = encode(bicubic image), the
 * denoiser works on that, and decoding its prediction quantises it first.
 *
 * Each part is a session of its own: together they would need the memory of all at once, and an abort would wait for
 * all of them.
 */
import type { LatentModel } from "../checkpoints/index.js";
import {
  bicubicLatent,
  decode,
  encode,
  fromLatent,
  quantise,
  sizeMultiple,
  swinUNet,
} from "../networks/index.js";
import * as o from "../onnx/index.js";
import type { Kind } from "./kind-type.js";
import type { Stage } from "./stage.js";

/**
 * Measured with networks of the published sizes and random weights on a photo of 128 x 128, as the mean difference from
 * the result in one piece, in levels of 255, within 4 pixels of the middle of a hand-over and (in brackets) where a tile stands
 * alone; test/seams.test.ts has the measure:
 *
 *     tile 64: overlap 0  42.5 (9.9)   8  9.9 (10.1)   16  8.8 (9.7)
 *
 * So 8 is enough; 16 would take half as many tiles again on a large photo. A tile of 64 takes 2.4 GB, one of 128 takes
 * 5.5 GB for no less work a pixel.
 */
const TILE = 64;
const OVERLAP = 8;

type Model = Pick<LatentModel, "config" | "autoencoder" | "schedule" | "method" | "variant">;

/** One denoiser for the single step and for chains. */
export function latentKind({ config, autoencoder, schedule, method, variant }: Model): Kind {
  const channels = autoencoder.latentChannels;
  const first: Stage = {
    name: "encoder",
    output: "y",
    part: "encode",
    weights: "autoencoder",
    graph: (p, { lq }) => encode(p, autoencoder, fromLatent(bicubicLatent(lq))),
  };
  const last: Stage = {
    name: "decoder",
    output: "hr",
    part: "decode",
    weights: "autoencoder",
    graph(p, { x0 }) {
      const { quantised } = quantise(p, autoencoder, x0);
      return o.clip(decode(p, autoencoder, quantised), -1, 1);
    },
  };
  const step: Stage = {
    name: "single step",
    output: "x0",
    part: "network",
    weights: "denoiser",
    graph(p, { lq, y, noise, sigma, scale }) {
      const x = o.mul(o.add(y, o.mul(sigma, noise)), scale);
      return swinUNet(p, config, x, o.constant([schedule.steps - 1]), lq);
    },
  };
  return {
    channels,
    multiple: sizeMultiple(config),
    defaults: { method, variant, tile: TILE, overlap: OVERLAP },
    stageByStage: true,
    cache: { sizes: 1, pixels: 0 },
    singleStep: [first, step, last],
    encode: first,
    denoise: {
      name: "denoiser",
      output: "x0",
      part: "network",
      weights: "denoiser",
      graph: (p, { x, t, lq }) => swinUNet(p, config, x, t, lq),
    },
    decode: last,
  };
}
