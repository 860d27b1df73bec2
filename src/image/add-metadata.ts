/** Metadata put into what an encoder wrote, container by container. */
import type { Carried } from "./carry.js";
import { avifWith } from "./containers/bmff.js";
import { jpegWith } from "./containers/jpeg.js";
import { pngHead } from "./containers/png.js";
import { replaceHead, type Store } from "./containers/store.js";
import { addToTiff } from "./containers/tiff.js";
import { webpWith } from "./containers/webp.js";
import type { OutputFormat } from "./formats.js";
import { hasAlpha, type Raster } from "./raster.js";

/**
 * Writes what `carry` found into an encoded file, in place of whatever its encoder wrote of the kind.
 * @param raster what was encoded; of an animation, one frame
 */
export async function addMetadata(
  store: Store,
  raster: Raster,
  format: OutputFormat,
  carried: Carried,
): Promise<void> {
  const { width, height } = raster;
  if (format === "png") {
    const { head, replaces } = pngHead(await store.read(0, 2 ** 16), carried);
    return replaceHead(store, head, replaces);
  }
  if (format === "tiff") {
    const { density, icc, xmp, iptc, exifFields } = carried;
    await addToTiff(store, { density, icc, xmp, iptc, exif: exifFields });
    return;
  }
  const bytes = await store.read(0, await store.size());
  if (format === "jpeg") return replaceHead(store, jpegWith(bytes, carried), bytes.length);
  if (format === "webp") {
    const size = { width, height, alpha: hasAlpha(raster) };
    return replaceHead(store, webpWith(bytes, size, carried), bytes.length);
  }
  if (format === "avif") return replaceHead(store, avifWith(bytes, carried), bytes.length);
}
