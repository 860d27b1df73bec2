/**
 * A model of pixels: a latent is 4 x 4 pixels of the large image as 48 channels. The student takes the one
 * step, the teacher a chain of them.
 *
 * The one step is one graph from pixels to pixels: start, denoiser and the way back from latents cost no trip
 * through JavaScript, and with the timestep a constant the runtime folds its embedding away. A chain leaves
 * the arithmetic between two steps to diffusion/, so its graphs are only what that needs from a network.
 */
import type { PixelModel } from "../../checkpoints/index.js";
import { bitDepth, meanPlane, repeatPlane } from "../../image/raster.js";
import { bicubicLatent, type Denoising, fromLatent, LATENT_CHANNELS, SCALE } from "../../networks/index.js";
import * as o from "../../onnx/index.js";
import { confine, isGrey } from "../confine.js";
import type { TilePicture } from "../tile-pictures.js";
import { denoiserGraph, oneStep, tracedChain } from "./denoising.js";
import { KEPT_SESSION_BYTES, type ModelKind, type TileGraph } from "./kind.js";

/**
 * Measured on 480 x 320 pixels of a photo with samsr-tiny, as the mean difference from the result in one
 * piece, in levels of 255, within 4 pixels of the middle of a hand-over and (in brackets) where a tile stands
 * alone; test/seams.test.ts has the measure:
 *
 *     tile 128: overlap 0  1.89 (0.56)   4  0.66 (0.60)   8  0.50 (0.60)   16  0.57 (0.57)   32  0.39 (0.53)
 *     tile 192:            3.24 (0.49)      0.52 (0.50)      0.32 (0.51)       0.28 (0.48)       0.23 (0.43)
 *     tile 256:            3.10 (0.41)      0.51 (0.36)      0.23 (0.36)       0.25 (0.35)
 *
 * So 8 is enough: a hand-over is no further from the whole than the rest, which differs by what group
 * normalisation takes from the tile. A tile of 256 x 256 pixels is the smallest that lets 512 x 512 be cut
 * into strips, which overlap along one axis only; the whole command then peaks at 711 MB.
 */
export const DEFAULT_TILE = 256;
export const DEFAULT_OVERLAP = 8;

export function pixelKind(model: PixelModel, network: Denoising<unknown>): ModelKind {
  const { config, schedule, m, method = "samsr", variant = "paper" } = model;
  const { detail, weights } = model;
  const { coefficients = "both", noise = "sam" } = model;
  const step: TileGraph = {
    name: "single step",
    output: "hr",
    timed: "network",
    weights: "student",
    sizedBy: "lq",
    build(p, tensors) {
      const y = bicubicLatent(tensors.lq);
      return toPixels(oneStep(p, network, { config, steps: schedule.steps }, { ...tensors, y }));
    },
  };
  const bicubic: TileGraph = {
    name: "bicubic",
    output: "y",
    timed: "encode",
    sizedBy: "lq",
    build: (_, { lq }) => bicubicLatent(lq),
  };
  const denoiser: TileGraph = { ...denoiserGraph(network, config, "teacher"), sizedBy: "lq" };
  const pixels: TileGraph = {
    name: "pixels",
    output: "hr",
    timed: "decode",
    sizedBy: "x0",
    build: (_, { x0 }) => toPixels(x0),
  };
  return {
    scale: SCALE,
    multiple: network.multiple(config),
    tile: DEFAULT_TILE,
    overlap: DEFAULT_OVERLAP,
    keptBytes: KEPT_SESSION_BYTES,
    ...(weights.sharp && {
      detail: { student: "student", sharp: "sharp", standard: detail ?? 0 },
    }),
    diffusion: { channels: LATENT_CHANNELS, schedule, m, method, variant, coefficients, noise },
    onePass: [step],
    graphs: [step, bicubic, denoiser, pixels],

    show: pixels,

    async enlarge({ raster, oneStep: isOneStep, begin, diffuse, paint, run, trace }) {
      if (isOneStep) begin(step);
      const diffusion = await diffuse();
      const grey = isGrey(raster);
      const deep = bitDepth(raster) === 16;
      const pixelsOf = async (picture: TilePicture, lq: Float32Array) => {
        const { tile } = picture;
        if (isOneStep) {
          trace?.(picture, await diffusion.startingPoint(tile, await run(bicubic, { lq }, tile)));
          return run(step, { lq, ...(await diffusion.start(tile)) }, tile);
        }
        const y = await run(bicubic, { lq }, tile);
        const x0 = await tracedChain(diffusion, { picture, trace }, y, (x, t) =>
          run(denoiser, { x, t, lq, y }, tile),
        );
        return run(pixels, { x0 }, tile);
      };
      await paint(async (picture) => {
        const lq = picture.lq();
        const { x, y, width, height } = picture.tile;
        const photo = {
          width: Math.min(width, raster.width - x),
          height: Math.min(height, raster.height - y),
        };
        const large = confine(await pixelsOf(picture, lq), lq, { width, height, photo, scale: SCALE, deep });
        return grey ? repeatPlane(meanPlane(large)) : large;
      });
    },
  };
}

function toPixels(x0: o.Value): o.Value {
  return o.clip(fromLatent(x0), -1, 1);
}
