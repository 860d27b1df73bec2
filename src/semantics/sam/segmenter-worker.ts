/** The worker thread of `startSegmenter`. */
import type { Raster } from "../../image/raster.js";
import { type CallContext, serveThread } from "../../runtime/index.js";
import type { SamOptions } from "./options.js";
import { createSegmenter, type Segmenter, type SegmenterOptions } from "./segmenter.js";

let segmenter: Segmenter | undefined;

export const functions = serveThread({
  open(options: SegmenterOptions) {
    segmenter = createSegmenter(options);
  },
  masksOf: ({ picture, options }: { picture: Raster; options?: SamOptions }, context: CallContext) =>
    segmenter!.masksOf(picture, options, context),
  close: () => segmenter?.release(),
});
