import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";
import * as ort from "onnxruntime-web";
import { describe, expect, it } from "vitest";
import * as o from "../src/onnx/index.js";
import { hasRelaxedSimd, withMatrixKernel } from "../src/runtime/matrix-kernel.js";

const plain = readFileSync(
  createRequire(import.meta.url).resolve("onnxruntime-web/ort-wasm-simd-threaded.wasm"),
);

describe("our kernel of matrix products", () => {
  it("has its place in the version of ONNX Runtime that is installed", () => {
    expect(withMatrixKernel(plain)).toBeDefined();
    expect(withMatrixKernel(plain.subarray(0, 8))).toBeUndefined();
  });

  it("gives the products that are to be had, whatever is left over at the sides", async () => {
    // Engines from V8 12 on have this without a flag, and say nothing of one that they do not know.
    if (!hasRelaxedSimd()) setFlagsFromString("--experimental-wasm-relaxed-simd");
    expect(hasRelaxedSimd()).toBe(true);
    ort.env.wasm.wasmBinary = withMatrixKernel(plain);
    ort.env.wasm.numThreads = 1;
    // K over 128 is summed in parts, and N over 128 written in parts.
    for (const [m, k, n] of [
      [1, 9, 40],
      [2, 1, 16],
      [5, 131, 37],
      [7, 300, 150],
    ] as const) {
      const y = o.mul(o.matmul(o.input("a", [m, k]), o.input("b", [k, n])), 0.5);
      const session = await ort.InferenceSession.create(o.toModel({ y }).bytes);
      const a = Float32Array.from({ length: m * k }, (_, i) => Math.sin(i));
      const b = Float32Array.from({ length: k * n }, (_, i) => Math.cos(3 * i));
      const feeds = { a: new ort.Tensor("float32", a, [m, k]), b: new ort.Tensor("float32", b, [k, n]) };
      const { data } = (await session.run(feeds)).y!;
      const worst = Array.from(data as Float32Array, (value, at) => {
        const [row, column] = [Math.floor(at / n), at % n];
        let sum = 0;
        for (let i = 0; i < k; i++) sum += a[row * k + i]! * b[i * n + column]!;
        return Math.abs(value - sum / 2);
      }).reduce((x, y) => Math.max(x, y), 0);
      expect(worst, `${m} x ${k} x ${n}`).toBeLessThan(2e-5);
      await session.release();
    }
  });
});
