import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import { createRandom } from "../base/random.js";
import type { Picture } from "./decode.js";
import { decode } from "./decode.js";
import { encode, encodeRows, encodeToFile } from "./encode.js";
import { checkEncodable, encodingLosses } from "./encoding.js";
import { formatOfName, type OutputFormat } from "./formats.js";
import { uprightExif } from "./metadata/exif-changes.js";
import type { Channels, Raster } from "./raster.js";
import { createRaster } from "./raster.js";

const formats: OutputFormat[] = ["png", "jpeg", "webp", "avif", "tiff"];

function noise(channels: Channels, bits: 8 | 16 = 8, width = 33, height = 21): Raster {
  const raster = createRaster(width, height, channels, bits);
  for (let i = 0; i < raster.data.length; i++)
    raster.data[i] = Math.imul(i + 1, 2654435761) >>> (bits === 16 ? 13 : 21);
  return raster;
}

/** Smooth, so that lossy formats keep it. */
function ramp(channels: Channels, bits: 8 | 16 = 8): Raster {
  const raster = createRaster(48, 32, channels, bits);
  const max = bits === 16 ? 65535 : 255;
  for (let i = 0; i < raster.data.length; i++) {
    const x = Math.floor(i / channels) % 48;
    const isAlpha = channels % 2 === 0 && i % channels === channels - 1;
    raster.data[i] = isAlpha ? max : Math.round((max * (x + 8 * (i % channels))) / 80);
  }
  return raster;
}

const xmp = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><samsr>kept</samsr></x:xmpmeta>';

/** A JPEG as a camera writes it: turned on its side, with profile, EXIF, GPS, XMP, IPTC and density. */
async function photograph(): Promise<Picture> {
  const jpeg = await sharp({ create: { width: 60, height: 40, channels: 3, background: "#a06040" } })
    .withIccProfile("p3")
    .withExif({
      IFD0: { Make: "Maker", Artist: "Somebody", Orientation: "6" },
      IFD2: { DateTimeOriginal: "2021:02:03 04:05:06", UserComment: "a note" },
      IFD3: { GPSLatitudeRef: "N", GPSLatitude: "51/1 30/1 0/1" },
    })
    .withXmp(xmp)
    .withDensity(240)
    .jpeg()
    .toBuffer();
  const turned = Buffer.from(jpeg);
  // sharp has no way to leave the orientation of its own output other than 1 together with the rest.
  const entry = turned.indexOf(Buffer.from([0x12, 0x01, 0x03, 0x00, 0x01, 0x00, 0x00, 0x00]));
  turned[entry + 8] = 6;
  const { metadata, ...picture } = await decode(turned);
  return { ...picture, metadata: { ...metadata, iptc: Uint8Array.of(0x1c, 2, 5, 0, 3, 97, 98, 99) } };
}

