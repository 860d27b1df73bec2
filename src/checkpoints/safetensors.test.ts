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

  it("are read from any place in memory, without a copy where they lie on whole numbers", () => {
    const bytes = writeSafetensors(tensors);
    expect(readSafetensors(bytes).tensors.get("odd")!.data.buffer).toBe(bytes.buffer);
    const shifted = Buffer.alloc(bytes.length + 5);
    shifted.set(bytes, 5);
    const read = readSafetensors(shifted.subarray(5));
    expect(read.tensors).toEqual(tensors);
    expect(read.tensors.get("odd")!.data.buffer.byteLength).toBe(4);
  });

  it("of half precision with the range of float32 are read", () => {
    const bytes = file({ b: entry([2], 0, 4, "BF16") }, 4);
    bytes.set([0x80, 0x3f, 0x80, 0xff], bytes.length - 4);
    expect(readSafetensors(bytes).tensors.get("b")!.data).toEqual(
      Float32Array.of(1, Number.NEGATIVE_INFINITY),
    );
  });

  it("with names that objects have of themselves are tensors like others", () => {
    const bytes = file(
      `{"__proto__": ${JSON.stringify(entry([1], 0, 4))}, "constructor": ${JSON.stringify(entry([1], 4, 8))}}`,
      8,
    );
    expect([...readSafetensors(bytes).tensors.keys()]).toEqual(["__proto__", "constructor"]);
    expect("dtype" in {}).toBe(false);
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
    ["a header that is not text", file('{"?": 1}').fill(0xff, 10, 11), "not UTF-8"],
    ["a list for a header", file([]), "no object"],
    ["null for a header", file("null"), "no object"],
    ["null for metadata", file({ __metadata__: null }), "metadata is no object"],
    ["metadata that is no text", file({ __metadata__: { a: ["b"] } }), "metadata is no object of texts"],
    [
      "a header that nests without end",
      file(`{"w":${"[".repeat(1e6)}${"]".repeat(1e6)}}`),
      "nests 1000001 deep",
    ],
    ["a header of empty lists", file(`{"w":[${"[],".repeat(5e5)}[]]}`), "1 keys and 1000003 values"],
    ["too many tensors", file(`{${'"a":0,'.repeat(1e5)}"b":0}`), "100001 keys"],
    [
      "a name twice",
      file(`{"w":${JSON.stringify(entry([1], 0, 4))},"w":${JSON.stringify(entry([1], 0, 4))}}`, 4),
      "a key twice",
    ],
    [
      "a shape twice",
      file('{"w":{"dtype":"F32","shape":[1],"shape":[1,1],"data_offsets":[0,4]}}', 4),
      "a key twice",
    ],
    ["an object for a shape", file({ w: entry({ length: 1 }, 0, 4) }, 4), 'tensor "w" has no shape'],
    ["a side that is not whole", file({ w: entry([0.5, 2], 0, 4) }, 4), 'tensor "w" has no shape'],
    [
      "an absurd side",
      file('{"w":{"dtype":"F32","shape":[1e400],"data_offsets":[0,4]}}', 4),
      'tensor "w" has no shape',
    ],
    [
      "absurd sides",
      file({ w: entry([2 ** 40, 2 ** 40], 0, 4) }, 4),
      'tensor "w" F32 [1099511627776,1099511627776] has',
    ],
    ["absurd sides beside none", file({ w: entry([2 ** 40, 2 ** 40, 0], 0, 0) }), "has 0 bytes"],
    [
      "a third offset",
      file({ w: { ...entry([1], 0, 4), data_offsets: [0, 4, 8] } }, 4),
      "no shape or no place",
    ],
    [
      "a hole between tensors",
      file({ v: entry([1], 0, 4), w: entry([1], 8, 12) }, 12),
      '4 bytes before tensor "w"',
    ],
    ["a hole at the end", file({ w: entry([1], 0, 4) }, 7), "3 bytes at its end belong to no tensor"],
    [
      "a type of eight bits",
      file({ w: entry([4], 0, 4, "F8_E4M3") }, 4),
      'tensor "w" has numbers of type "F8_E4M3"',
    ],
    ["a name of several lines", file({ "a\n\u2028\u001b[31mb": null }), 'tensor "a [31mb" has no shape'],
    ["no entry", file({ w: null }), 'tensor "w" has no shape'],
    ["no offsets", file({ w: { dtype: "F32", shape: [1] } }, 4), 'tensor "w" has no shape or no place'],
    ["a negative side", file({ w: entry([-1], 0, 4) }, 4), 'tensor "w" has no shape'],
    ["a side that is no number", file({ w: entry(["1"], 0, 4) }, 4), 'tensor "w" has no shape'],
    ["a negative offset", file({ w: entry([1], -4, 0) }, 4), 'tensor "w" has no shape or no place'],
    ["offsets in the wrong order", file({ w: entry([1], 4, 0) }, 4), 'tensor "w" lies at 4..0'],
    ["a tensor beyond the end", file({ w: entry([2], 0, 8) }, 4), 'tensor "w" lies at 0..8'],
    ["another size than the shape's", file({ w: entry([2], 0, 4) }, 4), 'tensor "w" F32 [2] has 4 bytes'],
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
