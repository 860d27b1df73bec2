/**
 * A model of latent diffusion: it makes a latent out of noise alone, and the small picture, which has the
 * latent's size, leads it in every step. Of a picture larger than a tile the whole latent walks the chain,
 * and in each step the tiles' predictions are blended: so tiles agree all the way, and no seam is left that
 * decoding could show.
 */
import { ddimChain, ddimTimesteps, onArrays, signalShares } from "../../diffusion/index.js";
import { cropPlanar } from "../../image/raster.js";
import { type Diffusing, SCALE } from "../../networks/index.js";
import { createNoise } from "../../semantics/index.js";
import { blendLatents } from "../latents.js";
import type { TilePicture } from "../tile-pictures.js";
import { decoderGraph } from "./denoising.js";
import type { ModelKind, TileGraph, Walk } from "./kind.js";

const TILE = 64;
const OVERLAP = 16;

/**
 * Makes a kind of a network that makes latents out of noise by DDIM.
 * @param weights the name of the network's weights in the description
 */
export function diffusionKind<Config>(
  weights: string,
  config: Config,
  network: Diffusing<Config>,
): ModelKind {
  const denoiser: TileGraph = {
    name: "denoiser",
    output: "eps",
    timed: "network",
    weights,
    build: (p, { x, t, lq }) => network.predict(p, config, { x, t, lq }),
  };
  const decoder = decoderGraph(weights, (p, x0) => network.decode(p, config, x0));
  const channels = network.channels(config);
  const shares = signalShares(network.noise);
  return {
    scale: SCALE,
    multiple: network.multiple(config),
    tile: TILE,
    overlap: OVERLAP,
    keptBytes: 0,
    ddim: { channels, shares },
    onePass: [denoiser, decoder],
    graphs: [denoiser, decoder],

    async enlarge({ plan, tiles, ddim, run, count, paint, release }) {
      const { seed, steps, ddimEta: eta } = ddim!;
      const size = {
        width: Math.max(plan.width, plan.tileWidth),
        height: Math.max(plan.height, plan.tileHeight),
      };
      const noise = (stream: number) =>
        createNoise({ seed, ...size, channels, stream }).fill(0, 0, size.width, size.height);
      const alphas = tiles.flatMap(({ alpha }) => alpha ?? []);
      const step = count(
        "denoise",
        ddimTimesteps(shares.length, steps).length * (tiles.length + alphas.length),
      );
      await release(decoder);

      /** The latent of one picture a tile; where a tile has none, nothing is made. */
      const walk = async (pictures: readonly (TilePicture | undefined)[]) => {
        // Stream 0 is where the chain starts.
        const stepNoise = (timestep: number) => noise(timestep + 1);
        const chain = ddimChain(onArrays.algebra, { shares, steps, eta, xT: noise(0), stepNoise });
        let asked = chain.next();
        while (!asked.done) {
          const { x, timestep } = asked.value;
          const predicted: Float32Array[] = [];
          for (const [i, picture] of pictures.entries()) {
            const { tile } = tiles[i];
            if (picture) await step();
            const shape = { ...size, channels };
            predicted.push(
              picture
                ? await predict(run, picture, cropPlanar(x, shape, tile), timestep)
                : new Float32Array(channels * tile.width * tile.height),
            );
          }
          asked = chain.next(blendLatents(plan, channels, (i) => predicted[i]).data);
        }
        return asked.value;
      };
      const predict = (run: Walk["run"], picture: TilePicture, x: Float32Array, timestep: number) =>
        run(denoiser, { x, t: Float32Array.of(timestep), lq: picture.lq() }, picture.tile);

      const colour = await walk(tiles.map(({ colour }) => colour));
      const alpha = alphas.length > 0 ? await walk(tiles.map(({ alpha }) => alpha)) : undefined;
      await step();
      await release(denoiser);
      const isAlpha = new Set(alphas);
      await paint((picture) => {
        const latent = isAlpha.has(picture) ? alpha! : colour;
        const { tile } = picture;
        return run(decoder, { x0: cropPlanar(latent, { ...size, channels }, tile) }, tile);
      });
    },
  };
}
