/**
 * The records of a ZIP archive that tell of its entries: the directory's at the end, and the one before each
 * entry.
 */
import type { Fail } from "../base/errors.js";

export interface ZipEntry {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  /** The number of bytes, once unpacked. */
  readonly size: number;
  readonly packedSize: number;
  readonly deflated: boolean;
  readonly crc: number;
  /** Where the entry's local header begins in the file. */
  readonly offset: number;
  /** Where the next entry begins, or the directory. */
  readonly limit: number;
}

const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_ENTRY_SIZE = 46;
export const LOCAL_HEADER_SIZE = 30;

const STORED = 0;
const DEFLATED = 8;
/** Flags: encrypted in one of three ways; sizes and checksum follow after the entry. */
const ENCRYPTED = 0x2041;
const SIZES_FOLLOW = 8;

const MOST_ENTRIES = 1e5;
/**
 * How many times the file's size all entries together may unpack to. PyTorch does not pack at all, and
 * weights hardly shrink.
 */
const LARGEST_GROWTH = 2;
const SMALL = 1e6;

/** Numbers at places of a record, with one error for all that lies outside. */
export function view(bytes: Uint8Array, fail: Fail) {
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

/** Parses the entries of a directory, which is at `start` in the file and says that it has `count`. */
export function parseDirectory(
  bytes: Uint8Array,
  { start, count }: { start: number; count: number },
  fileSize: number,
  fail: Fail,
): ReadonlyMap<string, ZipEntry> {
  if (count > MOST_ENTRIES) fail(`it claims ${count} entries`);
  const { u16, u32, u64 } = view(bytes, fail);
  const text = new TextDecoder();
  const found: Omit<ZipEntry, "limit">[] = [];
  let unpacked = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (u32(at) !== DIRECTORY_ENTRY) fail(`entry ${i} of its directory is damaged`);
    const [flags, method, crc, disk] = [u16(at + 8), u16(at + 10), u32(at + 16), u16(at + 34)];
    const [nameLength, extraLength, commentLength] = [u16(at + 28), u16(at + 30), u16(at + 32)];
    const nameStart = at + DIRECTORY_ENTRY_SIZE;
    const nameEnd = nameStart + nameLength;
    if (nameEnd + extraLength + commentLength > bytes.length) fail(`entry ${i} of its directory is damaged`);
    const nameBytes = bytes.slice(nameStart, nameEnd);
    const name = text.decode(nameBytes);
    checkEntryName(name, fail);
    // Of size, packed size and place, those that say "too large" stand in the ZIP64 field, in this order.
    const sizes = [u32(at + 24), u32(at + 20), u32(at + 42)];
    let wide = sizes.includes(0xffffffff) ? findField(1, nameEnd, nameEnd + extraLength, u16) : 0;
    if (wide < 0) fail(`entry "${name}" has no ZIP64 sizes`);
    const [size, packedSize, offset] = sizes.map((value) => {
      if (value !== 0xffffffff) return value;
      wide += 8;
      return u64(wide - 8);
    });
    if (flags & ENCRYPTED) fail(`entry "${name}" is encrypted`);
    if (disk !== 0) fail(`entry "${name}" is in another part of the archive`);
    if (method !== STORED && method !== DEFLATED) fail(`entry "${name}" is packed by method ${method}`);
    if (method === STORED && size !== packedSize) fail(`entry "${name}" has two sizes`);
    if (offset + LOCAL_HEADER_SIZE + nameLength + packedSize > start) {
      fail(`entry "${name}" lies beyond the end`);
    }
    unpacked += size;
    if (unpacked > LARGEST_GROWTH * fileSize + SMALL)
      fail(`its entries claim to unpack to ${unpacked} bytes`);
    found.push({ name, nameBytes, size, packedSize, deflated: method === DEFLATED, crc, offset });
    at = nameEnd + extraLength + commentLength;
  }
  return inPlaces(found, start, fail);
}

/** Entries that share bytes would let a small file unpack to a huge one, and show two readers two things. */
function inPlaces(found: Omit<ZipEntry, "limit">[], end: number, fail: Fail): ReadonlyMap<string, ZipEntry> {
  found.sort((a, b) => a.offset - b.offset);
  const entries = new Map<string, ZipEntry>();
  for (const [i, entry] of found.entries()) {
    const { name, nameBytes, packedSize, offset } = entry;
    const limit = found[i + 1]?.offset ?? end;
    if (offset + LOCAL_HEADER_SIZE + nameBytes.length + packedSize > limit) {
      fail(`entry "${name}" lies where another does`);
    }
    if (entries.has(name)) fail(`two entries are named "${name}"`);
    entries.set(name, { ...entry, limit });
  }
  return entries;
}

/**
 * Refuses names that lead out of an archive: nothing is ever written under them, but such an archive is not
 * PyTorch's.
 */
function checkEntryName(name: string, fail: Fail): void {
  const parts = name.split("/");
  if (parts.includes("..") || parts[0] === "" || /^[a-z]:|[\\\p{Cc}]/iu.test(name)) {
    fail(`an entry has the name "${name}", which leads out of its folder`);
  }
}

/** Finds where the data of an extra field begins, or -1. */
function findField(id: number, start: number, end: number, u16: (at: number) => number): number {
  for (let at = start; at + 4 <= end; at += 4 + u16(at + 2)) if (u16(at) === id) return at + 4;
  return -1;
}

/** Checks the record before an entry against the directory, and says how long it is. */
export function checkLocalHeader(header: Uint8Array, entry: ZipEntry, fail: Fail): number {
  const { u16, u32 } = view(header, fail);
  if (u32(0) !== LOCAL_HEADER) fail(`the header of "${entry.name}" is damaged`);
  const [flags, method, nameLength, extraLength] = [u16(6), u16(8), u16(26), u16(28)];
  const same = (at: number, value: number) => u32(at) === value || u32(at) === 0xffffffff;
  const sizes = flags & SIZES_FOLLOW || (same(18, entry.packedSize) && same(22, entry.size));
  const checksum = flags & SIZES_FOLLOW || u32(14) === entry.crc || entry.crc === 0;
  const name = nameLength === entry.nameBytes.length && entry.nameBytes.every((b, i) => header[30 + i] === b);
  if (!name || !sizes || !checksum || flags & ENCRYPTED || method !== (entry.deflated ? DEFLATED : STORED)) {
    fail(`the header of "${entry.name}" does not fit the directory`);
  }
  return LOCAL_HEADER_SIZE + nameLength + extraLength;
}
