import * as zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { zip } from "../../test/fixtures/pth.js";
import { sourceOfBytes } from "./source.js";
import * as node from "./unpack-node.js";
import * as web from "./unpack-web.js";
import { readZip } from "./zip.js";

const fail = (what: string): never => {
  throw new Error(what);
};
const read = async (bytes: Uint8Array, name = "a/b") => {
  const archive = await readZip(sourceOfBytes(bytes, "x.zip"), fail);
  return archive.read(archive.entries.get(name)!);
};
const content = Buffer.from("content of an entry");
const archive = (...names: string[]) => Buffer.from(zip(names.map((name) => ({ name, bytes: content }))));

/** The archive with a number of two or four bytes put at a place of a record, found by its signature. */
function having(bytes: Buffer, signature: string, at: number, value: number, width = 2): Buffer {
  const out = Buffer.from(bytes);
  out.writeUIntLE(value, out.indexOf(signature) + at, width);
  return out;
}
const [LOCAL, ENTRY, END, END_64] = ["PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06"];

const one = archive("a/b");

describe("a ZIP archive", () => {
  it("is read in place, and whatever stands before it", async () => {
    const bytes = archive("a/a", "a/b");
    expect(Buffer.from(await read(bytes))).toEqual(content);
    expect((await read(bytes)).buffer).toBe(bytes.buffer);
  });

  it("may have the sizes and checksum of an entry behind it, as PyTorch's have", async () => {
    let bytes = having(archive("a/b"), LOCAL, 6, 8);
    for (const at of [14, 18, 22]) bytes = having(bytes, LOCAL, at, 0, 4);
    expect(Buffer.from(await read(bytes))).toEqual(content);
  });

  it("may say sizes and place in the wide fields of ZIP64", async () => {
    const start = one.indexOf(ENTRY);
    const entry = Buffer.from(one.subarray(start, start + 46));
    entry.writeUInt16LE(28, 30);
    const wide = Buffer.alloc(28);
    wide.writeUInt16LE(1, 0);
    wide.writeUInt16LE(24, 2);
    // Size, packed size, place; the directory says of each that it does not fit.
    for (const [i, field] of [24, 20, 42].entries()) {
      wide.writeBigUInt64LE(BigInt(entry.readUInt32LE(field)), 4 + 8 * i);
      entry.writeUInt32LE(0xffffffff, field);
    }
    const directory = Buffer.concat([entry, Buffer.from("a/b"), wide]);
    const end = Buffer.from(one.subarray(one.indexOf(END)));
    for (const at of [8, 10]) end.writeUInt16LE(1, at);
    end.writeUInt32LE(directory.length, 12);
    end.writeUInt32LE(start, 16);
    const bytes = Buffer.concat([one.subarray(0, start), directory, end]);
    expect(Buffer.from(await read(bytes))).toEqual(content);
    wide.writeUInt16LE(2, 0);
    const without = Buffer.concat([one.subarray(0, start), entry, Buffer.from("a/b"), wide, end]);
    await expect(read(without)).rejects.toThrow("has no ZIP64 sizes");
  });

  const two = archive("a/a", "a/b");
  it.each<[string, Buffer, string]>([
    [
      "an entry in the place of another",
      having(two, ENTRY, 42, two.lastIndexOf(LOCAL), 4),
      "where another does",
    ],
    ["an entry longer than its place", having(one, LOCAL, 28, 200), "where another does"],
    ["a name that leads up", archive("a/../../b"), 'the name "a/../../b", which leads out of its folder'],
    ["a name from the root", archive("/a/b"), "leads out of its folder"],
    ["a name of another drive", archive("c:a"), "leads out of its folder"],
    ["a name with backslashes", archive("a\\b"), "leads out of its folder"],
    ["no name", archive(""), "leads out of its folder"],
    ["a name with a zero", archive("a/b\0c"), "leads out of its folder"],
    ["one name twice", archive("a/b", "a/b"), 'two entries are named "a/b"'],
    ["another name before the entry", having(one, LOCAL, 30, 0x2f62), "does not fit the directory"],
    ["another size before the entry", having(one, LOCAL, 18, 3, 4), "does not fit the directory"],
    ["another packing before the entry", having(one, LOCAL, 8, 8), "does not fit the directory"],
    ["encryption", having(one, ENTRY, 8, 1), "is encrypted"],
    ["encryption told before the entry", having(one, LOCAL, 6, 1), "does not fit the directory"],
    ["an unknown packing", having(one, ENTRY, 10, 12), "is packed by method 12"],
    ["two sizes", having(one, ENTRY, 20, 3, 4), "has two sizes"],
    ["an entry beyond the end", having(one, ENTRY, 42, 2 ** 31, 4), "lies beyond the end"],
    ["entries on another disk", having(one, ENTRY, 34, 1), "in another part of the archive"],
    ["several disks", having(one, END_64, 16, 1, 4), "one part of an archive in several"],
    [
      "too many entries",
      having(having(one, END_64, 24, 1e6, 6), END_64, 32, 1e6, 6),
      "it claims 1000000 entries",
    ],
    ["a directory beyond the end", having(one, END_64, 48, 2 ** 40, 6), "its directory lies beyond its end"],
    ["a wide directory beyond the end", having(one, "PK\x06\x07", 8, 2 ** 40, 6), "lies beyond its end"],
    ["no end", one.subarray(0, one.indexOf(END)), "its directory is missing"],
  ])("with %s is refused", async (_, bytes, message) => {
    await expect(read(bytes)).rejects.toThrow(message);
  });
});

describe.each([
  ["Node's", node],
  ["a browser's", web],
])("%s unpacking", (_, { crc32, inflate }) => {
  const bytes = Buffer.from(Array.from({ length: 1003 }, (_, i) => (i * i) % 251));
  const packed = zlib.deflateRawSync(bytes);

  it("checks and unpacks", async () => {
    expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
    expect(crc32(bytes.subarray(1))).toBe(node.crc32(bytes.subarray(1)));
    expect(crc32(new Uint8Array(0))).toBe(0);
    expect(Buffer.from(await inflate(packed, bytes.length))).toEqual(bytes);
  });

  it("ends with an error on more than was claimed, and on what is no packed data", async () => {
    await expect(inflate(packed, bytes.length - 1)).rejects.toThrow();
    await expect(inflate(zlib.deflateRawSync(Buffer.alloc(1e7)), 1e5)).rejects.toThrow();
    await expect(inflate(Buffer.alloc(100, 0xff), 1000)).rejects.toThrow();
  });
});
