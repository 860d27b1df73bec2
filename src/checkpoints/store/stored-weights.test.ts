import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { conv, frozenScope, type StateDict, type Weights } from "../../nn/index.js";
import { input, toModel } from "../../onnx/index.js";
import { createSession, floatTensor } from "../../runtime/index.js";
import { writeSafetensors } from "../safetensors.js";
import { locateWeights } from "./stored-weights.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-stored-"));
afterAll(() => rmSync(folder, { recursive: true }));

const random = (shape: number[], seed: number) => ({
  shape,
  data: createRandom(seed).normals(new Float32Array(shape.reduce((a, b) => a * b, 1))),
});
const state: StateDict = new Map([
  // A name of odd length, so that the header needs its padding.
  ["conv.weight", random([40, 8, 3, 3], 1)],
  ["conv.bias", random([40], 2)],
]);
const x = random([1, 8, 6, 6], 3);

async function run(weights: Weights, weightsFolder?: string) {
  const model = toModel({ y: conv(frozenScope(weights).at("conv"), input("x", x.shape), 40, 3) });
  const session = await createSession(model.bytes, { device: "cpu", weightsFolder });
  const { y } = await session.run({ x: floatTensor(x.shape, x.data) });
  await session.release();
  return { y: y.data as Float32Array, bytes: model.bytes.length };
}

const write = (name: string, bytes: Uint8Array) => {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
};

describe("weights that stay in their file", () => {
  it("give what the same weights in memory give, and leave the model small", async () => {
    const path = write("weights.safetensors", writeSafetensors(state));
    const { tensors, folder: at } = await locateWeights(path);
    expect(tensors.get("conv.weight")).toMatchObject({ type: "float32", shape: [40, 8, 3, 3] });
    const [inMemory, inFile] = [await run(state), await run(tensors, at)];
    expect(inFile.y).toEqual(inMemory.y);
    expect(inFile.bytes).toBeLessThan(inMemory.bytes - 4 * 40 * 8 * 9);
  });

  it("may be of half the size", async () => {
    const path = write("half.safetensors", writeSafetensors(state, { precision: "float16" }));
    const { tensors, folder: at } = await locateWeights(path);
    const [inMemory, inFile] = [await run(state), await run(tensors, at)];
    const difference = Math.max(...inFile.y.map((v, i) => Math.abs(v - inMemory.y[i])));
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThan(0.02);
  });

  it("are refused with the file's name when they cannot be read in place", async () => {
    const bytes = writeSafetensors(state);
    const doubled = new TextDecoder("latin1").decode(bytes).replace('"F32"', '"F64"');
    const cases = [
      [write("short.safetensors", bytes.subarray(0, 100)), "not a whole safetensors file"],
      [write("cut.safetensors", bytes.subarray(0, bytes.length - 4)), "beyond its end"],
      [write("wide.safetensors", Buffer.from(doubled, "latin1")), "bytes"],
      [join(folder, "none.safetensors"), "there is no such file"],
    ];
    for (const [path, message] of cases) {
      await expect(locateWeights(path)).rejects.toThrow(`${path}: `);
      await expect(locateWeights(path)).rejects.toThrow(message);
    }
  });

  it("are missed in one line when the file has gone", async () => {
    const path = write("gone.safetensors", writeSafetensors(state));
    const { tensors, folder: at } = await locateWeights(path);
    rmSync(path);
    await expect(run(tensors, at)).rejects.toThrow(/^model: .*gone\.safetensors/);
  });
});
