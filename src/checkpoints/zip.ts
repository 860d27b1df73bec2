/**
 * As much of the ZIP format (PKWARE's APPNOTE, with its ZIP64 records) as reading a PyTorch checkpoint takes. The
 * directory stands at the end of the file and says where each entry lies, so one tensor can be read out of
 * gigabytes. Nothing the file says is believed before it is checked: it may be damaged, or made to do harm.
 */
import * as zlib from "node:zlib";

/** Where bytes come from: memory, or a file that is read piece by piece. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes at `offset`, in memory of their own; only asked for what lies inside. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

export interface ZipEntry {
  readonly name: string;
  /** Bytes, once unpacked. */
  readonly size: number;
  readonly packedSize: number;
  readonly deflated: boolean;
  readonly crc: number;
  /** Of its local header. */
  readonly offset: number;
}

export interface Zip {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  read(entry: ZipEntry): Promise<Uint8Array<ArrayBuffer>>;
}

/** Ends the reading with an error that says what is wrong. */
export type Fail = (what: string) => never;

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

const END_SIZE = 22;
const LONGEST_COMMENT = 0xffff;
const LARGEST_DIRECTORY = 64e6;
/** Of the file's size, what all entries may unpack to; PyTorch does not pack at all. */
const LARGEST_GROWTH = 100;

/** Reads the directory. */
export async function readZip(source: ByteSource, fail: Fail): Promise<Zip> {
  const { start, length, count } = await findDirectory(source, fail);
  const entries = parseDirectory(await source.read(start, length), count, source.size, fail);
  return { entries, read: (entry) => readEntry(source, entry, fail) };
}

/** A view that refuses to read outside, with one error for all of them. */
function view(bytes: Uint8Array, fail: Fail) {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const inside = (at: number, size: number) => at >= 0 && at + size <= bytes.length;
  return {
    u16: (at: number) => (inside(at, 2) ? data.getUint16(at, true) : fail("it ends too early")),
    u32: (at: number) => (inside(at, 4) ? data.getUint32(at, true) : fail("it ends too early")),
    u64: (at: number) => {
      const value = inside(at, 8) ? data.getBigUint64(at, true) : fail("it ends too early");
      return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : fail("it claims an impossible size");
    },
  };
}

async function findDirectory(source: ByteSource, fail: Fail) {
  const tailSize = Math.min(source.size, END_SIZE + LONGEST_COMMENT);
  const tailStart = source.size - tailSize;
  const tail = await source.read(tailStart, tailSize);
  const { u16, u32 } = view(tail, fail);
  let end = tail.length - END_SIZE;
  while (end >= 0 && (u32(end) !== END || end + END_SIZE + u16(end + 20) > tail.length)) end--;
  if (end < 0) fail("its directory is missing, so the end of the file probably is");
  let [count, length, start] = [u16(end + 10), u32(end + 12), u32(end + 16)];
  if (count === 0xffff || length === 0xffffffff || start === 0xffffffff) {
    const locator = end - 20;
    if (locator < 0 || u32(locator) !== END_64_LOCATOR) fail("its ZIP64 directory is missing");
    const at = view(tail, fail).u64(locator + 8);
    if (at + 56 > source.size) fail("its ZIP64 directory lies beyond its end");
    const record = view(await source.read(at, 56), fail);
    if (record.u32(0) !== END_64) fail("its ZIP64 directory is damaged");
    [count, length, start] = [record.u64(32), record.u64(40), record.u64(48)];
  }
  if (start + length > source.size) fail("its directory lies beyond its end");
  if (length > LARGEST_DIRECTORY) fail(`its directory claims ${length} bytes`);
  return { start, length, count };
}

function parseDirectory(bytes: Uint8Array, count: number, fileSize: number, fail: Fail) {
  const { u16, u32, u64 } = view(bytes, fail);
  const text = new TextDecoder();
  const entries = new Map<string, ZipEntry>();
  let packed = 0;
  let unpacked = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (u32(at) !== DIRECTORY_ENTRY) fail(`entry ${i} of its directory is damaged`);
    const [flags, method, crc] = [u16(at + 8), u16(at + 10), u32(at + 16)];
    const [nameLength, extraLength, commentLength] = [u16(at + 28), u16(at + 30), u16(at + 32)];
    const nameEnd = at + 46 + nameLength;
    if (nameEnd + extraLength + commentLength > bytes.length) fail(`entry ${i} of its directory is damaged`);
    const name = text.decode(bytes.subarray(at + 46, nameEnd));
    // Of size, packed size and place, those that say "too large" stand in the ZIP64 field, in this order.
    const sizes = [u32(at + 24), u32(at + 20), u32(at + 42)];
    let wide = sizes.includes(0xffffffff) ? findField(1, nameEnd, nameEnd + extraLength, u16) : 0;
    if (wide < 0) fail(`entry "${name}" has no ZIP64 sizes`);
    const [size, packedSize, offset] = sizes.map((value) => {
      if (value !== 0xffffffff) return value;
      wide += 8;
      return u64(wide - 8);
    });
    if (flags & 1) fail(`entry "${name}" is encrypted`);
    if (method !== 0 && method !== 8) fail(`entry "${name}" is packed by method ${method}`);
    if (method === 0 && size !== packedSize) fail(`entry "${name}" has two sizes`);
    if (entries.has(name)) fail(`two entries are named "${name}"`);
    // Entries that share bytes would let a small file unpack to a huge one.
    packed += packedSize;
    unpacked += size;
    if (unpacked > LARGEST_GROWTH * fileSize) fail(`its entries claim to unpack to ${unpacked} bytes`);
    if (offset + packedSize > fileSize || packed > fileSize) fail(`entry "${name}" lies beyond its end`);
    entries.set(name, { name, size, packedSize, deflated: method === 8, crc, offset });
    at = nameEnd + extraLength + commentLength;
  }
  return entries;
}

/** Where the data of an extra field begins, or -1. */
function findField(id: number, start: number, end: number, u16: (at: number) => number): number {
  for (let at = start; at + 4 <= end; at += 4 + u16(at + 2)) if (u16(at) === id) return at + 4;
  return -1;
}

async function readEntry(source: ByteSource, entry: ZipEntry, fail: Fail): Promise<Uint8Array<ArrayBuffer>> {
  const { name, size, packedSize, offset, crc } = entry;
  if (offset + 30 > source.size) fail(`entry "${name}" lies beyond its end`);
  const header = view(await source.read(offset, 30), fail);
  if (header.u32(0) !== LOCAL_HEADER) fail(`the header of "${name}" is damaged`);
  const start = offset + 30 + header.u16(26) + header.u16(28);
  if (start + packedSize > source.size) fail(`entry "${name}" lies beyond its end`);
  const packed = await source.read(start, packedSize);
  const bytes = entry.deflated ? inflate(packed, entry, fail) : packed;
  if (bytes.length !== size) fail(`entry "${name}" unpacks to ${bytes.length} bytes, not ${size}`);
  // PyTorch can be told to leave checksums out. (Node has had this function since 20.15.)
  if (crc !== 0 && zlib.crc32 && zlib.crc32(bytes) !== crc) fail(`entry "${name}" does not fit its checksum`);
  return bytes;
}

function inflate(packed: Uint8Array, { name, size }: ZipEntry, fail: Fail): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(zlib.inflateRawSync(packed, { maxOutputLength: Math.max(1, size) }));
  } catch {
    return fail(`entry "${name}" does not unpack`);
  }
}
