import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import { decode } from "./decode.js";

const width = 40;
const height = 28;

function pixels(channels: 1 | 2 | 3 | 4, bits: 8 | 16 = 8): Uint8Array | Uint16Array {
  const data =
    bits === 16 ? new Uint16Array(width * height * channels) : new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) data[i] = Math.imul(i + 1, 2654435761) >>> (bits === 16 ? 13 : 21);
  return data;
}

function image(channels: 1 | 2 | 3 | 4, bits: 8 | 16 = 8) {
  return sharp(pixels(channels, bits), { raw: { width, height, channels } });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "samsr-decode-"));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function message(input: Uint8Array | string, options?: Parameters<typeof decode>[1]): Promise<string> {
  const error = await decode(input, options).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SamsrError);
  const text = (error as SamsrError).message;
  expect(text).not.toContain("\n");
  return text;
}

describe("what decode reads", () => {
  it("returns 8 and 16 bits exactly as they were, in all four channel counts", async () => {
    const spaces = { 8: ["", "b-w", "b-w", "srgb", "srgb"], 16: ["", "grey16", "grey16", "rgb16", "rgb16"] };
    for (const bits of [8, 16] as const) {
      for (const channels of [1, 2, 3, 4] as const) {
        for (const format of ["png", "tiff"] as const) {
          const source = image(channels, bits).toColourspace(spaces[bits][channels]!);
          const file = await (format === "png"
            ? source.png()
            : source.tiff({ compression: "lzw" })
          ).toBuffer();
          const { raster, metadata } = await decode(file);
          expect([raster.width, raster.height, raster.channels]).toEqual([width, height, channels]);
          expect(raster.data).toEqual(pixels(channels, bits));
          expect(metadata).toMatchObject({
            format,
            bitDepth: bits,
            greyscale: channels < 3,
            hasAlpha: channels % 2 === 0,
            pageCount: 1,
          });
        }
      }
    }
  });

  it("reads JPEG, WebP, AVIF and GIF", async () => {
    const files = {
      jpeg: await image(3).jpeg().toBuffer(),
      webp: await image(4).webp({ lossless: true, exact: true }).toBuffer(),
      avif: await image(4).avif().toBuffer(),
      gif: await image(3).gif().toBuffer(),
    };
    for (const [format, bytes] of Object.entries(files)) {
      const { raster, metadata } = await decode(bytes);
      expect([metadata.format, raster.width, raster.height]).toEqual([format, width, height]);
      expect(raster.channels).toBe(format === "webp" || format === "avif" ? 4 : 3);
    }
    expect((await decode(files.webp)).raster.data).toEqual(pixels(4));
  });

  it("keeps 10 and 12 bits of AVIF in 16", async () => {
    const { raster } = await decode(
      await image(3, 16).toColourspace("rgb16").avif({ bitdepth: 12, lossless: true }).toBuffer(),
    );
    expect(raster.data).toBeInstanceOf(Uint16Array);
    expect(Math.max(...raster.data)).toBeGreaterThan(65535 * 0.9);
  });

  it("keeps a grey JPEG grey", async () => {
    const { raster, metadata } = await decode(await image(1).toColourspace("b-w").jpeg().toBuffer());
    expect(raster.channels).toBe(1);
    expect(metadata.greyscale).toBe(true);
  });

  it("turns a palette into RGB, with a transparent entry into RGBA", async () => {
    const flat = { create: { width: 9, height: 9, background: { r: 200, g: 30, b: 60, alpha: 0.5 } } };
    const opaque = await sharp({ create: { ...flat.create, channels: 3 } })
      .png({ palette: true })
      .toBuffer();
    expect((await sharp(opaque).metadata()).isPalette).toBe(true);
    expect((await decode(opaque)).raster).toMatchObject({ channels: 3, width: 9 });
    expect([...(await decode(opaque)).raster.data.slice(0, 3)]).toEqual([200, 30, 60]);
    const clear = await sharp({ create: { ...flat.create, channels: 4 } })
      .png({ palette: true })
      .toBuffer();
    expect((await decode(clear)).raster.channels).toBe(4);
    expect((await decode(clear)).raster.data[3]).toBe(128);
  });

  it("turns CMYK into sRGB and leaves its profile behind", async () => {
    const red = sharp({ create: { width: 16, height: 16, channels: 3, background: "#c02020" } });
    const cmyk = await red.toColourspace("cmyk").withIccProfile("cmyk").jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    const { raster, metadata } = await decode(cmyk);
    expect(raster.channels).toBe(3);
    expect(metadata.icc).toBeUndefined();
    expect(raster.data[0]).toBeGreaterThan(140);
    expect(raster.data[1]).toBeLessThan(90);
  });

  it("keeps the profile and does not convert the pixels to sRGB", async () => {
    const tagged = await image(3).withIccProfile("p3").png().toBuffer();
    const stored = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
    const { raster, metadata } = await decode(tagged);
    expect(metadata.icc).toEqual(new Uint8Array((await sharp(tagged).metadata()).icc!));
    expect(raster.data).toEqual(new Uint8Array(stored));
    expect(raster.data).not.toEqual(new Uint8Array(await sharp(tagged).raw().toBuffer()));
  });

  it("turns pixels upright for all eight orientations, and says so in EXIF and XMP", async () => {
    // A marker in one corner; where it lies after turning, by the EXIF definition of each orientation.
    const corner: Record<number, [number, number]> = {
      1: [0, 0],
      2: [1, 0],
      3: [1, 1],
      4: [0, 1],
      5: [0, 0],
      6: [1, 0],
      7: [1, 1],
      8: [0, 1],
    };
    for (let orientation = 1; orientation <= 8; orientation++) {
      const data = new Uint8Array(6 * 4 * 3);
      data.set([255, 255, 255]);
      const file = await sharp(data, { raw: { width: 6, height: 4, channels: 3 } })
        .withMetadata({ orientation })
        .withXmp(
          `<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/">` +
            `<a tiff:Orientation="${orientation}"/></x:xmpmeta>`,
        )
        .png()
        .toBuffer();
      const { raster, metadata } = await decode(file);
      expect([raster.width, raster.height]).toEqual(orientation < 5 ? [6, 4] : [4, 6]);
      const [right, bottom] = corner[orientation]!;
      const at = bottom * (raster.height - 1) * raster.width + right * (raster.width - 1);
      expect([orientation, raster.data[3 * at]]).toEqual([orientation, 255]);
      // The entry of orientation (tag 0x0112, one 16-bit number) says 1 now.
      const exif = Buffer.from(metadata.exif!);
      const entry = exif.indexOf(Buffer.from([0x12, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00]));
      expect(exif[entry + 8]).toBe(1);
      expect(new TextDecoder().decode(metadata.xmp)).toContain('tiff:Orientation="1"');
    }
  });

  it("takes the first frame of an animation and counts the rest", async () => {
    const frames = new Uint8Array(8 * 24 * 3);
    frames.fill(250, 0, 8 * 8 * 3).fill(120, 8 * 8 * 3, 2 * 8 * 8 * 3);
    const strip = sharp(frames, { raw: { width: 8, height: 24, channels: 3, pageHeight: 8 } });
    for (const bytes of [
      await strip.clone().gif().toBuffer(),
      await strip.clone().webp({ lossless: true }).toBuffer(),
    ]) {
      const { raster, metadata } = await decode(bytes);
      expect([raster.width, raster.height, metadata.pageCount]).toEqual([8, 8, 3]);
      expect(Math.min(...raster.data.filter((_, i) => i % raster.channels < 3))).toBe(250);
    }
  });

  it("reads a path", async () => {
    const path = join(folder, "[a] b.png");
    await writeFile(path, await image(3).png().toBuffer());
    expect((await decode(path)).raster.data).toEqual(pixels(3));
  });
});

