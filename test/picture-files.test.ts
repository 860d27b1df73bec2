/**
 * Pictures as cameras, phones, editors and scanners leave them, through decoder and encoder (the enlarging
 * between is a doubling here): what comes out is read by parsers of the tests' own.
 */
import { readFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { sequenceFrames } from "../src/image/containers/bmff.js";
import { pngChunk } from "../src/image/containers/png.js";
import {
  createRaster,
  type DecodeOptions,
  decode,
  type EncodeOptions,
  encode,
  encodePages,
  encodingLosses,
  formatLike,
  type OpenedPicture,
  type OutputFormat,
  openPicture,
  type Picture,
  type Raster,
  toRgb,
} from "../src/image/index.js";
import { coverageOfRuns } from "../src/semantics/index.js";
import { readMaskRuns } from "../src/semantics/mask-files.js";
import {
  gifFramesOf,
  jfifDensityOf,
  nclxOf,
  orientationsOf,
  pngChunkOf,
  pngChunksOf,
  pngFramesOf,
  pngTextsOf,
  tiffEntriesOf,
  webpChunksOf,
  webpFramesOf,
} from "./fixtures/picture-parsers.js";
import { hasCases, sharedPath } from "./shared.js";

const bytesOf = (...place: string[]) => new Uint8Array(readFileSync(sharedPath("cases", ...place)));

function open(folder: string, name: string, options: DecodeOptions = {}): Promise<Picture> {
  return decode(bytesOf(folder, name), { name, ...options });
}

async function refusal(folder: string, name: string): Promise<string> {
  const error = await open(folder, name).then(
    () => undefined,
    (reason: Error) => reason,
  );
  expect(error?.name).toBe("SamsrError");
  expect(error?.message).not.toContain("\n");
  return error!.message;
}

function doubled(raster: Raster): Raster {
  const { width, height, channels, data } = raster;
  const out = createRaster(2 * width, 2 * height, channels, data instanceof Uint16Array ? 16 : 8);
  for (let y = 0, to = 0; y < out.height; y++) {
    for (let x = 0; x < out.width; x++) {
      const from = ((y >> 1) * width + (x >> 1)) * channels;
      for (let c = 0; c < channels; c++) out.data[to++] = data[from + c]!;
    }
  }
  return out;
}

async function result(
  { raster, metadata }: Picture,
  format: OutputFormat = formatLike(metadata.format),
  options: Partial<EncodeOptions> = {},
): Promise<Buffer> {
  return Buffer.from(await encode(doubled(raster), { format, metadata, ...options }));
}

async function* pagesOf(opened: OpenedPicture): AsyncGenerator<Raster> {
  for (let i = 0; i < opened.pages; i++) yield doubled(await opened.page(i));
}

const rgbOf = (raster: Raster) => Array.from(toRgb(raster).data);

const formats = ["png", "jpeg", "webp", "avif", "tiff"] as const;

const turned = ["5", "7", "8"]
  .map((n) => `exif_orientation_${n}.jpg`)
  .concat([
    "exif_duplicate_orientation_6_6.jpg",
    "exif_duplicate_orientation_6_1.jpg",
    "exif_orientation_6_entry_count_too_large.jpg",
    "exif_orientation_6_type_long_big_endian.jpg",
    "exif_orientation_6_type_long.jpg",
    "exif_orientation_6_next_ifd_loops.jpg",
    "exif_orientation_6_gps_offset_outside.jpg",
    "exif_orientation_6_in_both_directories.jpg",
    "xmp_orientation_6_other_prefix.jpg",
    "png_exif_orientation_6.png",
    "tiff_orientation_6.tif",
  ]);

const upright = [
  "exif_orientation_0.jpg",
  "exif_orientation_2.jpg",
  "exif_orientation_4.jpg",
  "exif_orientation_6_truncated.jpg",
  "exif_orientation_6_value_count_5000.jpg",
];

describe.skipIf(!hasCases)("orientation", () => {
  it.each([...turned, ...upright])(
    "of %s is applied once, and none but 1 is left in any format",
    async (name) => {
      const picture = await open("files", name);
      const before = await sharp(bytesOf("files", name)).metadata();
      const isTurned = turned.includes(name);
      const [width, height] = isTurned ? [before.height, before.width] : [before.width, before.height];
      expect([picture.raster.width, picture.raster.height]).toEqual([width, height]);
      for (const format of formats) {
        const said = orientationsOf(await result(picture, format));
        expect([format, said.filter((value) => value !== 1)]).toEqual([format, []]);
      }
    },
  );

  it("has the red block where it belongs", async () => {
    // It is top left as stored, and 48 x 32; EXIF says where the first row and column really are.
    const corners = { 0: [0, 0], 2: [1, 0], 4: [0, 1], 5: [0, 0], 7: [1, 1], 8: [0, 1] };
    for (const [orientation, [right, bottom]] of Object.entries(corners)) {
      const { raster } = await open("files", `exif_orientation_${orientation}.jpg`);
      const at = (bottom! * (raster.height - 5) + 2) * raster.width + right! * (raster.width - 5) + 2;
      const [red, green, blue] = raster.data.subarray(3 * at, 3 * at + 3);
      expect([orientation, red! > 150, green! < 100, blue! < 100]).toEqual([orientation, true, true, true]);
    }
  });

  it("warns where EXIF had to be left out or written anew", async () => {
    const { warnings } = await open("files", "exif_orientation_6_truncated.jpg");
    expect(warnings.join()).toContain("left out: its EXIF, of which nothing can be read");
    expect((await open("files", "exif_orientation_6_type_long.jpg")).warnings).toEqual([]);
  });
});

describe.skipIf(!hasCases)("colour without a profile", () => {
  it("stays cICP in PNG and becomes a profile of the same primaries elsewhere", async () => {
    const picture = await open("files", "png_cicp_display_p3.png");
    const png = await result(picture);
    expect([...pngChunkOf(png, "cICP")!]).toEqual([12, 13, 0, 1]);
    expect(nclxOf(await result(picture, "avif", { quality: 80 }))).toEqual([12, 13]);
    // Apple's and sharp's Display P3 have the same columns to within rounding.
    const p3 = await sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } })
      .withIccProfile("p3")
      .png()
      .toBuffer();
    const column = (icc: Buffer, signature: string) => {
      const entry = icc.indexOf(signature, 128, "latin1");
      const at = icc.readUInt32BE(entry + 4);
      return [8, 12, 16].map((offset) => icc.readInt32BE(at + offset) / 65536);
    };
    const expected = (await sharp(p3).metadata()).icc!;
    for (const format of ["png", "jpeg", "webp", "tiff"] as const) {
      const icc = (await sharp(await result(picture, format)).metadata()).icc!;
      for (const signature of ["rXYZ", "gXYZ", "bXYZ"]) {
        for (const [i, value] of column(icc, signature).entries()) {
          expect(Math.abs(value - column(expected, signature)[i]!)).toBeLessThan(0.002);
        }
      }
    }
  });

  it("that lies in nclx goes to PNG and back, with ten bits and a word about HDR", async () => {
    const p3 = await open("files", "avif_nclx_p3.avif");
    expect(nclxOf(await result(p3))).toEqual([12, 13]);
    expect([...pngChunkOf(await result(p3, "png"), "cICP")!]).toEqual([12, 13, 0, 1]);
    const pq = await open("files", "avif_nclx_bt2020_pq_10bit.avif");
    expect(pq.warnings.join()).toContain("is an HDR picture (PQ)");
    const avif = await result(pq);
    expect(nclxOf(avif)).toEqual([9, 16]);
    expect((await sharp(avif).metadata()).bitsPerSample).toBe(10);
    expect(encodingLosses(pq.raster, { format: "jpeg", metadata: pq.metadata }).join()).toMatch(
      /HDR.*8 of its 10/,
    );
    expect((await open("files", "png_cicp_bt2100_pq.png")).warnings.join()).toContain("HDR picture (PQ)");
  });

  it("of gAMA and cHRM is kept in PNG, and made a profile elsewhere", async () => {
    const linear = await open("files", "png_gama_linear.png");
    expect(pngChunkOf(await result(linear), "gAMA")?.readUInt32BE()).toBe(100_000);
    const adobe = await open("files", "png_gama_chrm_adobe.png");
    const before = Buffer.from(bytesOf("files", "png_gama_chrm_adobe.png"));
    for (const type of ["gAMA", "cHRM"]) {
      expect(pngChunkOf(await result(adobe), type)).toEqual(pngChunkOf(before, type));
    }
    for (const format of ["jpeg", "webp", "tiff"] as const) {
      const file = await result(linear, format, { quality: 95 });
      expect((await sharp(file).metadata()).icc?.includes("rTRC")).toBe(true);
      // A colour-managed reader shows linear grey 55 of 255 as sRGB 128.
      const { data } = await sharp(await encode(flat(55), { format, metadata: linear.metadata, quality: 98 }))
        .toColourspace("srgb")
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect(Math.abs(data[0]! - 128)).toBeLessThan(3);
    }
  });

  it("of CMYK and Lab becomes sRGB, and says so", async () => {
    expect((await open("files", "cmyk.jpg")).warnings).toEqual(["its CMYK colours become sRGB"]);
    for (const name of ["lab8.tif", "lab8_pil.tif"]) {
      const { raster, warnings } = await open("files", name);
      expect(warnings).toEqual(["its Lab colours become sRGB"]);
      expect([raster.width, raster.height, raster.channels]).toEqual([48, 40, 3]);
      // The red corner, as ImageMagick and Pillow read it.
      const [red, green, blue] = raster.data;
      expect([red! > 200, green! < 60, blue! < 60]).toEqual([true, true, true]);
    }
  });
});

