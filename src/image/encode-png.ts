/**
 * PNG written as its rows come. A band of rows is filtered and packed by itself, several at once on threads
 * of their own, so a picture that is still being made is written meanwhile and never lies in memory whole.
 * Bands are packed as pigz does it: each begins with what the one before ended with as its dictionary and
 * ends at a whole byte, so that together they are one stream (RFC 1950, RFC 1951).
 *
 * The codec filters a band (it writes it as a PNG without packing, with the row above on top, which is
 * dropped again), and zlib packs it: it has no way to be given rows one after the other, and nothing that
 * joins what it packed.
 */
import { promisify } from "node:util";
import { constants, deflateRaw, inflate } from "node:zlib";
import sharp from "sharp";
import { adler32, adler32Joined, join, viewOf } from "./containers/bytes.js";
import {
  numbers,
  type PngAdditions,
  pngChunk,
  pngChunks,
  pngHead,
  pngHeader,
  pngSignature,
} from "./containers/png.js";
import type { Raster } from "./raster.js";

/** Bands that are under way at once. */
const MOST_AT_ONCE = 4;

/** Bytes of the largest band, before packing, and of the smallest that a picture is divided into. */
const MOST_BYTES = 2 ** 20;
const LEAST_BYTES = 2 ** 16;

/** Returns how many rows a band has; of small pictures a half, so that two threads pack them. */
function rowsOfBand({ width, height, channels, bits }: RasterShape): number {
  const line = (width * channels * bits) / 8;
  const bytes = Math.min(MOST_BYTES, Math.max(LEAST_BYTES, Math.ceil(height / 2) * line));
  return Math.max(1, Math.round(bytes / line));
}

/** How far back deflate looks. */
const WINDOW = 2 ** 15;

/** One byte of so many tells of a band how well it can be packed. */
const SAMPLING = 7;

/**
 * Returns how hard zlib looks for what was there before. It pays the more, and costs the less, the more of
 * the filtered bytes are 0, as they are in smooth pictures and drawings. Together these pack as well as the
 * codec does at its level 6, to 2 %, in as much time.
 */
function levelFor(filtered: Uint8Array): number {
  let zeros = 0;
  for (let i = 0; i < filtered.length; i += SAMPLING) if (filtered[i] === 0) zeros++;
  const share = (SAMPLING * zeros) / filtered.length;
  return share > 0.7 ? 6 : share > 0.5 ? 5 : 4;
}

/** What a stream of zlib begins with: deflate with a window of 32 KiB, packed fast (RFC 1950). */
const STREAM_HEADER = Uint8Array.of(0x78, 0x5e);

const packAsync = promisify<Uint8Array, object, Uint8Array>(deflateRaw);
const unpackAsync = promisify<Uint8Array, object, Uint8Array>(inflate);

/** The shape of a picture whose rows are still to come. */
export type RasterShape = Omit<Raster, "data"> & { readonly bits: 8 | 16 };