describe("what decode refuses, in one line that names it", () => {
  it("a file that is not there, a directory, a path through a file, a loop", async () => {
    const path = join(folder, "missing.png");
    expect(await message(path)).toBe(`${path} does not exist.`);
    expect(await message(folder)).toContain(`${folder} is a directory`);
    const file = join(folder, "file.txt");
    await writeFile(file, "text");
    expect(await message(join(file, "x.png"))).toContain("cannot be read");
    await symlink("loop", join(folder, "loop"));
    expect(await message(join(folder, "loop"))).toContain("cannot be read");
  });

  it("nothing, text, SVG, PDF, an empty HEIC", async () => {
    expect(await message(new Uint8Array(0), { name: "a.png" })).toContain("a.png is empty (0 bytes)");
    const refusals = {
      hello: "b.png is not a picture",
      "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>": "b.png is an SVG drawing",
      "%PDF-1.4": "b.png is a PDF",
      "\0\0\0\x18ftypheic\0\0\0\0mif1heic": "b.png is a damaged or truncated HEIC file",
    };
    for (const [text, refusal] of Object.entries(refusals)) {
      expect(await message(new TextEncoder().encode(text), { name: "b.png" })).toContain(refusal);
    }
  });

  it("a truncated file of every format, cut anywhere", async () => {
    const files = {
      jpeg: await image(3).jpeg().toBuffer(),
      progressive: await image(3).jpeg({ progressive: true }).toBuffer(),
      png: await image(3).png().toBuffer(),
      interlaced: await image(3).png({ progressive: true }).toBuffer(),
      png16: await image(3, 16).toColourspace("rgb16").png().toBuffer(),
      webp: await image(3).webp().toBuffer(),
      lossless: await image(3).webp({ lossless: true }).toBuffer(),
      avif: await image(3).avif().toBuffer(),
      tiff: await image(3).tiff({ compression: "lzw" }).toBuffer(),
      tiffInOrder: stripTiff(),
      gif: await image(3).gif().toBuffer(),
    };
    await decode(files.tiffInOrder);
    for (const [name, bytes] of Object.entries(files)) {
      for (const part of [0.1, 0.5, 0.8, 0.97]) {
        const cut = bytes.subarray(0, Math.floor(bytes.length * part));
        expect(await message(cut, { name })).toContain(`${name} is a damaged or truncated`);
      }
    }
  });

  it("too many pixels, from the header, without decoding", async () => {
    const small = await image(3).png().toBuffer();
    expect(await message(small, { name: "d.png", pixelLimit: width * height - 1 })).toContain(
      `d.png has ${width} x ${height} pixels`,
    );
    await decode(small, { pixelLimit: width * height });
    // The header alone says 60000 x 60000; there are no pixels to decode behind it.
    const bomb = Buffer.from(small);
    bomb.writeUInt32BE(60000, 16);
    bomb.writeUInt32BE(60000, 20);
    const { crc32 } = await import("node:zlib");
    bomb.writeUInt32BE(crc32(bomb.subarray(12, 29)), 29);
    expect(await message(bomb, { name: "e.png" })).toContain(
      "3600 megapixels, over the limit of 100 megapixels",
    );
  });

  it("an AVIF of next to nothing that takes its pixels many times over", async () => {
    const flat = await sharp({ create: { width: 400, height: 300, channels: 3, background: "#888" } })
      .avif()
      .toBuffer();
    const pixels = 400 * 300;
    expect(8 * flat.length).toBeLessThan(0.05 * pixels);
    expect(await message(flat, { name: "g.avif", memoryLimit: 17 * pixels })).toContain("of memory");
    await decode(flat, { memoryLimit: 18 * pixels });
    // One that is worth it may take what its pixels take.
    await decode(await image(3).avif().toBuffer(), { memoryLimit: 3 * width * height });
  });

  it("pixels of a type that is neither 8 nor 16 bits", async () => {
    const floats = stripTiff(32, 3);
    expect(await message(floats, { name: "f.tif" })).toContain("f.tif has pixels of type float");
  });
});

