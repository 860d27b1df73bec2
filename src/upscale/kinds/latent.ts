/**
 * A model of an autoencoder's latents, as SAMSR, SinSR and ResShift publish them: z_y = encode(bicubic
 * image), the denoiser works on that, and decoding its prediction quantises it first. One denoiser takes the
 * one step and the chain.
 *
 * Each part is a session of its own: together they would need the memory of all at once, and an abort would
 * wait for all of them. Sessions are large and latents small, so each part goes over all tiles before the
 * next one begins. y of the whole image is then there before its masks, and the released code looks for them
 * in it.
 */
import type { LatentModel } from "../../checkpoints/index.js";
import type { Raster } from "../../image/raster.js";
import { type Autoencoding, bicubicLatent, type Denoising, fromLatent, SCALE } from "../../networks/index.js";
import { latentPicture } from "../../semantics/index.js";
import { blendLatents, pictureOf } from "../latents.js";
import type { TilePicture } from "../tile-pictures.js";
import { decoderGraph, denoiserGraph, oneStep, tracedChain } from "./denoising.js";
import type { ModelKind, TileGraph } from "./kind.js";

/**
 * Measured with networks of the published sizes and random weights on a photo of 128 x 128, as the mean
 * difference from the result in one piece, in levels of 255, within 4 pixels of the middle of a hand-over and
 * (in brackets) where a tile stands alone; test/seams.test.ts has the measure:
 *
 *     tile 64: overlap 0  42.5 (9.9)   8  9.9 (10.1)   16  8.8 (9.7)
 *
 * So 8 is enough; 16 would take half as many tiles again on a large photo. A tile of 64 takes 2.4 GB, one of
 * 128 takes 5.5 GB for no less work a pixel.
 */
const TILE = 64;
const OVERLAP = 8;

/**
 * Makes a kind of a denoiser of an autoencoder's latents.
 * @param space the autoencoder, and `autoencoder` its configuration
 */
export function latentKind(
  { config, schedule, m, method, variant, coefficients = "both", noise = "sam" }: LatentModel,
  network: Denoising<unknown>,
  space: Autoencoding<unknown>,
  autoencoder: unknown,
): ModelKind {
  const channels = space.channels(autoencoder);
  const encoder: TileGraph = {
    name: "encoder",
    output: "y",
    timed: "encode",
    weights: "autoencoder",
    build: (p, { lq }) => space.encode(p, autoencoder, fromLatent(bicubicLatent(lq))),
  };
  const step: TileGraph = {
    name: "single step",
    output: "x0",
    timed: "network",
    weights: "denoiser",
    build: (p, tensors) => oneStep(p, network, { config, steps: schedule.steps }, tensors),
  };
  const denoiser = denoiserGraph(network, config, "denoiser");
  const decoder = decoderGraph("autoencoder", (p, x0) => space.decode(p, autoencoder, x0));
  return {
    scale: SCALE,
    multiple: network.multiple(config),
    tile: TILE,
    overlap: OVERLAP,
    keptBytes: 0,
    diffusion: { channels, schedule, m, method, variant, coefficients, noise },
    onePass: [encoder, step, decoder],
    graphs: [encoder, step, denoiser, decoder],

    show: decoder,

    async enlarge(walk) {
      const { raster, plan, tiles, run, each, diffuse, paint, release, trace, alone } = walk;
      const ys = new Map<TilePicture, Float32Array>();
      const x0s = new Map<TilePicture, Float32Array>();
      // The two parts that need most memory are not held at once.
      await release(decoder);
      await each("latents", async (picture) =>
        ys.set(picture, await run(encoder, { lq: picture.lq() }, picture.tile)),
      );
      await release(encoder);
      let lookedAt: (i: number) => Raster;
      if (alone) {
        const [w, h] = [plan.tileWidth, plan.tileHeight];
        lookedAt = (i) => latentPicture(ys.get(tiles[i].colour)!, w, h);
      } else {
        // Where tiles overlap, all of them denoise the same latent.
        const latents = blendLatents(plan, channels, (i) => ys.get(tiles[i].colour)!);
        for (const { tile, colour } of tiles) ys.set(colour, latents.cut(tile));
        lookedAt = () => pictureOf(latents, raster);
      }
      const diffusion = await diffuse(lookedAt);
      await each("denoise", async (picture) => {
        const [{ tile }, lq, y] = [picture, picture.lq(), take(ys, picture)];
        if (walk.oneStep) {
          const x0 = await run(step, { lq, y, ...(await diffusion.start(tile)) }, tile);
          trace?.(picture, { ...(await diffusion.startingPoint(tile, y)), x0 });
          x0s.set(picture, x0);
          return;
        }
        const predict = (x: Float32Array, t: Float32Array) => run(denoiser, { x, t, lq }, tile);
        x0s.set(picture, await tracedChain(diffusion, { picture, trace }, y, predict));
      });
      await paint((picture) => run(decoder, { x0: take(x0s, picture) }, picture.tile));
    },
  };
}

/** Takes an entry out of a map, so that its memory lives no longer than it is needed. */
function take<K, V>(map: Map<K, V>, key: K): V {
  const value = map.get(key)!;
  map.delete(key);
  return value;
}
