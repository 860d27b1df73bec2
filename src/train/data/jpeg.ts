import type { Raster } from "../../image/raster.js";
import { fromYcc, type Plane, toYcc, type YccPlanes } from "./jpeg/colour.js";
import { quantisePlane } from "./jpeg/dct.js";
import { quantiserOf } from "./jpeg/quantiser.js";
import { double, fillEdges, halve } from "./jpeg/sampling.js";

/**
 * Returns what a JPEG file of this quality leaves of an 8-bit RGB picture: what libjpeg writes and reads
 * again, to the bit.
 *
 * All that is lost is lost in whole numbers before the file is written and after it is read, so none is. A
 * training crop is so small that making and opening a file costs many times what is computed here.
 *
 * @param quality 1 .. 100, whole
 */
export function jpegRoundTrip(
  picture: Raster,
  quality: number,
  chromaSubsampling: "4:2:0" | "4:4:4" = "4:2:0",
): Raster {
  const { width, height } = picture;
  const steps = quantiserOf(quality);
  const [luma, ...colour] = toYcc(picture);
  const pass = (plane: Plane, of: Int32Array) => {
    quantisePlane(plane.data, plane.stride, plane.rows, of);
    return plane;
  };
  fillEdges(luma);
  pass(luma, steps.luma);
  const [blue, red] = colour.map((plane) => {
    if (chromaSubsampling === "4:2:0") return double(pass(halve(plane), steps.chroma), width, height);
    fillEdges(plane);
    return pass(plane, steps.chroma);
  });
  const planes: YccPlanes = [luma, blue, red];
  return { width, height, channels: 3, data: fromYcc(planes) };
}
