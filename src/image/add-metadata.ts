/** Metadata put into what an encoder wrote, container by container. */
import type { Carried } from "./carry.js";
import { avifWith } from "./containers/bmff.js";
import { jpegWith } from "./containers/jpeg.js";
import { pngHead } from "./containers/png.js";
import { replaceHead, type Store } from "./containers/store.js";
import { addToTiff } from "./containers/tiff.js";
import { webpWith } from "./containers/webp.js";
import type { OutputFormat } from "./formats.js";

/**
 * Writes what `carry` found into an encoded file, in place of whatever its encoder wrote of the kind.
 * @param picture the size of what was encoded, of an animation that of one frame, and whether it has alpha
 */
export async function addMetadata(
  store: Store,
  picture: { readonly width: number; readonly height: number; readonly alpha: boolean },
  format: OutputFormat,
  carried: Carried,
): Promise<void> {
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
    return replaceHead(store, webpWith(bytes, picture, carried), bytes.length);
  }
  if (format === "avif") return replaceHead(store, avifWith(bytes, carried), bytes.length);
}
