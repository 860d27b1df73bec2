import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
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
});
