import { describe, expect, it } from "vitest";
import {
  message,
  toBytes,
  writeBytes,
  writeFloat,
  writeInteger,
  writeIntegers,
  writeText,
} from "./protobuf.js";

const written = (write: (m: ReturnType<typeof message>) => void) => {
  const m = message();
  write(m);
  return [...toBytes(m)];
};

describe("protobuf", () => {
  it.each<[number | bigint, number[]]>([
    [0, [0]],
    [1, [1]],
    [127, [0x7f]],
    [128, [0x80, 0x01]],
    [150, [0x96, 0x01]], // the example of the format's own documentation
    [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
    [Number.MAX_SAFE_INTEGER, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    [2n ** 63n - 1n, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
    [-1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    [-2, [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    [-(2n ** 63n), [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
  ])("writes %d as a varint", (value, bytes) => {
    expect(written((m) => writeInteger(m, 1, value))).toEqual([0x08, ...bytes]);
  });

  it("writes the tag of a field above 15 in two bytes", () => {
    expect(written((m) => writeInteger(m, 20, 7))).toEqual([0xa0, 0x01, 7]);
  });

  it("writes floats, text, packed integers and nested messages", () => {
    expect(written((m) => writeFloat(m, 2, 1))).toEqual([0x15, 0, 0, 0x80, 0x3f]);
    expect(written((m) => writeText(m, 1, "né"))).toEqual([0x0a, 3, 0x6e, 0xc3, 0xa9]);
    expect(written((m) => writeIntegers(m, 4, [3, 270, 86942]))).toEqual([
      0x22, 6, 0x03, 0x8e, 0x02, 0x9e, 0xa7, 0x05,
    ]);
    const inner = message();
    writeInteger(inner, 1, 150);
    expect(written((m) => writeBytes(m, 3, inner))).toEqual([0x1a, 3, 0x08, 0x96, 0x01]);
  });

  it("measures a nested message when it is added, so it must be whole by then", () => {
    const big = new Uint8Array(200);
    const inner = message();
    writeBytes(inner, 1, big);
    const bytes = written((m) => writeBytes(m, 1, inner));
    expect(bytes.slice(0, 3)).toEqual([0x0a, 0xcb, 0x01]); // 203 = tag + two bytes of length + 200
    expect(bytes).toHaveLength(206);
  });
});
