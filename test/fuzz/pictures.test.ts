/** Pictures of every format that is read, their EXIF, and masks: through decoder, pages and encoder. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import sharp from "sharp";
import { afterAll } from "vitest";
import type { Random } from "../../src/base/random.js";
import { encode, encodingLosses, openPicture } from "../../src/image/index.js";
import { readMaskRuns } from "../../src/semantics/mask-files.js";
import { pick, scramble } from "../fixtures/mutate.js";
import { jpegSegmentsOf, pngChunkOf, tiffEntriesOf } from "../fixtures/picture-parsers.js";
import { fuzz } from "./fuzz.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-fuzz-pictures-"));
afterAll(() => rmSync(folder, { recursive: true }));

const [width, height] = [24, 18];
const pixels = Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.imul(i + 1, 2654435761) >>> 24);
const drawing = () =>
  sharp(pixels, { raw: { width, height, channels: 3 } })
    .withIccProfile("p3")
    .withExif({ IFD0: { Artist: "Nobody" }, IFD3: { GPSLatitudeRef: "N" } })
    .withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>');
const frames = sharp(pixels, { raw: { width, height, channels: 3, pageHeight: 6 } });

/** Whole files of each format. */
const files: Readonly<Record<string, readonly Buffer[]>> = {
  jpeg: [await drawing().jpeg().toBuffer(), await drawing().jpeg({ progressive: true }).toBuffer()],
  png: [
    await drawing().png().toBuffer(),
    await drawing().png({ palette: true, progressive: true }).toBuffer(),
  ],
  webp: [
    await drawing().webp().toBuffer(),
    await drawing().webp({ lossless: true }).toBuffer(),
    await frames.clone().webp().toBuffer(),
  ],
  gif: [await frames.clone().gif().toBuffer()],
  tiff: [
    await drawing().tiff({ compression: "lzw" }).toBuffer(),
    await drawing().tiff({ compression: "deflate", tile: true, tileWidth: 16, tileHeight: 16 }).toBuffer(),
    await drawing().tiff({ compression: "jpeg" }).toBuffer(),
  ],
  avif: [await drawing().avif().toBuffer()],
  bmp: [bitmap()],
};

/** A BMP of 24 bits. */
function bitmap(): Buffer {
  const file = Buffer.alloc(54 + pixels.length);
  file.write("BM");
  file.writeUInt32LE(file.length, 2);
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(1, 26);
  file.writeUInt16LE(24, 28);
  file.set(pixels, 54);
  return file;
}

/** Reads what can be read, writes it as PNG, and holds what is always true against the result. */
async function through(bytes: Uint8Array): Promise<void> {
  const opened = await openPicture(bytes, { name: "a" });
  let raster = await opened.page(0);
  for (let page = 1; page < Math.min(opened.pages, 5); page++) raster = await opened.page(page);
  const { width: across, height: down } = raster;
  if (raster.data.length !== across * down * raster.channels) throw new Error("a raster of another size");
  // Large ones are as hard to read, and take long to write.
  if (across * down > 1e5) return;
  const { metadata } = opened;
  encodingLosses(raster, { format: "jpeg", metadata });
  for (const format of ["png", "jpeg"] as const) {
    const file = Buffer.from(await encode(raster, { format, metadata }));
    const exif = format === "png" ? pngChunkOf(file, "eXIf") : exifOfJpeg(file);
    const wrong = exif && tiffEntriesOf(exif).filter(({ tag, value }) => tag === 0x112 && value !== 1);
    if (wrong?.length) throw new Error(`orientation ${wrong[0]!.value} in ${format}`);
  }
}

function exifOfJpeg(file: Buffer): Buffer | undefined {
  const exif = jpegSegmentsOf(file).find(({ marker, data }) => marker === 0xe1 && data.indexOf("Exif") === 0);
  return exif?.data.subarray(6);
}

/** The checksums of a PNG's chunks put right after a change. */
function withChecksums(bytes: Uint8Array): Uint8Array {
  const out = Buffer.from(bytes);
  for (let at = 8; at + 12 <= out.length; ) {
    const end = at + 8 + out.readUInt32BE(at);
    if (end + 4 > out.length) break;
    out.writeUInt32BE(crc32?.(out.subarray(at + 4, end)) ?? 0, end);
    at = end + 4;
  }
  return out;
}

const numbers = [0, 1, 2, 6, 8, 255, 0x112, 5000, 65535, 2 ** 31, 2 ** 32 - 1];

/** EXIF of entries that may be anything, with an orientation among them. */
function exif(random: Random): Buffer {
  const count = 1 + random.integer(6);
  const body = Buffer.alloc(26 + 12 * count);
  body.write("II*\0", "latin1");
  body.writeUInt32LE(random.integer(8) ? 8 : pick(random, numbers), 4);
  body.writeUInt16LE(random.integer(4) ? count : pick(random, [0, 400, 65535]), 8);
  for (let i = 0; i < count; i++) {
    const at = 10 + 12 * i;
    body.writeUInt16LE(pick(random, [0x112, 0x112, 0x8769, 0x8825, 0x11a, 0x927c, 0x100]), at);
    body.writeUInt16LE(pick(random, [1, 2, 3, 3, 4, 5, 9, 13, 99]), at + 2);
    body.writeUInt32LE(pick(random, [1, 1, 1, ...numbers]), at + 4);
    body.writeUInt32LE(pick(random, [3, 6, 8, 10, 22, ...numbers]), at + 8);
  }
  const whole = random.integer(6) ? body : body.subarray(0, random.integer(body.length));
  return random.integer(4) ? whole : Buffer.from(scramble(random, whole));
}

function jpegWithExif(random: Random): Uint8Array {
  const data = Buffer.concat([Buffer.from("Exif\0\0", "latin1"), exif(random)]);
  const head = Buffer.from([0xff, 0xe1, (data.length + 2) >> 8, (data.length + 2) & 255]);
  const file = bare;
  const all = Buffer.concat([file.subarray(0, 2), head, data, file.subarray(2)]);
  return random.integer(12) ? all : scramble(random, all);
}
const bare = await sharp(pixels, { raw: { width, height, channels: 3 } })
  .jpeg()
  .toBuffer();

function mask(random: Random): () => unknown {
  const path = join(folder, "mask.png");
  const bytes = scramble(random, pick(random, files.png));
  writeFileSync(path, random.integer(2) ? withChecksums(bytes) : bytes);
  return () => readMaskRuns(path, 12, 9);
}

const scrambled = (format: string) => (random: Random) => {
  const bytes = scramble(random, pick(random, files[format]!));
  return () => through(bytes);
};

fuzz("pictures", {
  share: 270,
  milliseconds: 3000,
  bytes: 1e9,
  messages: 20,
  kinds: {
    ...Object.fromEntries(Object.keys(files).map((format) => [format, scrambled(format)])),
    "png with right checksums": (random) => {
      const bytes = withChecksums(scramble(random, pick(random, files.png)));
      return () => through(bytes);
    },
    exif: (random) => {
      const bytes = jpegWithExif(random);
      return () => through(bytes);
    },
    masks: mask,
  },
});
