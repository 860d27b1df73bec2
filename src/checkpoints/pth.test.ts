import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FakeTensor, pickle, pickled, writeLegacy, writePth, zip } from "../../test/fixtures/pth.js";
import { SamsrError } from "../base/errors.js";
import { readPth } from "./pth.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-pth-"));
afterAll(() => rmSync(directory, { recursive: true }));

const ascii = (words: string) => [...new TextEncoder().encode(words)];
const float = (key: string, shape: number[], stride?: number[], offset?: number, length = 6) =>
  new FakeTensor("FloatStorage", key, length, shape, stride, offset);
const six = Float32Array.of(1, 2, 3, 4, 5, 6);

/** A checkpoint that is right, of which the wrong ones differ in one place. */
const small = writePth(new Map([["w", float("0", [2, 3])]]), { 0: six });

async function expectError(bytes: Uint8Array, message: string | RegExp): Promise<void> {
  const error = await readPth(bytes, "model.pth").then(
    () => undefined,
    (e) => e,
  );
  expect(error).toBeInstanceOf(SamsrError);
  expect(error.message).toMatch(/^model\.pth: /);
  expect(error.message).not.toContain("\n");
  expect(error.message).toMatch(message);
}

describe("readPth", () => {
  it("reads dictionaries of tensors, and what stands beside them", async () => {
    const root = new Map<string, unknown>([
      ["epoch", 7],
      ["rate", 0.125],
      ["note", "größer"],
      ["flags", [true, false, null, -1]],
      ["state_dict", new Map([["conv.weight", float("0", [2, 3])]])],
    ]);
    const { root: read, tensors } = await readPth(writePth(root, { 0: six }));
    expect([...tensors.keys()]).toEqual(["state_dict.conv.weight"]);
    expect(tensors.get("state_dict.conv.weight")).toEqual({ shape: [2, 3], dtype: "float32", data: six });
    expect(read).toEqual(
      new Map<string, unknown>([
        ...[...root].slice(0, 4),
        ["state_dict", new Map([["conv.weight", tensors.get("state_dict.conv.weight")]])],
      ]),
    );
  });

  it.each<[string, string, ArrayBufferView]>([
    ["FloatStorage", "float32", six],
    ["HalfStorage", "float16", Uint16Array.of(0x3c00, 0xbc00)],
    ["BFloat16Storage", "bfloat16", Uint16Array.of(0x3f80, 0xbf80)],
    ["DoubleStorage", "float64", Float64Array.of(1e300, -0.1)],
    ["LongStorage", "int64", BigInt64Array.of(-1n, 2n ** 62n)],
    ["IntStorage", "int32", Int32Array.of(-7, 7)],
    ["ByteStorage", "uint8", Uint8Array.of(0, 255)],
    ["BoolStorage", "bool", Uint8Array.of(0, 1)],
  ])("reads a %s as %s", async (type, dtype, data) => {
    const { length } = data as Uint8Array;
    const file = writePth([new FakeTensor(type, "0", length, [length])], { 0: data });
    expect((await readPth(file)).tensors.get("0")).toEqual({ shape: [length], dtype, data });
  });

  it("lays out strided tensors, and lets tensors share a storage", async () => {
    const root = new Map([
      ["whole", float("0", [2, 3])],
      ["transposed", float("0", [3, 2], [1, 3])],
      ["column", float("0", [2], [3], 1)],
      ["row", float("0", [1, 3], [99, 1], 3)], // the stride of a side of one does not matter
      ["repeated", float("0", [2, 2], [0, 1], 4)],
      ["scalar", float("0", [], [], 5)],
      ["empty", float("0", [0, 3], [3, 1], 6)],
    ]);
    const { tensors } = await readPth(writePth(root, { 0: six }));
    const numbers = (key: string) => [...(tensors.get(key)!.data as Float32Array)];
    expect(numbers("transposed")).toEqual([1, 4, 2, 5, 3, 6]);
    expect(numbers("column")).toEqual([2, 5]);
    expect(numbers("row")).toEqual([4, 5, 6]);
    expect(numbers("repeated")).toEqual([5, 6, 5, 6]);
    expect(numbers("scalar")).toEqual([6]);
    expect(numbers("empty")).toEqual([]);
    expect(tensors.get("row")!.data.buffer).toBe(tensors.get("whole")!.data.buffer);
  });

  it("reads parameters, attributes of dictionaries and values used twice", async () => {
    const parameter = [
      ...ascii("ctorch._utils\n_rebuild_parameter\n("),
      ...pickled(float("0", [6])),
      ...pickled(true),
      ...pickled(new Map()),
      ...ascii("tR"),
    ];
    // {"a": p, "b": p} with p kept as memo 9, then attributes set on the dictionary.
    const body = [
      ...[
        ...ascii("}("),
        ...pickled("a"),
        ...parameter,
        ...ascii("q\x09"),
        ...pickled("b"),
        ...ascii("h\x09u"),
      ],
      ...[...pickled(new Map([["_metadata", new Map([["version", 1]])]])), ...ascii("b")],
    ];
    const { tensors } = await readPth(writePth(null, { 0: six }, { body }));
    expect([...tensors.keys()]).toEqual(["a", "b"]);
    expect(tensors.get("b")!.data).toEqual(six);
  });

  it("reads compressed archives, files, and bytes at an odd place", async () => {
    const root = [float("0", [6])];
    const expected = { shape: [6], dtype: "float32", data: six };
    const plain = writePth(root, { 0: six });
    const packed = writePth(root, { 0: six }, { deflate: true });
    expect((await readPth(packed)).tensors.get("0")).toEqual(expected);
    const shifted = new Uint8Array(plain.length + 3);
    shifted.set(plain, 3);
    expect((await readPth(shifted.subarray(3))).tensors.get("0")).toEqual(expected);
    expect((await readPth(Buffer.from(plain))).tensors.get("0")).toEqual(expected);
    const path = join(directory, "plain.pth");
    writeFileSync(path, plain);
    const { name, tensors } = await readPth(path);
    expect(name).toBe(path);
    expect(tensors.get("0")).toEqual(expected);
  });

  it("reads the format from before version 1.6, and views of a storage in it", async () => {
    const root = new Map<string, unknown>([
      ["step", 3],
      [
        "state_dict",
        new Map([
          ["w", float("7", [2, 3])],
          ["t", float("7", [3, 2], [1, 3])],
        ]),
      ],
    ]);
    const bytes = writeLegacy(root, { 7: six });
    const { tensors } = await readPth(bytes);
    expect(tensors.get("state_dict.w")).toEqual({ shape: [2, 3], dtype: "float32", data: six });
    expect([...(tensors.get("state_dict.t")!.data as Float32Array)]).toEqual([1, 4, 2, 5, 3, 6]);
    const path = join(directory, "old.pth");
    writeFileSync(path, bytes);
    expect((await readPth(path)).tensors.get("state_dict.w")!.data).toEqual(six);

    // A storage that is numbers 2 to 5 of another: its own key, offset and length stand behind the whole's.
    const part = (offset: number) => [
      ...ascii("ctorch._utils\n_rebuild_tensor\n(("),
      ...[...pickled("storage"), ...ascii("ctorch\nFloatStorage\n"), ...pickled("7"), ...pickled("cpu")],
      ...[...pickled(6), ...ascii("("), ...pickled("8"), ...pickled(2), ...pickled(4), ...ascii("ttQ")],
      ...[...pickled(offset), ...ascii("("), ...pickled(3), ...ascii("t("), ...pickled(1), ...ascii("ttR")],
    ];
    const list = (offset: number) => [...ascii("]("), ...part(offset), ...ascii("e")];
    const viewed = await readPth(writeLegacy(null, { 7: six }, { body: list(1) }));
    expect([...(viewed.tensors.get("0")!.data as Float32Array)]).toEqual([4, 5, 6]);
    await expectError(writeLegacy(null, { 7: six }, { body: list(2) }), /beyond its/);
  });

  it("keeps objects of Python's as names, and reads what stands beside them", async () => {
    const callbacks = [
      ...ascii("}("),
      ...[...ascii("cpytorch_lightning.callbacks\nModelCheckpoint\n"), ...pickled(new Map([["best", 1]]))],
      ...ascii("u"),
    ];
    const object = [
      ...ascii("c__main__\nConfig\n)"),
      0x81,
      ...ascii("}("),
      ...pickled("width"),
      ...pickled(3),
      ...ascii("ub"),
    ];
    const body = [
      ...ascii("}("),
      ...[...pickled("callbacks"), ...callbacks, ...pickled("config"), ...object],
      ...[...pickled("state_dict"), ...pickled(new Map([["w", float("0", [6])]]))],
      ...ascii("u"),
    ];
    const { root, tensors } = await readPth(writePth(null, { 0: six }, { body }));
    expect((root as Map<string, unknown>).get("config")).toBe(null);
    expect((root as Map<string, unknown>).get("callbacks")).toEqual(new Map());
    expect(tensors.get("state_dict.w")!.data).toEqual(six);
  });

  it("reads modules of TorchScript, by the names that lead to their parameters", async () => {
    const module = (name: string, ...state: number[][]) => [
      ...[...ascii(`c__torch__.torch.nn\n${name}\n)`), 0x81, ...ascii("}(")],
      ...state.flat(),
      ...ascii("ub"),
    ];
    const inner = module(
      "Conv2d",
      pickled("training"),
      pickled(false),
      pickled("weight"),
      pickled(float("0", [6])),
    );
    const body = module("Sequential", pickled("0"), inner, pickled("scale"), pickled(float("0", [2])));
    const { root, tensors } = await readPth(writePth(null, { 0: six }, { body }));
    expect([...tensors.keys()]).toEqual(["0.weight", "scale"]);
    expect(root).toEqual(tensors);
  });

  it("names a file that is missing or none", async () => {
    await expect(readPth(join(directory, "none.pth"))).rejects.toThrow(/none\.pth: there is no such file/);
    await expect(readPth(directory)).rejects.toThrow(/this is no file/);
  });
});

