import { describe, expect, it } from "vitest";
import { countFlops } from "./flops.js";
import { gradients } from "./gradients.js";
import * as o from "./operators/index.js";
import { constant, input, type Value } from "./value.js";

const of = (...values: Value[]) => countFlops(values);

describe("products", () => {
  it("of a convolution: two for every tap of every output element", () => {
    const x = input("x", [2, 3, 10, 12]);
    const plain = o.conv(x, input("w", [5, 3, 3, 3]), undefined, { padding: 1 });
    expect(of(plain)).toEqual({ products: 2 * (2 * 5 * 10 * 12) * (3 * 3 * 3), others: 0 });
    const strided = o.conv(x, input("v", [5, 3, 3, 3]), input("b", [5]), { padding: 1, stride: 2 });
    const size = 2 * 5 * 5 * 6;
    expect(of(strided)).toEqual({ products: 2 * size * 27, others: size });
  });

  it("of a transposed convolution: those of the convolution it transposes", () => {
    const w = input("w", [5, 3, 3, 3]);
    const small = o.conv(input("x", [2, 3, 11, 13]), w, undefined, { padding: 1, stride: 2 });
    const large = o.convTranspose(input("y", small.shape), w, undefined, { padding: 1, stride: 2 });
    expect(large.shape).toEqual([2, 3, 11, 13]);
    expect(of(large).products).toBe(of(small).products);
  });

  it("of matrices: 2 M N K, a batch at a time, however they are stored", () => {
    const batched = o.matmul(input("a", [4, 1, 6, 7]), input("b", [5, 7, 8]));
    expect(of(batched)).toEqual({ products: 4 * 5 * (2 * 6 * 8 * 7), others: 0 });
    const [a, b, at, bt] = [
      [6, 7],
      [7, 8],
      [7, 6],
      [8, 7],
    ].map((shape, i) => input(`m${i}`, shape));
    const products = 2 * 6 * 8 * 7;
    expect(of(o.gemm(a, b))).toEqual({ products, others: 0 });
    expect(of(o.gemm(at, bt, { transA: true, transB: true, bias: input("c", [8]) }))).toEqual({
      products,
      others: 48,
    });
  });

  it("of a linear layer with its two gradients: three times the layer", () => {
    const [x, w] = [input("x", [32, 16]), input("w", [16, 8])];
    const loss = o.reduceSum(o.gemm(x, w));
    expect(of(loss, ...gradients(loss, [x, w])).products).toBe(3 * (2 * 32 * 16 * 8));
  });

  it("of a 3x3 convolution with its two gradients: thrice the layer, and a mirrored kernel", () => {
    const [x, w] = [input("x", [2, 8, 16, 16]), input("w", [4, 8, 3, 3])];
    const loss = o.reduceSum(o.conv(x, w, undefined, { padding: 1 }));
    const layer = 2 * (2 * 4 * 16 * 16) * (8 * 9);
    const mirroring = 2 * (4 * 8 * 9) * 9;
    expect(of(loss, ...gradients(loss, [x, w])).products).toBe(3 * layer + mirroring);
  });
});

describe("others", () => {
  it("are one for an element, the stated few for norms and activations, none for moving", () => {
    const x = input("x", [4, 6]);
    expect(of(o.add(x, input("row", [6]))).others).toBe(24);
    expect(of(o.reduceSum(x, [1])).others).toBe(24);
    expect(of(o.softmax(x)).others).toBe(5 * 24);
    expect(of(o.normalize(x)).others).toBe(6 * 24);
    const moved = o.concat(o.split(o.transpose(o.pad(x, [0, 1], [0, 1]), [1, 0]), 2, 0), 1);
    expect(of(moved)).toEqual({ products: 0, others: 0 });
  });
});

describe("what a run does not do", () => {
  it("is a node of which the graph holds a second", () => {
    const [x, w] = [input("x", [6, 6]), input("w", [6, 6])];
    const twice = o.add(o.matmul(x, w), o.matmul(x, w));
    expect(of(twice, o.matmul(x, w))).toEqual({ products: 2 * 6 * 6 * 6, others: 36 });
    expect(of(o.add(o.mul(x, 3), o.mul(x, 4))).others).toBe(3 * 36);
  });

  it("is what rests on constants alone", () => {
    const table = constant(new Float32Array(600), [100, 6]);
    const fixed = o.matmul(o.exp(table), constant(new Float32Array(36), [6, 6]));
    expect(of(o.add(input("x", [6]), fixed))).toEqual({ products: 0, others: 600 });
  });
});

it("counts an operator without a price as nothing, and the rest of the graph as ever", () => {
  const x = input("x", [2]);
  const node = { op: "Unheard", inputs: [x], attributes: {}, outputs: 1 };
  const y = { ...x, source: { kind: "node", node, output: 0 }, order: x.order + 1 } as Value;
  expect(of(o.add(y, 1))).toEqual({ products: 0, others: 2 });
});