describe("encode", () => {
  it("keeps every value of 8 and 16 bits in PNG and TIFF, also with a profile", async () => {
    const { metadata } = await photograph();
    for (const bits of [8, 16] as const) {
      for (const channels of [1, 2, 3, 4] as const) {
        for (const format of ["png", "tiff"] as const) {
          for (const given of [undefined, metadata]) {
            const raster = noise(channels, bits);
            const back = await decode(await encode(raster, { format, metadata: given }));
            expect(back.raster).toEqual(raster);
          }
        }
      }
    }
  });

  it("does not change colours on the way to the lossy formats, and keeps grey grey where it can", async () => {
    const { metadata } = await photograph();
    for (const format of ["jpeg", "webp", "avif"] as const) {
      for (const bits of [8, 16] as const) {
        for (const channels of [1, 2, 3, 4] as const) {
          const raster = ramp(channels, bits);
          const { raster: back } = await decode(await encode(raster, { format, quality: 98, metadata }));
          const greyKept = format === "jpeg" && channels < 3;
          const alphaKept = format !== "jpeg" && channels % 2 === 0;
          // An alpha of 1 everywhere may be left out by the encoder.
          const colours = greyKept ? 1 : 3;
          expect([colours, colours + (alphaKept ? 1 : 0)]).toContain(back.channels);
          for (let i = 0, worst = 0; i < 48 * 32; i++) {
            const eight = (from: Raster) => (from.data instanceof Uint16Array ? 1 / 257 : 1);
            const value = raster.data[i * channels]! * eight(raster);
            worst = Math.max(worst, Math.abs(value - back.data[i * back.channels]! * eight(back)));
            if (i === 48 * 32 - 1) expect(worst, `${format} ${channels} x ${bits}`).toBeLessThan(8);
          }
        }
      }
    }
  });

  it.each(formats)("keeps profile, EXIF, XMP and density in %s", async (format) => {
    const { raster, metadata } = await photograph();
    expect([raster.width, raster.height]).toEqual([40, 60]);
    const large = createRaster(160, 240, 3);
    const back = await decode(await encode(large, { format, metadata }));
    expect(back.metadata.icc).toEqual(metadata.icc);
    expect(new TextDecoder().decode(back.metadata.xmp)).toBe(xmp);
    const exif = Buffer.from(back.metadata.exif!);
    expect(exif.includes("Somebody")).toBe(true);
    expect(exif.includes("2021:02:03 04:05:06")).toBe(true);
    expect(exif.includes("a note")).toBe(true);
    expect(back.metadata.density).toBe(240);
    const said = await sharp(await encode(large, { format, metadata })).metadata();
    expect(said.orientation ?? 1).toBe(1);
    // PixelXDimension and PixelYDimension (0xa002, 0xa003) tell the new size.
    const little = exif.subarray(0, 2).toString() === "II";
    const dimension = (tag: number) => {
      for (let at = 8; at < exif.length - 12; at++) {
        const read = (offset: number) =>
          little ? exif.readUInt16LE(at + offset) : exif.readUInt16BE(at + offset);
        if (read(0) === tag && (read(2) === 3 || read(2) === 4)) {
          return read(2) === 3 ? read(8) : little ? exif.readUInt32LE(at + 8) : exif.readUInt32BE(at + 8);
        }
      }
      return undefined;
    };
    expect([dimension(0xa002), dimension(0xa003)]).toEqual([160, 240]);
  });

  it("puts IPTC into JPEG and TIFF, and says that the others have no place for it", async () => {
    const { raster, metadata } = await photograph();
    for (const format of formats) {
      const back = await decode(await encode(raster, { format, metadata }));
      expect(back.metadata.icc).toEqual(metadata.icc);
      const held = format === "jpeg" || format === "tiff";
      expect(back.metadata.iptc).toEqual(held ? metadata.iptc : undefined);
      const losses = encodingLosses(raster, { format, metadata }).join();
      if (held) expect(losses).toBe("");
      else expect(losses).toContain("has no place for IPTC");
    }
  });

  it("invents no density, no profile and no EXIF", async () => {
    for (const format of formats) {
      const { metadata } = await decode(await encode(ramp(3), { format }));
      expect([format, metadata.icc, metadata.xmp]).toEqual([format, undefined, undefined]);
      expect([format, metadata.exif, metadata.density]).toEqual([format, undefined, undefined]);
    }
  });

  it("keeps the resolution that only EXIF tells", async () => {
    const { raster, metadata } = await photograph();
    const webp = await decode(await encode(raster, { format: "webp", metadata }));
    const jpeg = await decode(await encode(raster, { format: "jpeg", metadata: webp.metadata }));
    expect(jpeg.metadata.density).toBe(240);
  });

  it("leaves a grey profile out of RGB and an RGB profile out of grey", async () => {
    const { metadata } = await photograph();
    const grey = metadata.icc!.slice();
    grey.set(new TextEncoder().encode("GRAY"), 16);
    for (const format of formats) {
      const rgb = await decode(await encode(ramp(3), { format, metadata: { icc: grey } }));
      expect(rgb.metadata.icc).toBeUndefined();
      // WebP holds grey as RGB.
      const one = await decode(await encode(ramp(1), { format, metadata }));
      expect(one.metadata.icc).toEqual(format === "webp" ? metadata.icc : undefined);
    }
  });

  it("survives metadata that is too large for JPEG, or broken", async () => {
    const metadata = {
      xmp: new Uint8Array(80_000).fill(32),
      exif: new Uint8Array([0x49, 0x49, 42, 0, 255, 255, 255, 0]),
      icc: new Uint8Array(30),
    };
    for (const format of formats) {
      const back = await decode(await encode(ramp(3), { format, metadata }));
      expect(back.raster.width).toBe(48);
    }
    expect(uprightExif(metadata.exif).exif).toBeUndefined();
  });

  it("lays transparent pixels of a JPEG over white, with the right mix on the way", async () => {
    const raster = createRaster(64, 16, 4);
    for (let i = 0; i < 64 * 16; i++) raster.data.set([0, 0, 0, i % 64 < 32 ? 0 : 128], 4 * i);
    const { raster: flat } = await decode(await encode(raster, { format: "jpeg", quality: 100 }));
    expect(flat.channels).toBe(3);
    expect(flat.data[0]).toBeGreaterThanOrEqual(254);
    expect(Math.abs(flat.data[3 * 48]! - 127)).toBeLessThanOrEqual(1);
  });

  it("refuses sizes that a format cannot hold and qualities that are none", async () => {
    await expect(encode(createRaster(16384, 1, 1), { format: "webp" })).rejects.toThrow(SamsrError);
    await expect(encode(createRaster(1, 65536, 1), { format: "jpeg" })).rejects.toThrow(/too large for JPEG/);
    expect(() => checkEncodable({ width: 16385, height: 9 }, { format: "avif" })).toThrow(/AVIF/);
    checkEncodable({ width: 100000, height: 9 }, { format: "png" });
    for (const quality of [0, 101, Number.NaN]) {
      expect(() => checkEncodable({ width: 1, height: 1 }, { format: "jpeg", quality })).toThrow(/quality/);
    }
    expect(() => checkEncodable({ width: 1, height: 1 }, { format: "bmp" as OutputFormat })).toThrow(
      /Unknown format/,
    );
  });

  it("spends more bytes on a higher quality", async () => {
    for (const format of ["jpeg", "webp", "avif"] as const) {
      const low = await encode(noise(3), { format, quality: 20 });
      const high = await encode(noise(3), { format, quality: 95 });
      expect(high.length).toBeGreaterThan(low.length);
    }
  });

  it("knows a format by its file name", () => {
    expect(["a.PNG", "b.jpg", "c.tiff", "d.tif", "e.gif", "png"].map(formatOfName)).toEqual([
      "png",
      "jpeg",
      "tiff",
      "tiff",
      "gif",
      undefined,
    ]);
  });
});

