import sharp from "sharp";
import type { Raster } from "../../image/raster.js";

/** What a JPEG file of this quality leaves of an 8-bit RGB picture: a real encoder and decoder, off the main thread. */
export async function jpegRoundTrip(
  picture: Raster,
  quality: number,
  chromaSubsampling: "4:2:0" | "4:4:4" = "4:2:0",
): Promise<Raster> {
  const { width, height, data } = picture;
  const file = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling })
    .toBuffer();
  return { width, height, channels: 3, data: await sharp(file).raw().toBuffer() };
}
