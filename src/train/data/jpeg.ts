import sharp from "sharp";
import type { Rgb } from "./rgb.js";

/** What a JPEG file of this quality leaves of a picture: a real encoder and decoder, off the main thread. */
export async function jpegRoundTrip(
  picture: Rgb,
  quality: number,
  chromaSubsampling: "4:2:0" | "4:4:4" = "4:2:0",
): Promise<Rgb> {
  const { width, height, data } = picture;
  const file = await sharp(data, { raw: { width, height, channels: 3 } })
    .jpeg({ quality, chromaSubsampling })
    .toBuffer();
  return { width, height, data: await sharp(file).raw().toBuffer() };
}
