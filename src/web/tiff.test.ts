import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { decodeTiff } from "./tiff.js";

const [width, height] = [19, 11];

/** A picture of 16 bits that uses all of them. */
function words(channels: 1 | 3 | 4): Uint16Array {
  return Uint16Array.from({ length: width * height * channels }, (_, i) => (i * 40503) & 65535);
}

const raw = (data: Uint8Array | Uint16Array, channels: 1 | 3 | 4) =>
  sharp(data, { raw: { width, height, channels } });

const written = async (image: Sharp) => new Uint8Array(await image.toBuffer());

describe("decodeTiff", () => {
  it.each(["none", "lzw", "deflate"] as const)(
    "keeps all values of 16 bits, compressed by %s",
    async (compression) => {
      for (const [channels, space] of [
        [1, "grey16"],
        [3, "rgb16"],
        [4, "rgb16"],
      ] as const) {
        const data = words(channels);
        const bytes = await written(
          raw(data, channels).toColourspace(space).tiff({ compression, predictor: "none" }),
        );
        const { raster, sampleBits, more } = await decodeTiff(bytes);
        expect(raster).toMatchObject({ width, height, channels });
        expect(raster.data).toEqual(data);
        expect([sampleBits, more]).toEqual([16, false]);
      }
    },
  );

  it("reads 8 bits with differences, one bit, and a profile", async () => {
    const data = Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * 37) & 255);
    const profiled = raw(data, 3).withIccProfile("p3").tiff({ compression: "lzw", predictor: "horizontal" });
    const { raster, header } = await decodeTiff(await written(profiled));
    expect(raster.data.length).toBe(data.length);
    expect(header.icc!.length).toBeGreaterThan(100);

    const black = raw(
      Uint8Array.from(
        data.filter((_, i) => i % 3 === 0),
        (v) => (v > 127 ? 255 : 0),
      ),
      1,
    );
    const bits = await written(
      black.clone().toColourspace("b-w").tiff({ bitdepth: 1, compression: "deflate", predictor: "none" }),
    );
    const one = await decodeTiff(bits);
    expect(one.sampleBits).toBe(1);
    expect([...one.raster.data]).toEqual([...(await sharp(bits).toColourspace("b-w").raw().toBuffer())]);
  });

  it("refuses what it would read wrong, and what is cut", async () => {
    const data = Uint8Array.from({ length: 3 * 64 * 64 }, (_, i) => i & 255);
    const image = () => sharp(data, { raw: { width: 64, height: 64, channels: 3 } });
    const tiled = await written(image().tiff({ tile: true, tileWidth: 16, tileHeight: 16 }));
    await expect(decodeTiff(tiled)).rejects.toThrow("tiles of colours");
    await expect(decodeTiff(await written(image().tiff({ compression: "jpeg" })))).rejects.toThrow();
    const cmyk = await written(image().toColourspace("cmyk").tiff({ compression: "none" }));
    await expect(decodeTiff(cmyk)).rejects.toThrow("image type: 5");
    const whole = await written(image().tiff({ compression: "lzw" }));
    for (const length of [8, 100, whole.length >> 1]) {
      await expect(decodeTiff(whole.slice(0, length))).rejects.toThrow();
    }
  });
});