/** An uncompressed grey TIFF whose directory comes before its pixels, so that a cut takes only pixels. */
function stripTiff(bits = 8, sampleFormat = 1): Uint8Array {
  const length = (width * height * bits) / 8;
  const tags = { width: 256, height: 257, bits: 258, compression: 259, photometric: 262, offset: 273 };
  const more = { samples: 277, rowsPerStrip: 278, length: 279, sampleFormat: 339 };
  const start = 8 + 2 + 12 * 10 + 4;
  const entries = [
    [tags.width, width],
    [tags.height, height],
    [tags.bits, bits],
    [tags.compression, 1],
    [tags.photometric, 1],
    [tags.offset, start],
    [more.samples, 1],
    [more.rowsPerStrip, height],
    [more.length, length],
    [more.sampleFormat, sampleFormat],
  ];
  const bytes = new Uint8Array(start + length).fill(60, start);
  const view = new DataView(bytes.buffer);
  bytes.set([0x49, 0x49, 42, 0, 8, 0, 0, 0, entries.length, 0]);
  for (const [i, [tag, value]] of entries.entries()) {
    view.setUint16(10 + 12 * i, tag!, true);
    view.setUint16(12 + 12 * i, 4, true);
    view.setUint32(14 + 12 * i, 1, true);
    view.setUint32(18 + 12 * i, value!, true);
  }
  return bytes;
}