function flat(value: number): Raster {
  const raster = createRaster(16, 16, 3);
  raster.data.fill(value);
  return raster;
}

describe.skipIf(!hasCases)("density", () => {
  it("of 300 an inch is told by every format", async () => {
    const picture = await open("complaints", "jpeg_300_dpi.jpg");
    expect(jfifDensityOf(await result(picture))).toEqual([1, 300, 300]);
    const physical = pngChunkOf(await result(picture, "png"), "pHYs")!;
    expect([physical.readUInt32BE(0), physical.readUInt32BE(4), physical[8]]).toEqual([11811, 11811, 1]);
    for (const format of ["tiff", "webp", "avif"] as const) {
      expect((await decode(await result(picture, format))).metadata.density).toBe(300);
    }
  });

  it("is none where there was none or one that cannot be, and what is asked for", async () => {
    for (const name of [
      "tiff_3_pages.tif",
      "tiff_density_1e9.tif",
      "grey16.png",
      "jpeg_garbage_after_end.jpg",
    ]) {
      const picture = await open("files", name);
      const tiff = tiffEntriesOf(await result(picture, "tiff"));
      expect(tiff.filter(({ tag }) => [0x11a, 0x11b, 0x128].includes(tag))).toEqual([]);
      expect(pngChunkOf(await result(picture, "png"), "pHYs")).toBeUndefined();
      expect(jfifDensityOf(await result(picture, "jpeg"))).toBeUndefined();
      expect(jfifDensityOf(await result(picture, "jpeg", { density: 150 }))).toEqual([1, 150, 150]);
    }
    expect((await open("files", "tiff_density_1e9.tif")).warnings.join()).toContain(
      "a density of 1000000000",
    );
  });
});

