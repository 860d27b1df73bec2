import { fileURLToPath } from "node:url";
import { createRandom } from "../src/base/random.js";
import { crop, decode, fromTensor, type Raster, resizePlanar, toTensor } from "../src/image/index.js";

/** The clone's root, seen from where this file is compiled to. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** Reads the project's example picture, 192 x 128. */
export async function examplePicture(): Promise<Raster> {
  return (await decode(`${ROOT}/examples/harbour.png`)).raster;
}

/** Cuts a square of 128 x 128 out of the example picture. */
export async function squarePicture(): Promise<Raster> {
  const picture = await examplePicture();
  const side = Math.min(picture.width, picture.height);
  return crop(picture, { x: (picture.width - side) >> 1, y: 0, width: side, height: side });
}

/**
 * Makes a picture of any size: the example enlarged, with a photo's grain laid over (deviation 3 levels),
 * because a codec and a segmentation have less to do on smooth surfaces.
 */
export async function grainyPicture(width: number, height: number): Promise<Raster> {
  const picture = width === height ? await squarePicture() : await examplePicture();
  const from = { channels: 3, width: picture.width, height: picture.height };
  const planar = resizePlanar(toTensor(picture), from, { width, height });
  const grain = createRandom(1).normals(new Float32Array(planar.length));
  for (let i = 0; i < planar.length; i++) planar[i] += (3 / 127.5) * grain[i];
  return fromTensor(planar, { width, height, channels: 3 });
}
