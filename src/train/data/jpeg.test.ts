import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { jpegRoundTrip } from "./jpeg.js";

const random = createRandom(3);

const PICTURES = {
  noise: () => random.integer(256),
  "black and white": () => 255 * random.integer(2),
  "a soft pattern": (i: number) => Math.round(128 + 60 * Math.sin(i / 40) + random.integer(20)),
};

function picture(of: keyof typeof PICTURES, width: number, height: number) {
  const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => PICTURES[of](i));
  return { width, height, channels: 3, data } as const;
}

const SIZES = [
  [32, 32],
  [16, 24],
  // Not whole blocks, colour of an odd size, colour too narrow to be smoothed.
  [45, 31],
  [4, 9],
  [1, 1],
] as const;

describe("jpegRoundTrip", () => {
  it.each(Object.keys(PICTURES) as (keyof typeof PICTURES)[])(
    "makes of %s what a file that is written and read makes of it",
    async (of) => {
      for (const [width, height] of SIZES) {
        for (const quality of [10, 49, 70, 85, 98, 100]) {
          for (const chromaSubsampling of ["4:2:0", "4:4:4"] as const) {
            const made = picture(of, width, height);
            const raw = { width, height, channels: 3 } as const;
            const file = await sharp(made.data, { raw }).jpeg({ quality, chromaSubsampling }).toBuffer();
            const read = await sharp(file).raw().toBuffer();
            const { data } = jpegRoundTrip(made, quality, chromaSubsampling);
            expect(
              Buffer.from(data).equals(read),
              `${width} x ${height}, ${quality}, ${chromaSubsampling}`,
            ).toBe(true);
          }
        }
      }
    },
  );
});