describe.skipIf(!hasCases)("words", () => {
  it("of a PNG stay in PNG, and are XMP elsewhere", async () => {
    const picture = await open("complaints", "png_text_prompt.png");
    const texts = {
      parameters: "a red flower, detailed\nNegative prompt: blur\nSteps: 20, Seed: 42",
      workflow: '{"nodes":[1,2,3]}',
      Author: "somebody",
      Copyright: "public domain",
    };
    expect(pngTextsOf(await result(picture))).toEqual(texts);
    for (const format of ["jpeg", "webp", "avif", "tiff"] as const) {
      const xmp = (await result(picture, format)).toString("latin1");
      for (const text of ["Negative prompt: blur", "somebody", "public domain"]) expect(xmp).toContain(text);
    }
  });

  it("of 40 MB in 42 KB are left out with a word, and cost no time", async () => {
    const started = performance.now();
    const { warnings, raster } = await open("files", "png_xmp_40mb_compressed.png");
    expect(warnings).toEqual(["left out: XMP, over the limit"]);
    expect(raster.width).toBe(40);
    expect(performance.now() - started).toBeLessThan(3000);
  });
});

describe.skipIf(!hasCases)("what a file is", () => {
  it("is told by its content, and read", async () => {
    const kinds = { "k.jfif": "jpeg", "UPPER.JPG": "jpeg", "really_webp.png": "webp", "b.heic": "heic" };
    const more = { "c.jxl": "jxl", "d.bmp": "bmp" };
    for (const [name, format] of Object.entries({ ...kinds, ...more })) {
      const { raster, metadata } = await open("folder_mixed", name);
      const size = name === "really_webp.png" ? [40, 48] : [48, 40];
      expect([name, metadata.format, raster.width, raster.height]).toEqual([name, format, ...size]);
    }
  });

  it("is named where it is not read, with what converts it", async () => {
    expect(await refusal("folder_mixed", "e.psd")).toMatch(/is a Photoshop document.*converts it/);
    expect(await refusal("folder_mixed", "f.svg")).toMatch(/is an SVG drawing.*Inkscape/);
    expect(await refusal("folder_mixed", "h.jp2")).toMatch(/is a JPEG 2000 picture.*ImageMagick/);
    expect(await refusal("folder_mixed", "i.dng")).toMatch(/is a raw photo.*darktable/);
    expect(await refusal("folder_mixed", "notes.png")).toContain("is not a picture");
  });

  it("that is whole but for its end marker is read, with a word; half of one only where that is asked for", async () => {
    const { warnings, raster } = await open("files", "jpeg_no_end_marker.jpg");
    expect(warnings).toEqual(["its end marker is missing"]);
    expect([raster.width, raster.height]).toEqual([120, 90]);
    expect(await refusal("files", "jpeg_half.jpg")).toContain("damaged or truncated JPEG");
    const half = await open("files", "jpeg_half.jpg", { tolerant: true });
    expect(half.warnings.join()).toContain("as far as it goes");
    expect(half.raster.height).toBe(90);
    expect((await open("files", "png_half.png", { tolerant: true })).raster.height).toBe(60);
    expect((await open("files", "jpeg_garbage_after_end.jpg")).warnings).toEqual([]);
  });

  it("that claims too much is refused at once, in a line that names every limit", async () => {
    const avifs = ["avif_claims_60000x60000.avif", "avif_claims_4294967295.avif"];
    for (const name of ["png_1x99999999.png", ...avifs]) {
      expect(await refusal("files", name)).toMatch(
        /over the limit.*100 megapixels, 100000 pixels a side, 1000 frames, 16 MiB of metadata, 1024 MiB of decoded/,
      );
    }
  });

  it("says how many of its pages were not read", async () => {
    const names = ["tiff_3_pages.tif", "gif_3_frames.gif", "webp_3_frames.webp", "apng_3_frames.png"];
    for (const name of names) {
      const { warnings, metadata } = await open("files", name);
      expect([name, metadata.pageCount]).toEqual([name, 3]);
      expect(warnings.join()).toMatch(/only the first of its 3 (frames|pages) is read/);
    }
  });

  it("keeps all pages, or all frames with their delays and loops, where the format can", async () => {
    const tiff = await openPicture(bytesOf("files", "tiff_3_pages.tif"));
    const pages = await encodePages(pagesOf(tiff), { format: "tiff", metadata: tiff.metadata });
    const back = await openPicture(pages);
    expect(back.pages).toBe(3);
    const shades = await Promise.all(
      [0, 1, 2].map(async (i) => (await sharp(pages, { page: i }).stats()).channels),
    );
    const before = bytesOf("files", "tiff_3_pages.tif");
    for (const [i, channels] of shades.entries()) {
      const expected = (await sharp(before, { page: i }).stats()).channels;
      expect(channels.map(({ mean }) => mean)).toEqual(expected.map(({ mean }) => mean));
    }
    for (const name of ["gif_3_frames.gif", "webp_3_frames.webp", "apng_3_frames.png"]) {
      const moving = await openPicture(bytesOf("files", name));
      expect([name, moving.pages, moving.animation?.delays.length]).toEqual([name, 3, 3]);
      for (const format of ["gif", "webp", "png"] as const) {
        const file = Buffer.from(
          await encodePages(pagesOf(moving), {
            format,
            metadata: moving.metadata,
            animation: moving.animation,
          }),
        );
        const delays = { gif: gifFramesOf, webp: webpFramesOf, png: pngFramesOf }[format](file);
        expect([name, format, delays]).toEqual([name, format, { delays: [120, 120, 120], loops: 0 }]);
        const again = await openPicture(file);
        for (const i of [0, 1, 2]) {
          const [a, b] = [await moving.page(i), await again.page(i)];
          const [x, y] = [rgbOf(doubled(a)), rgbOf(b)];
          const error = x.reduce((sum, v, p) => sum + Math.abs(v - y[p]!), 0) / x.length;
          expect(error, `${name} frame ${i} as ${format}`).toBeLessThan(format === "png" ? 0.01 : 3);
        }
      }
    }
    await expect(encodePages(pagesOf(tiff), { format: "jpeg" })).rejects.toThrow(/JPEG holds no pages/);
  });

  it("without loss stays so in WebP and AVIF, unless a quality is asked for", async () => {
    const picture = await open("files", "webp_lossless.webp");
    expect(webpChunksOf(await result(picture))).toContain("VP8L");
    expect(webpChunksOf(await result(picture, "webp", { quality: 90 }))).toContain("VP8 ");
    for (const format of ["webp", "avif"] as const) {
      const back = await decode(await result(picture, format));
      expect(back.raster.data).toEqual(doubled(picture.raster).data);
    }
  });
});