describe("readPth refuses, naming the file", () => {
  it("what is something else", async () => {
    await expectError(new Uint8Array(0), /it is empty/);
    await expectError(Uint8Array.from(ascii("<!DOCTYPE html><p>Not found")), /it is a web page/);
    await expectError(
      Uint8Array.from(ascii("version https://git-lfs.github.com/spec/v1\n")),
      /Git LFS pointer/,
    );
    await expectError(Uint8Array.from([9, 0, 0, 0, 0, 0, 0, 0, ...ascii('{"a": {}}')]), /safetensors/);
    await expectError(Uint8Array.from(ascii("hello")), /it is no ZIP archive/);
    await expectError(zip([{ name: "readme.txt", bytes: Uint8Array.of(1) }]), /holds no data.pkl/);
  });

  it("a bare pickle and archives of tar, with the way out", async () => {
    await expectError(pickle([...pickled(1)]), /a bare pickle or .*torch\.save\(torch\.load/);
    await expectError(Buffer.from("sys\0".padEnd(257, "\0").concat("ustar")), /before PyTorch 0\.1\.10/);
  });

  it.each([
    ["os\nsystem", "os.system"],
    ["builtins\neval", "builtins.eval"],
    ["torch._utils\n_rebuild_sparse_tensor", "torch._utils._rebuild_sparse_tensor"],
    ["__main__\nconstructor", "__main__.constructor"],
    ["numpy.core.multiarray\nscalar", "numpy.core.multiarray.scalar"],
  ])("Python objects, by their names: %j", async (global, name) => {
    const body = [...ascii(`c${global}\n(`), ...pickled("echo pwned"), ...ascii("tR")];
    await expectError(writePth(null, {}, { body }), `a Python object, ${name}, and only tensors`);
  });

  it("such objects beside tensors, which may be tensors of a kind that is not read", async () => {
    const odd = ascii("ctorch._utils\n_rebuild_sparse_tensor\n)R");
    const body = [
      ...ascii("}("),
      ...pickled("a"),
      ...pickled(float("0", [6])),
      ...pickled("b"),
      ...odd,
      ...ascii("u"),
    ];
    await expectError(writePth(null, { 0: six }, { body }), "torch._utils._rebuild_sparse_tensor");
  });

  it("number types that are not read", async () => {
    const tensor = new FakeTensor("ComplexFloatStorage", "0", 1, [1]);
    await expectError(writePth([tensor], { 0: new Uint8Array(8) }), /torch\.ComplexFloatStorage/);
  });

  it.each<[string, FakeTensor]>([
    ["longer than its storage", float("0", [7])],
    ["beyond its storage", float("0", [2, 3], [3, 1], 1)],
    ["with wide strides", float("0", [2, 2], [6, 1])],
    ["with fewer strides than sides", float("0", [2, 3], [1])],
    ["of negative sides", float("0", [-2, -3])],
    ["with a negative stride", float("0", [6], [-1], 5)],
    ["of impossible sides beside none", float("0", [2 ** 30, 2 ** 30, 0], [0, 0, 0])],
    ["of impossible size", float("0", [2 ** 30, 2 ** 30, 2 ** 30], [0, 0, 0])],
  ])("a tensor %s", async (_, tensor) => {
    await expectError(writePth([tensor], { 0: six }), /tensor/);
  });

  it("a small file that would fill the memory", async () => {
    await expectError(
      writePth([float("0", [2 ** 15, 2 ** 15], [0, 0])], { 0: six }),
      /repeats too few numbers/,
    );
    const many = Array.from({ length: 200 }, () => float("0", [100, 100], [0, 0]));
    await expectError(writePth(many, { 0: six }), /repeats too few numbers/);
    const zeros = new Float32Array(1e6);
    const bomb = writePth([float("0", [1e6], [1], 0, 1e6)], { 0: zeros }, { deflate: true });
    expect(bomb.length).toBeLessThan(10_000);
    await expectError(bomb, /claim to unpack to 40\d+ bytes/);
  });

  it("storages that are missing, or of another length", async () => {
    await expectError(writePth([float("0", [6])], {}), /storage 0 is missing/);
    await expectError(writePth([float("../version", [6])], { 0: six }), /storage \.\.\/version is missing/);
    await expectError(
      writePth([float("0", [6])], { 0: six.subarray(1) }),
      /has 20 bytes, 6 of float32 need 24/,
    );
    await expectError(
      writePth([float("0", [6]), float("0", [5], [1], 0, 5)], { 0: six }),
      /two types or lengths/,
    );
  });

  it("old files whose storages are not those of their tensors", async () => {
    const root = [float("0", [6])];
    await expectError(writeLegacy(root, {}), /storage 0 is missing/);
    await expectError(writeLegacy(root, { 0: six.subarray(1) }), /has 5 numbers, and its tensors say 6/);
    await expectError(writeLegacy(root, { 0: six }, { keys: ["0", "0"] }), /or one twice/);
    await expectError(writeLegacy(root, { 0: six }, { keys: 1 }), /list of storages is damaged/);
    await expectError(writeLegacy(root, { 0: six }, { after: [1, 2] }), /2 bytes follow/);
    await expectError(
      writeLegacy(root, { 0: six }, { facts: new Map([["little_endian", false]]) }),
      /big-endian/,
    );
    const whole = writeLegacy(root, { 0: six });
    for (let length = 0; length < whole.length; length++) await expectError(whole.subarray(0, length), /./);
  });

  it("big-endian numbers", async () => {
    const more = [{ name: "archive/byteorder", bytes: Uint8Array.from(ascii("big")) }];
    await expectError(writePth([float("0", [6])], { 0: six }, { more }), /big-endian/);
  });

  it.each<[string, number[], RegExp]>([
    ["a value that is not there", ascii("a"), /takes a value that is not there/],
    ["a value below the mark", ascii("](R"), /takes a value that is not there/],
    ["a mark that is not there", ascii("]e"), /a mark that is not there/],
    ["a memo never kept", ascii("h\x05"), /recalls value 5/],
    ["an end too early", [...ascii("X"), 255, 0, 0, 0], /ends too early/],
    [
      "a memo at an impossible place",
      [...ascii("]r"), 255, 255, 255, 255],
      /remembers a value as 4294967295/,
    ],
    ["lists by the million", new Array(1e6).fill(0x5d), /too many lists/],
    ["values by the million", new Array(1e6).fill(0x4e), /too many values/],
    [
      "numbers as keys that hash alike",
      [...ascii("}J"), 0, 0, 0, 0x70, ...ascii("Ns")],
      /small whole number/,
    ],
    [
      "such keys in an ordered dictionary",
      [...ascii("ccollections\nOrderedDict\n(](("), ...pickled(2 ** 30), ...ascii("NtetR")],
      /small whole number/,
    ],
    ["a key without a value", ascii("}(K\x01u"), /a key without a value/],
    ["items of no dictionary", ascii("](K\x01K\x02u"), /no dictionary/],
    ["a call of no function", ascii("K\x01)R"), /calls what is no function/],
    ["attributes of a number", ascii("K\x01}b"), /sets attributes/],
    ["an unknown instruction", ascii("i"), /instruction 0x69/],
    ["a call of a value", [...ascii("K\x01)"), 0x81], /calls what is no function/],
    ["text that is not UTF-8", [...ascii("X"), 1, 0, 0, 0, 0xff], /not UTF-8/],
    ["marks without end", new Array(5000).fill(0x28), /nests too deep/],
    ["lists without end", [...new Array(5000).fill(0x5d), ...new Array(4999).fill(0x61)], /nests too deep/],
    ["a tensor without a storage", ascii("ctorch._utils\n_rebuild_tensor_v2\n)R"), /no storage/],
    ["a function for a value", ascii("ccollections\nOrderedDict\n"), /not a value/],
    ["a dictionary as a key", ascii("}(}K\x01u"), /a key of a dictionary is neither text nor a small/],
  ])("a pickle with %s", async (_, body, message) => {
    await expectError(writePth(null, {}, { body }), message);
  });

  it("a shape that changes after it was checked", async () => {
    // The lists [6] and [1] are kept, given to a tensor, and appended to afterwards: the tensor keeps [6].
    const tensor = pickled(float("0", [6]));
    const list = pickled([6]);
    const tuple = [...ascii("("), ...pickled(6), ...ascii("t")];
    const at = findSequence(tensor, tuple);
    const aliased = [...tensor.slice(0, at), ...list, ...ascii("q\x01"), ...tensor.slice(at + tuple.length)];
    const body = [...ascii("]("), ...aliased, ...ascii("h\x01("), ...pickled(9), ...ascii("e0e")];
    const { tensors } = await readPth(writePth(null, { 0: six }, { body }));
    expect(tensors.get("0")!.shape).toEqual([6]);
  });

  it("values inside themselves: they are read once", async () => {
    const body = ascii("]q\x01(h\x01h\x01e");
    const { root } = await readPth(writePth(null, {}, { body }));
    expect((root as unknown[])[0]).toBe(root);
  });

  it("newer protocols", async () => {
    const bytes = Uint8Array.from([0x80, 4, 0x95, ...ascii(".")]);
    await expectError(zip([{ name: "a/data.pkl", bytes }]), /protocol 4; save it with pickle_protocol=2/);
  });

  it("every cut of the file, and never hangs on it", async () => {
    for (let length = 0; length < small.length; length++) await expectError(small.subarray(0, length), /./);
  });

  it("damage inside a storage, by its checksum", async () => {
    const damaged = small.slice();
    const at = findSequence([...damaged], [...new Uint8Array(six.buffer)]);
    damaged[at] ^= 1;
    await expectError(damaged, /"archive\/data\/0" does not fit its checksum/);
  });
});

function findSequence(bytes: readonly number[], part: readonly number[]): number {
  const at = bytes.findIndex((_, i) => part.every((byte, k) => bytes[i + k] === byte));
  if (at < 0) throw new Error("not found");
  return at;
}
