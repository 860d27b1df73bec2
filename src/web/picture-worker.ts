/** The worker thread in which a page's pictures are decoded, encoded and looked at. */
import type { Limits } from "../image/limits.js";
import type { Raster } from "../image/raster.js";
import { type CallContext, serveThread } from "../runtime/index.js";
import { heatPicture } from "../semantics/drawing/overlay.js";
import { createCoverageSource } from "../semantics/index.js";
import { toImageData } from "./image-data.js";
import type { PageEncodeOptions } from "./picture-types.js";
import { decodePicture, encodePicture } from "./pictures.js";

const bufferOf = ({ data }: { readonly data: ArrayBufferView }) => data.buffer as ArrayBuffer;

export const functions = serveThread({
  async decode({ file, name, limits }: { file: Blob; name?: string; limits?: Limits }, context: CallContext) {
    const picture = await decodePicture(file, name, limits);
    return context.transfer(picture, [bufferOf(picture.raster)]);
  },

  encode({ raster, options }: { raster: Raster; options: PageEncodeOptions }) {
    return encodePicture(raster, options);
  },

  /** Tells how many regions cover each pixel, as a picture of colours that rise with the number. */
  async coverage({ raster }: { raster: Raster }, context: CallContext) {
    const { coverage } = await createCoverageSource("regions").find(raster);
    const most = coverage.counts.reduce((a, b) => Math.max(a, b), 1);
    const image = toImageData(heatPicture(coverage.counts, coverage, most));
    return context.transfer(image, [bufferOf(image)]);
  },
});