/** Rows of a picture, with the row above on top but for the first. */
interface Band {
  readonly rows: Raster;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/**
 * Encodes the rows of a picture, which come as rasters one below the other, as the bytes of a PNG, of which
 * each piece is handed on when its rows have come. The bytes do not depend on how many rows come at a time.
 * @param additions what the file says beside its pixels
 * @throws what `rows` throws
 */
export async function* encodePng(
  rows: AsyncIterable<Raster> | Iterable<Raster>,
  shape: RasterShape,
  additions: PngAdditions,
): AsyncGenerator<Uint8Array> {
  const { width, height, channels, bits } = shape;
  const start = join(
    pngSignature,
    pngHeader({ width, height, channels, bits }),
    pngChunk("IDAT", new Uint8Array()),
  );
  yield pngHead(start, additions).head;
  const underWay: { readonly filtered: Promise<Filtered>; readonly packed: Promise<Uint8Array> }[] = [];
  let [sum, isBegun] = [1, false];
  const next = async () => {
    const { filtered, packed } = underWay.shift()!;
    const { bytes, whole, top } = await filtered;
    sum = adler32Joined(sum, whole, top, bytes.length);
    const before = isBegun ? [] : [STREAM_HEADER];
    isBegun = true;
    return { before, packed: await packed };
  };
  let above = Promise.resolve(new Uint8Array());
  for await (const band of bandsOf(rows, shape)) {
    const filtered = filter(band, bits);
    const packed = pack(filtered, above, band.isLast);
    // It is waited for later.
    packed.catch(() => {});
    underWay.push({ filtered, packed });
    above = filtered.then(({ bytes }) => bytes.slice(-WINDOW));
    above.catch(() => {});
    if (underWay.length < MOST_AT_ONCE) continue;
    const { before, packed: bytes } = await next();
    yield pngChunk("IDAT", join(...before, bytes));
  }
  while (underWay.length > 0) {
    const { before, packed } = await next();
    const end = underWay.length === 0 ? [numbers([sum])] : [];
    yield pngChunk("IDAT", join(...before, packed, ...end));
  }
  yield pngChunk("IEND", new Uint8Array());
}

/** Cuts rows, however many come at a time, into bands of one number of rows. */
async function* bandsOf(
  rows: AsyncIterable<Raster> | Iterable<Raster>,
  shape: RasterShape,
): AsyncGenerator<Band> {
  const { width, height, channels, bits } = shape;
  const line = width * channels;
  const most = rowsOfBand(shape);
  const begin = () => (bits === 16 ? new Uint16Array((most + 1) * line) : new Uint8Array((most + 1) * line));
  let data = begin();
  let [filled, done] = [0, 0];
  for await (const part of rows) {
    for (let y = 0; y < part.height; ) {
      const isFirst = done < most && done === filled;
      const room = most + (isFirst ? 0 : 1) - filled;
      const count = Math.min(room, part.height - y);
      data.set(part.data.subarray(y * line, (y + count) * line), filled * line);
      filled += count;
      y += count;
      done += count;
      const isLast = done === height;
      if (count < room && !isLast) continue;
      const raster = { width, height: filled, channels, data: data.subarray(0, filled * line) };
      const below = begin();
      below.set(data.subarray((filled - 1) * line, filled * line));
      yield { rows: raster, isFirst, isLast };
      [data, filled] = [below, 1];
    }
  }
}

/** The rows of a band as PNG filters them, each behind the number of its filter. */
interface Filtered {
  readonly bytes: Uint8Array;
  /** The Adler-32 of them and the row above, which the codec has computed, and that of the row alone. */
  readonly whole: number;
  readonly top: number;
}

async function filter({ rows, isFirst }: Band, bits: 8 | 16): Promise<Filtered> {
  const { width, height, channels, data } = rows;
  const grey = channels < 3;
  const file = await sharp(data, { raw: { width, height, channels }, limitInputPixels: false })
    .toColourspace(bits === 16 ? (grey ? "grey16" : "rgb16") : grey ? "b-w" : "srgb")
    .png({ compressionLevel: 0, adaptiveFiltering: true })
    .toBuffer();
  const parts = [...pngChunks(file)].filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const line = 1 + (width * channels * bits) / 8;
  const packed = join(...parts);
  const filtered = await unpackAsync(packed, { chunkSize: Math.max(64, line * height) });
  if (filtered.length !== line * height) throw new Error("the codec has filtered another number of rows");
  const whole = viewOf(packed).getUint32(packed.length - 4);
  const above = isFirst ? 0 : line;
  return { bytes: filtered.subarray(above), whole, top: adler32(filtered.subarray(0, above)) };
}

async function pack(filtered: Promise<Filtered>, above: Promise<Uint8Array>, isLast: boolean) {
  const [{ bytes }, dictionary] = await Promise.all([filtered, above]);
  return packAsync(bytes, {
    level: levelFor(bytes),
    strategy: constants.Z_FILTERED,
    memLevel: 9,
    ...(dictionary.length > 0 && { dictionary }),
    finishFlush: isLast ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    chunkSize: Math.max(64, bytes.length),
  });
}
