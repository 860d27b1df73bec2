import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { FakeTensor, writePth } from "../../test/fixtures/pth.js";
import { readCheckpoint, readShapes } from "./open.js";
import { writeSafetensors } from "./safetensors.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-open-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const data = Float32Array.of(1, 2, 3);
const pth = writePth(new Map([["module.w", new FakeTensor("FloatStorage", "0", 3, [3])]]), { 0: data });
const safetensors = writeSafetensors(new Map([["module.w", { shape: [3], data }]]));

describe("readCheckpoint and readShapes", () => {
  it.each([
    ["a PyTorch file", "a.safetensors", pth],
    ["a safetensors file", "b.pth", safetensors],
  ])("read %s by its content, whatever its name", async (_, name, bytes) => {
    const path = file(name, bytes);
    expect([...(await readCheckpoint(path))]).toEqual([["w", { shape: [3], data }]]);
    expect(await readShapes(path)).toEqual(new Map([["w", [3]]]));
  });

  it.each([
    ["nothing.pth", "", "it is empty"],
    ["page.pth", "<!doctype html><p>Not found", "it is a web page"],
    ["short.safetensors", safetensors.subarray(0, 40), "not a whole safetensors file"],
    ["short.pth", pth.subarray(0, 200), "not a PyTorch checkpoint that can be read"],
  ])("names a file that is neither: %s", async (name, bytes, what) => {
    const path = file(name, bytes);
    await expect(readCheckpoint(path)).rejects.toThrow(`${path}: `);
    await expect(readShapes(path)).rejects.toThrow(what);
  });

  it("names a file that is missing, and a folder", async () => {
    await expect(readCheckpoint(join(folder, "none.pth"))).rejects.toThrow("none.pth: there is no such file");
    await expect(readShapes(folder)).rejects.toThrow(`${folder}: this is no file`);
  });

  it("say in one line what is wrong with a name of several", async () => {
    await expect(readShapes(pth.subarray(0, 99), "a\nb")).rejects.toThrow(/^a b: not a PyTorch checkpoint/);
  });

  /** A file with this header and as many bytes of zeros, which take no place on disk. */
  function sparse(name: string, header: Record<string, unknown>, size: number): string {
    const json = JSON.stringify(header);
    const path = file(
      name,
      Buffer.concat([Buffer.from([json.length, 0, 0, 0, 0, 0, 0, 0]), Buffer.from(json)]),
    );
    truncateSync(path, 8 + json.length + size);
    return path;
  }

  it("take what is needed out of a file of any size", async () => {
    const size = 2 ** 33;
    const header = {
      index: { dtype: "I64", shape: [size / 8], data_offsets: [0, size] },
      w: { dtype: "F32", shape: [2], data_offsets: [size, size + 8] },
    };
    const path = sparse("large.safetensors", header, size + 8);
    expect(await readCheckpoint(path)).toEqual(new Map([["w", { shape: [2], data: new Float32Array(2) }]]));
  });

  it("have no memory for a file that claims more than there is", async () => {
    const size = 2 ** 43;
    const header = { w: { dtype: "F32", shape: [size / 4], data_offsets: [0, size] } };
    const path = sparse("huge.safetensors", header, size);
    expect(await readShapes(path)).toEqual(new Map([["w", [size / 4]]]));
    await expect(readCheckpoint(path)).rejects.toThrow(`${path}: there is no memory for ${size} bytes`);
  });
});

/** A Blob that counts what is read of it. */
class CountingBlob extends Blob {
  bytesRead = 0;
  override slice(start = 0, end = this.size): Blob {
    this.bytesRead += end - start;
    return super.slice(start, end);
  }
}

describe("a file larger than what is needed of it", () => {
  const large = new Float32Array(1e5).map((_, i) => i);
  const tensor = (key: string, type = "FloatStorage") => new FakeTensor(type, key, 1e5, [100, 1000]);
  const two = writePth(
    new Map<string, unknown>([
      ["params", new Map([["w", tensor("0")]])],
      [
        "params_ema",
        new Map([
          ["w", tensor("1")],
          ["tied", tensor("1")],
          ["index", tensor("2", "ByteStorage")],
        ]),
      ],
    ]),
    { 0: large, 1: large.map((v) => -v), 2: new Uint8Array(1e5) },
  );
  const whole = writeSafetensors(new Map([["w", { shape: [100, 1000], data: large }]]));

  it("is read where the weights are, each storage once, in a web page too", async () => {
    const blob = new CountingBlob([two as BlobPart]);
    const state = await readCheckpoint(blob, "a.pth");
    expect(state.get("w")!.data).toEqual(large.map((v) => -v));
    expect(state.get("tied")!.data.buffer).toBe(state.get("w")!.data.buffer);
    expect([...state.keys()]).toEqual(["w", "tied"]);
    expect(blob.bytesRead).toBeGreaterThan(4e5);
    expect(blob.bytesRead).toBeLessThan(4.2e5 + 2 ** 16);
  });

  it.each([
    ["a PyTorch file", two],
    ["a safetensors file", whole],
  ])("shows its shapes without its numbers: %s", async (_, bytes) => {
    const blob = new CountingBlob([bytes as BlobPart]);
    expect((await readShapes(blob, "a")).get("w")).toEqual([100, 1000]);
    expect(blob.bytesRead).toBeLessThan(2 ** 17);
  });

  it.each([
    ["a PyTorch file", two],
    ["a safetensors file", whole],
  ])("is not copied when it is given as bytes: %s", async (_, bytes) => {
    expect((await readCheckpoint(bytes)).get("w")!.data.buffer).toBe(bytes.buffer);
    const odd = new Uint8Array(bytes.length + 1);
    odd.set(bytes, 1);
    const copy = (await readCheckpoint(odd.subarray(1))).get("w")!.data;
    expect(copy.buffer).not.toBe(odd.buffer);
    expect(copy).toEqual((await readCheckpoint(bytes)).get("w")!.data);
  });
});
