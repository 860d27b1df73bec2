/**
 * The encoder of AVIF passes metadata on from the image it reads, but raw pixels have none to pass on, and its own ways
 * to attach a profile convert the pixels to it. So the metadata travels in a black PNG of one pixel that holds
 * profile, EXIF, XMP and density. The encoder stretches it to the size of the output and adds the pixels by OR, which
 * changes nothing and works at both bit depths.
 */
import { deflateSync } from "node:zlib";
import type { Raw, Sharp } from "sharp";
import sharp from "sharp";
import type { Carried } from "./carry.js";
import { join } from "./containers/bytes.js";
import { pngChunk, pngHead, pngSignature } from "./containers/png.js";
import type { Raster } from "./raster.js";
import { bitDepth } from "./raster.js";

const colourTypes = { 1: 0, 2: 4, 3: 2, 4: 6 } as const;

/** An image of the raster's pixels that has the metadata and will pass it on. */
export function withMetadata(raster: Raster, carried: Carried): Sharp {
  const { width, height, channels, data } = raster;
  const raw = { width, height, channels };
  let image = sharp(metadataPng(raster, carried), { limitInputPixels: false })
    .extend({ right: width - 1, bottom: height - 1, extendWith: "copy" })
    // The operand may be any typed array, like an input; the types know only of Buffer.
    .boolean(data as Buffer, "or", { raw, limitInputPixels: false } as { raw: Raw });
  if (carried.icc !== undefined) image = image.keepIccProfile();
  if (carried.xmp !== undefined) image = image.keepXmp();
  // Asked to keep EXIF where there is none, the encoder makes some up.
  if (carried.exif !== undefined) image = image.keepExif();
  return image;
}

/** A one-pixel PNG of the raster's channels and depth, all zeros, that holds the metadata. */
function metadataPng(raster: Raster, { icc, exif, xmp, density }: Carried): Uint8Array {
  const { channels } = raster;
  const bits = bitDepth(raster);
  const header = Uint8Array.of(0, 0, 0, 1, 0, 0, 0, 1, bits, colourTypes[channels], 0, 0, 0);
  const pixel = deflateSync(new Uint8Array(1 + (channels * bits) / 8));
  const bare = join(
    pngSignature,
    pngChunk("IHDR", header),
    pngChunk("IDAT", pixel),
    pngChunk("IEND", new Uint8Array(0)),
  );
  const { head, replaces } = pngHead(bare, { icc, exif, xmp, density });
  return join(head, bare.subarray(replaces));
}
