/** What goes into a page's codecs and comes out of them; without the codecs, which are a worker's. */
import type { EncodeOptions } from "../image/encoding.js";
import { formatLike, type InputFormat, type OutputFormat } from "../image/formats.js";
import type { Metadata } from "../image/metadata/index.js";
import type { Raster } from "../image/raster.js";

/** What a page makes of a file. */
export interface PagePicture {
  readonly raster: Raster;
  readonly metadata: Metadata;
  /** What did not come along, each the end of a sentence that begins with the file's name. */
  readonly warnings: readonly string[];
}

/** The formats that browsers encode. */
export type PageFormat = Extract<OutputFormat, "png" | "jpeg" | "webp">;

/** How a result is encoded. */
export interface PageEncodeOptions extends Omit<EncodeOptions, "format" | "lossless"> {
  readonly format: PageFormat;
}

/** Returns the format for the result of a picture that came in another: one that browsers encode. */
export function pageFormatLike(read: InputFormat): PageFormat {
  const like = formatLike(read);
  return like === "jpeg" || like === "webp" ? like : "png";
}