describe.skipIf(!hasCases)("masks", () => {
  it("of 12 and of 4000 regions are all read, in little memory; a drawing is not", async () => {
    const path = (name: string) => sharedPath("cases", "masks", name);
    expect((await readMaskRuns(path("labels_16bit_12_regions_48x40.png"), 48, 40)).length).toBe(12);
    const many = await readMaskRuns(path("labels_4000_regions_320x320.png"), 320, 320);
    expect(many.length).toBe(4000);
    const bytes = many.reduce((sum, { edges }) => sum + edges.byteLength, 0);
    expect(bytes).toBeLessThan(2e6);
    // A map covers each pixel at most once.
    expect(Math.max(...coverageOfRuns(many, { width: 320, height: 320 }).counts)).toBe(1);
    await expect(readMaskRuns(path("mask.svg"), 48, 40)).rejects.toThrow(/mask\.svg is an SVG drawing/);
  });
});

it.skipIf(!hasCases)("the order of chunks in a PNG is what the specification asks for", async () => {
  const picture = await open("complaints", "png_text_prompt.png");
  const types = pngChunksOf(await result(picture, "png", { density: 300 })).map(({ type }) => type);
  expect(types[0]).toBe("IHDR");
  expect(types.at(-1)).toBe("IEND");
  expect(types.indexOf("pHYs")).toBeLessThan(types.indexOf("IDAT"));
});

