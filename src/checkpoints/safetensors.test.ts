import { describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import { readSafetensors, writeSafetensors } from "./safetensors.js";

const tensors = new Map([
  ["a.weight", { shape: [2, 3], data: Float32Array.of(1, -2, 0.5, 65504, 2 ** -24, 0) }],
  ["odd", { shape: [1], data: Float32Array.of(3) }],
  ["scalar", { shape: [], data: Float32Array.of(-1.5) }],
  ["größe", { shape: [0, 4], data: new Float32Array(0) }],
]);

/** A file with this header, given as JSON or as it is, before `size` bytes of data. */
function file(header: unknown, size = 0, claimed?: bigint): Uint8Array {
  const json = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const out = new Uint8Array(8 + json.length + size);
  new DataView(out.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  out.set(json, 8);
  return out;
}

const entry = (shape: unknown, from: unknown, to: unknown, dtype = "F32") => ({
  dtype,
  shape,
  data_offsets: [from, to],
});

describe("safetensors", () => {
  it("come back as they were written, with metadata", () => {
    const bytes = writeSafetensors(tensors, { metadata: { step: "7" } });
    const read = readSafetensors(bytes);
    expect(read.tensors).toEqual(tensors);
    expect(read.metadata).toEqual({ step: "7" });
    expect(readSafetensors(writeSafetensors(new Map())).tensors.size).toBe(0);
  });

  it("come back from half precision where it holds them", () => {
    const whole = writeSafetensors(tensors);
    const half = writeSafetensors(tensors, { precision: "float16" });
    expect(half.length).toBeLessThan(whole.length);
    expect(readSafetensors(half).tensors).toEqual(tensors);
  });

  it("have a header that another reader can parse", () => {
    const bytes = writeSafetensors(tensors);
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    expect(header["a.weight"]).toEqual(entry([2, 3], 0, 24));
    expect(header.odd).toEqual(entry([1], 24, 28));
  });

  it("are read from any place in memory, and do not hold on to it", () => {
    const bytes = writeSafetensors(tensors);
    const shifted = Buffer.alloc(bytes.length + 5);
    shifted.set(bytes, 5);
    const read = readSafetensors(shifted.subarray(5));
    expect(read.tensors).toEqual(tensors);
    shifted.fill(0xff);
    expect(read.tensors).toEqual(tensors);
    expect(read.tensors.get("odd")!.data.buffer.byteLength).toBe(4);
  });

  it("of double precision are rounded, and those of other types left out", () => {
    const bytes = file({ d: entry([1], 0, 8, "F64"), index: entry([2], 8, 24, "I64") }, 24);
    new DataView(bytes.buffer).setFloat64(bytes.length - 24, 0.1, true);
    const read = readSafetensors(bytes).tensors;
    expect([...read.keys()]).toEqual(["d"]);
    expect(read.get("d")!.data).toEqual(Float32Array.of(0.1));
  });

  it.each<[string, Uint8Array, string]>([
    ["no bytes", new Uint8Array(0), "it has 0 bytes"],
    ["a cut length", new Uint8Array(7), "it has 7 bytes"],
    ["a header longer than the file", file({}, 0, 100n), "claims 100 bytes"],
    ["an absurd header", file({}, 0, 2n ** 63n), "claims 9223372036854775808 bytes"],
    ["a header that is not JSON", file("{"), "not JSON"],
    ["a header that is not text", file("\ud800\udc00").fill(0xff, 8), "not JSON"],
    ["a list for a header", file([]), "no object"],
    ["null for a header", file("null"), "no object"],
    ["null for metadata", file({ __metadata__: null }), "metadata is no object"],
    ["no entry", file({ w: null }), 'tensor "w" has no shape'],
    ["no offsets", file({ w: { dtype: "F32", shape: [1] } }, 4), 'tensor "w" has no shape or no place'],
    ["a negative side", file({ w: entry([-1], 0, 4) }, 4), 'tensor "w" has no shape'],
    ["a side that is no number", file({ w: entry(["1"], 0, 4) }, 4), 'tensor "w" has no shape'],
    ["a negative offset", file({ w: entry([1], -4, 0) }, 4), 'tensor "w" has no shape or no place'],
    ["offsets in the wrong order", file({ w: entry([1], 4, 0) }, 4), 'tensor "w" lies at 4..0'],
    ["a tensor beyond the end", file({ w: entry([2], 0, 8) }, 4), 'tensor "w" lies at 0..8'],
    ["another size than the shape's", file({ w: entry([2], 0, 4) }, 4), 'tensor "w" [2] has 4 bytes'],
    ["a type named like a method", file({ w: entry([1], 0, 4, "toString") }, 4), 'tensor "w"'],
    [
      "tensors that share bytes",
      file({ v: entry([1], 0, 4), w: entry([1], 0, 4) }, 4),
      'tensor "w" lies where another does',
    ],
  ])("with %s are refused by name", (_, bytes, message) => {
    const read = () => readSafetensors(bytes, "net.safetensors");
    expect(read).toThrow(SamsrError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^net\.safetensors: not a whole safetensors file: .*; fetch or write it again$/);
  });

  it("cut anywhere are refused", () => {
    const bytes = writeSafetensors(tensors);
    for (let length = 0; length < bytes.length; length++) {
      expect(() => readSafetensors(bytes.subarray(0, length))).toThrow(SamsrError);
    }
  });
});
