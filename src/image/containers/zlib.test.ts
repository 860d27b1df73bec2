import { describe, expect, it } from "vitest";
import { adler32, adler32Joined } from "./bytes.js";
import * as node from "./zlib.js";
import * as web from "./zlib-web.js";

const bytes = Uint8Array.from({ length: 70_000 }, (_, i) => (i * i) >> 7);

it("sums up bytes that are given in two parts", () => {
  for (const { crc32 } of [node, web]) {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
    expect(crc32(bytes.subarray(9), crc32(bytes.subarray(0, 9)))).toBe(crc32(bytes));
  }
  const sums = [bytes.subarray(0, 40_000), bytes.subarray(30_000), bytes.subarray(30_000, 40_000)].map(
    adler32,
  );
  expect(adler32Joined(sums[0]!, sums[1]!, sums[2]!, 30_000)).toBe(adler32(bytes));
});

describe.each([
  ["Node's", node],
  ["the browser's", web],
])("%s packing", (_, { inflate }) => {
  it("gives back what either has packed", () => {
    for (const { deflate } of [node, web]) {
      expect(Buffer.compare(inflate(deflate(bytes), bytes.length)!, bytes)).toBe(0);
    }
  });

  it("gives nothing where there is more than the limit, and stops long before a bomb is unpacked", () => {
    expect(inflate(node.deflate(bytes), bytes.length - 1)).toBeUndefined();
    expect(inflate(node.deflate(new Uint8Array(2 ** 26)), 1000)).toBeUndefined();
  });

  it("throws for bytes that are damaged or cut off", () => {
    const packed = node.deflate(bytes);
    expect(() => inflate(packed.subarray(0, packed.length >> 1), bytes.length)).toThrow();
    expect(() => inflate(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), bytes.length)).toThrow();
  });
});
