/** The parts around the network, each by itself. */
import {
  createMosaic,
  createRaster,
  decode,
  encode,
  intoRaster,
  planTiles,
  toTensor,
} from "../src/image/index.js";
import { LATENT_CHANNELS, SCALE } from "../src/networks/index.js";
import { createNoise, segmentRegions } from "../src/semantics/index.js";
import { takeTurns } from "./measure.js";
import { grainyPicture } from "./picture.js";
import { type Bench, figure } from "./report.js";

const SIDE = 512;

export const bench: Bench = async ({ rounds = 25 }) => {
  const raster = await grainyPicture(SIDE, SIDE);
  const png = await encode(raster, { format: "png" });
  const jpeg = await encode(raster, { format: "jpeg" });
  const image = { ...raster, data: raster.data as Uint8Array };
  const { coverage, count } = segmentRegions(image);
  const plan = planTiles(SIDE / SCALE, SIDE / SCALE, { tile: 64, overlap: 16 });
  const tile = toTensor(raster, {
    x: 0,
    y: 0,
    width: plan.tileWidth * SCALE,
    height: plan.tileHeight * SCALE,
  });
  const size = { seed: 1, width: SIDE / SCALE, height: SIDE / SCALE, channels: LATENT_CHANNELS };

  const times = await takeTurns(
    {
      "decode PNG": () => decode(png),
      "decode JPEG": () => decode(jpeg),
      "encode PNG": () => encode(raster, { format: "png" }),
      "encode JPEG": () => encode(raster, { format: "jpeg" }),
      [`regions (${count} found)`]: () => segmentRegions(image),
      [`SAM-noise, ${LATENT_CHANNELS} x ${SIDE} x ${SIDE}, not kept`]: () =>
        createNoise({ ...size, width: SIDE, height: SIDE, coverage }).fill(0, 0, SIDE, SIDE),
      [`plain noise, ${LATENT_CHANNELS} x ${size.height} x ${size.width}`]: () =>
        createNoise(size).fill(0, 0, size.width, size.height),
      [`mosaic of ${plan.tiles.length} tiles`]: async () => {
        const onRows = intoRaster(createRaster(SIDE, SIDE, 3));
        const mosaic = createMosaic(plan, { channels: 3, scale: SCALE, onRows });
        for (const _ of plan.tiles) await mosaic.add(tile);
      },
    },
    { rounds },
  );
  return {
    about: `Pictures of ${SIDE} x ${SIDE} pixels in RGB, 8 bits.`,
    figures: Object.entries(times).map(([name, samples]) => figure(name, "ms", samples)),
  };
};