describe("files as other programs leave them", () => {
  const plain = () => sharp({ create: { width: 12, height: 8, channels: 3 as const, background: "red" } });
  /** An EXIF directory with orientation 6. */
  const exif6 = Buffer.from("49492a000800000001001201030001000000060000000000000000", "hex");
  const rawProfile = (type: string, data: Buffer) => {
    const digits = data.toString("hex").replace(/.{72}/g, "$&\n");
    return pngText(`Raw profile type ${type}`, `\n${type}\n${String(data.length).padStart(8)}\n${digits}\n`);
  };
  const pngText = (keyword: string, text: string) =>
    pngChunk("tEXt", Buffer.from(`${keyword}\0${text}`, "latin1"));
  const withChunk = async (...chunks: Uint8Array[]) => {
    const file = await plain().png().toBuffer();
    return Buffer.concat([file.subarray(0, 33), ...chunks, file.subarray(33)]);
  };
  const xmp6 = Buffer.from(
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
      '<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>',
  );

  it("EXIF and XMP in texts of a PNG, as ImageMagick writes them, count as EXIF and XMP", async () => {
    const prefixed = Buffer.concat([Buffer.from("Exif\0\0"), exif6]);
    for (const [type, data] of [
      ["exif", prefixed],
      ["APP1", prefixed],
      ["exif", exif6],
    ] as const) {
      const picture = await decode(await withChunk(rawProfile(type, data), rawProfile("xmp", xmp6)));
      expect([picture.raster.width, picture.raster.height, picture.warnings]).toEqual([8, 12, []]);
      const png = await result(picture, "png");
      expect(orientationsOf(png)).toEqual([1, 1]);
      expect(Object.keys(pngTextsOf(png))).toEqual(["XML:com.adobe.xmp"]);
    }
    const damaged = await decode(await withChunk(pngText("Raw profile type exif", "\nexif\n 9\n00zz\n")));
    expect(damaged.warnings.join()).toContain("a damaged tEXt chunk");
  });

  it("the sRGB chunk of a PNG stands over its gAMA", async () => {
    const gamma = pngChunk("gAMA", Buffer.from([0, 1, 0x86, 0xa0]));
    const linear = await decode(await withChunk(gamma));
    expect(linear.metadata.gamma).toBe(1);
    const plainly = await decode(await withChunk(pngChunk("sRGB", Buffer.of(0)), gamma));
    expect(plainly.metadata.gamma).toBeUndefined();
    const usual = await decode(await withChunk(pngChunk("gAMA", Buffer.from([0, 0, 0xb1, 0x8f]))));
    const losses = encodingLosses(usual.raster, { format: "gif", metadata: usual.metadata });
    expect(losses.join()).not.toContain("profile");
  });

  it("a JPEG with zeros where its end marker was is read, with a word", async () => {
    const jpeg = await plain().jpeg({ progressive: true }).toBuffer();
    const rescued = Buffer.concat([jpeg.subarray(0, -2), Buffer.alloc(500)]);
    expect((await decode(rescued)).warnings).toEqual(["its end marker is missing"]);
    await expect(decode(Buffer.concat([jpeg.subarray(0, -30), Buffer.alloc(500)]))).rejects.toThrow(
      /damaged/,
    );
  });

  it("an animated AVIF is read as the picture beside its film, whose frames are counted", async () => {
    const avif = await plain().avif().toBuffer();
    const box = (type: string, ...parts: Buffer[]): Buffer => {
      const data = Buffer.concat(parts);
      const head = Buffer.alloc(8);
      head.writeUInt32BE(data.length + 8);
      head.write(type, 4, "latin1");
      return Buffer.concat([head, data]);
    };
    const sizes = box("stsz", Buffer.from([0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 3]));
    const film = ["stbl", "minf", "mdia", "trak", "moov"].reduce((inner, type) => box(type, inner), sizes);
    expect(sequenceFrames(Buffer.concat([avif, film]))).toBe(3);
    // Decoders go by the first brand, and take no film.
    avif.write("avis", 8, "latin1");
    const { raster } = await decode(avif);
    expect([raster.width, raster.height]).toEqual([12, 8]);
  });

  it("a grey TIFF with more than alpha beside the grey is refused with what it has", async () => {
    const tiff = await plain().tiff({ compression: "none" }).toBuffer();
    const photometric = tiffEntriesOf(tiff).find(({ tag }) => tag === 0x106)!;
    expect(photometric.value).toBe(2);
    const at = tiff.indexOf(Buffer.from([0x06, 0x01, 3, 0, 1, 0, 0, 0, 2, 0]));
    tiff[at + 8] = 1;
    await expect(decode(tiff, { name: "a.tif" })).rejects.toThrow(
      /^a\.tif has 3 channels, of which 1 are colours; samsr reads grey and RGB/,
    );
  });
});
