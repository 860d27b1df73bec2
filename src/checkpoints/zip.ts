/**
 * The part of the ZIP format (PKWARE's APPNOTE, with its ZIP64 records) that reading a PyTorch checkpoint
 * takes. The directory stands at the end of the file and says where each entry lies, so one tensor can be
 * read out of gigabytes. Nothing the file says is believed before it is checked: it may be damaged, or made
 * to do harm.
 */
import type { Fail } from "../base/errors.js";
import { inNode } from "../runtime/environment.js";
import type { ByteSource } from "./byte-source.js";
import { checkLocalHeader, LOCAL_HEADER_SIZE, parseDirectory, view, type ZipEntry } from "./zip-records.js";

export interface Zip {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Reads an entry's bytes: where it is not packed, as the source hands them out. */
  read(entry: ZipEntry): Promise<Uint8Array>;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const END_64_LOCATOR = 0x07064b50;

const END_SIZE = 22;
const END_64_SIZE = 56;
const LOCATOR_SIZE = 20;
const LONGEST_COMMENT = 0xffff;
const LARGEST_DIRECTORY = 16e6;

/** Reads the directory. */
export async function readZip(source: ByteSource, fail: Fail): Promise<Zip> {
  const { start, length, count } = await findDirectory(source, fail);
  const entries = parseDirectory(await source.read(start, length), { start, count }, source.size, fail);
  return { entries, read: (entry) => readEntry(source, entry, fail) };
}

async function findDirectory(source: ByteSource, fail: Fail) {
  const tailSize = Math.min(source.size, LOCATOR_SIZE + END_SIZE + LONGEST_COMMENT);
  const tailStart = source.size - tailSize;
  const tail = view(await source.read(tailStart, tailSize), fail);
  const first = Math.max(0, tailSize - END_SIZE - LONGEST_COMMENT);
  let end = tailSize - END_SIZE;
  while (end >= first && (tail.u32(end) !== END || end + END_SIZE + tail.u16(end + 20) > tailSize)) end--;
  if (end < first) fail("its directory is missing, so the end of the file probably is");
  let [count, length, start] = [tail.u16(end + 10), tail.u32(end + 12), tail.u32(end + 16)];
  let [disks, own] = [tail.u16(end + 4) | tail.u16(end + 6), tail.u16(end + 8)];
  let limit = tailStart + end;
  if (count === 0xffff || length === 0xffffffff || start === 0xffffffff) {
    const locator = end - LOCATOR_SIZE;
    if (locator < 0 || tail.u32(locator) !== END_64_LOCATOR) fail("its ZIP64 directory is missing");
    limit = tail.u64(locator + 8);
    if (limit + END_64_SIZE > tailStart + locator) fail("its ZIP64 directory lies beyond its end");
    const record = view(await source.read(limit, END_64_SIZE), fail);
    if (record.u32(0) !== END_64) fail("its ZIP64 directory is damaged");
    [count, length, start] = [record.u64(32), record.u64(40), record.u64(48)];
    [disks, own] = [record.u32(16) | record.u32(20), record.u64(24)];
  }
  if (disks !== 0 || own !== count) fail("it is one part of an archive in several");
  if (start + length > limit) fail("its directory lies beyond its end");
  if (length > LARGEST_DIRECTORY) fail(`its directory claims ${length} bytes`);
  return { start, length, count };
}

async function readEntry(source: ByteSource, entry: ZipEntry, fail: Fail): Promise<Uint8Array> {
  const { name, size, packedSize, offset, crc } = entry;
  const header = await source.read(offset, LOCAL_HEADER_SIZE + entry.nameBytes.length);
  const start = offset + checkLocalHeader(header, entry, fail);
  if (start + packedSize > entry.limit) fail(`entry "${name}" lies where another does`);
  const packed = await source.read(start, packedSize);
  const { inflate, crc32 } = await (inNode ? import("./unpack-node.js") : import("./unpack-web.js"));
  const bytes = entry.deflated
    ? await inflate(packed, size).catch((cause) => fail(`entry "${name}" does not unpack`, cause))
    : packed;
  if (bytes.length !== size) fail(`entry "${name}" unpacks to ${bytes.length} bytes, not ${size}`);
  // PyTorch can be told to leave checksums out.
  if (crc !== 0 && crc32(bytes) !== crc) fail(`entry "${name}" does not fit its checksum`);
  return bytes;
}