describe("PNG by its rows", () => {
  /** Slopes with a grain, of more than two bands. */
  function large(channels: Channels, bits: 8 | 16): Raster {
    const raster = createRaster(700, Math.ceil(2.2e6 / 700 / channels / (bits / 8)), channels, bits);
    const random = createRandom(1);
    const scale = bits === 16 ? 257 : 1;
    for (let i = 0; i < raster.data.length; i++) {
      const [x, y] = [Math.floor(i / channels) % 700, Math.floor(i / channels / 700)];
      raster.data[i] = scale * (40 * Math.sin(x / 50) + y / 20 + 100 + 1.5 * random.normal());
    }
    return raster;
  }

  it.each([
    [3, 8],
    [4, 8],
    [2, 16],
  ] as const)(
    "is the same however they come, and no larger than the codec's: %i x %i",
    async (channels, bits) => {
      const raster = large(channels, bits);
      const { width, height, data } = raster;
      function* parts() {
        for (let y = 0, rows = 1; y < height; y += rows, rows = 1 + ((rows * 37) % 211)) {
          const count = Math.min(rows, height - y);
          rows = count;
          const from = y * width * channels;
          yield { width, height: count, channels, data: data.slice(from, from + count * width * channels) };
        }
      }
      const metadata = { xmp: new TextEncoder().encode(xmp), density: 300 };
      const bytes = await encodeRows(parts(), { width, height, channels, bits }, { format: "png", metadata });
      expect(Buffer.compare(bytes, await encode(raster, { format: "png", metadata }))).toBe(0);
      const back = await decode(bytes);
      expect(Buffer.compare(Buffer.from(back.raster.data.buffer), Buffer.from(data.buffer))).toBe(0);
      expect([back.metadata.density, new TextDecoder().decode(back.metadata.xmp)]).toEqual([300, xmp]);
      const codec = await sharp(data, { raw: { width, height, channels } })
        .toColourspace(bits === 16 ? (channels < 3 ? "grey16" : "rgb16") : channels < 3 ? "b-w" : "srgb")
        .png({ compressionLevel: 6, adaptiveFiltering: true })
        .toBuffer();
      expect(bytes.length).toBeLessThan(1.02 * codec.length);
    },
  );

  it("fails as its rows do", async () => {
    async function* rows(): AsyncGenerator<Raster> {
      yield createRaster(9, 3, 3);
      throw new Error("torn");
    }
    const shape = { width: 9, height: 5, channels: 3, bits: 8 } as const;
    await expect(encodeRows(rows(), shape, { format: "png" })).rejects.toThrow("torn");
  });

  it("is packed in two bands where it is small, and in one where it is tiny", async () => {
    const bands = async (side: number) => {
      const bytes = Buffer.from(await encode(noise(3, 8, side, side), { format: "png" })).toString("latin1");
      return bytes.split("IDAT").length - 1;
    };
    expect([await bands(100), await bands(301)]).toEqual([1, 2]);
  });
});

describe("encodeToFile", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "samsr-encode-[Q=1]-"));
  });
  afterAll(async () => {
    // The write that was given up runs to its end on a thread of its own, and may put its file there
    // meanwhile.
    await rm(folder, { recursive: true, maxRetries: 50, retryDelay: 100 });
  });

  it("writes what encode returns, whatever the name says, and nothing else", async () => {
    const { metadata } = await photograph();
    for (const format of formats) {
      const path = join(folder, `a ${format}[1].dat`);
      await encodeToFile(ramp(4), path, { format, metadata });
      const bytes = new Uint8Array(await readFile(path));
      expect(bytes).toEqual(new Uint8Array(await encode(ramp(4), { format, metadata })));
    }
    expect((await readdir(folder)).length).toBe(formats.length);
  });

  it("leaves no file when it is given up", async () => {
    const before = await readdir(folder);
    const controller = new AbortController();
    const path = join(folder, "large.png");
    const started = performance.now();
    const writing = encodeToFile(noise(3, 16, 2000, 1500), path, {
      format: "png",
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(new Error("enough")), 60);
    await expect(writing).rejects.toThrow("enough");
    expect(performance.now() - started).toBeLessThan(1000);
    expect(await readdir(folder)).toEqual(before);
  });
});
