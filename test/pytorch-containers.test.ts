/** Files of PyTorch in every container, against their contents as they are stored beside them. */
import { describe, expect, it } from "vitest";
import { readPth } from "../src/checkpoints/index.js";
import { fromFloat16 } from "../src/onnx/index.js";
import { hasShared, readSafetensors, sharedPath } from "./shared.js";

const at = (file: string) => sharedPath("reference", "metric-containers", file);

/** Numbers as they print, floats of all widths alike. */
function numbers(dtype: string, data: ArrayLike<number | bigint> | Uint16Array): string {
  if (dtype === "float16") return [...fromFloat16(data as Uint16Array)].join();
  if (dtype === "bfloat16") {
    const bits = Uint32Array.from(data as Uint16Array, (half) => half << 16);
    return [...new Float32Array(bits.buffer)].join();
  }
  return Array.from(data, String).join();
}

/** Every tensor of a file by the last part of the dictionary that it stands in. */
async function contents(file: string, prefix = "") {
  const { tensors } = await readPth(at(file));
  return Object.fromEntries(
    [...tensors].map(([name, { shape, dtype, data }]) => [
      prefix + name.replace(/^params\./, ""),
      { shape: [...shape], numbers: numbers(dtype, data) },
    ]),
  );
}

function stored(file: string, start = "") {
  const { tensors } = readSafetensors(at(file));
  return Object.fromEntries(
    [...tensors]
      .filter(([name]) => name.startsWith(start))
      .map(([name, { shape, data }]) => [name, { shape: [...shape], numbers: [...data].join() }]),
  );
}

describe.skipIf(!hasShared)("containers of PyTorch", () => {
  it.each(["clip-torchscript.pt", "clip-legacy.pt"])("%s", async (file) => {
    const found = await contents(file);
    const due = stored("clip-torchscript.expected.safetensors");
    for (const [name, tensor] of Object.entries(due)) expect(found[name], name).toEqual(tensor);
  });

  it.each(["strided-zip.pth", "strided-legacy.pth"])("%s", async (file) => {
    const found = await contents(file);
    const due = stored("strided.expected.safetensors");
    expect(Object.keys(due).length).toBe(10);
    for (const [name, { shape, numbers }] of Object.entries(due)) {
      expect(found[name].shape, name).toEqual(shape);
      expect(found[name].numbers, name).toBe(numbers);
    }
  });

  it("one parameter without a dictionary", async () => {
    const { shape, numbers } = (await contents("clipiqa-ctx-bare.pth"))[""];
    expect({ shape, numbers }).toEqual(stored("clipiqa-ctx-bare.expected.safetensors").value);
  });

  it.each([
    ["lpips-v0.1-alex.pth", "alex."],
    ["lpips-v0.1-vgg.pth", "vgg."],
    ["lpips-v0.1-squeeze.pth", "squeeze."],
  ])("%s", async (file, prefix) => {
    expect(await contents(file, prefix)).toEqual(stored("published.expected.safetensors", prefix));
  });
});
