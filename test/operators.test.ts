import { describe, expect, it } from "vitest";
import * as o from "../src/onnx/index.js";
import { normals, runGraph } from "./run-graph.js";
import { maxDifference } from "./shared.js";

/**
 * What the operators compute, against loops that say it in the plainest way. (That their gradients are right
 * is another test; it would not notice an operator that differentiates well and computes something else.)
 */
async function expectEqual(
  y: o.Value,
  expected: ArrayLike<number>,
  feeds = {},
  tolerance = 1e-5,
): Promise<void> {
  const result = (await runGraph({ y }, feeds)).y;
  expect(o.sizeOf(y.shape)).toBe(result.length);
  expect(maxDifference(result, expected)).toBeLessThan(tolerance);
}

/** Fills a tensor from a function of its indices. */
function tabulate(shape: o.Shape, f: (...index: number[]) => number): Float32Array {
  return Float32Array.from({ length: o.sizeOf(shape) }, (_, flat) => {
    const index: number[] = [];
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      index.unshift(rest % shape[axis]);
      rest = Math.floor(rest / shape[axis]);
    }
    return f(...index);
  });
}

/** Reads a tensor at indices; outside it, zero. */
const reader =
  (data: Float32Array, shape: o.Shape) =>
  (...index: number[]) => {
    if (index.some((i, axis) => i < 0 || i >= shape[axis])) return 0;
    return data[index.reduce((flat, i, axis) => flat * shape[axis] + i, 0)];
  };

/** A seeded tensor as a constant, its numbers and a reader of them. */
function random(shape: o.Shape, seed: number) {
  const data = normals(shape, seed);
  return { value: o.constant(data, shape), data, at: reader(data, shape) };
}

const sum = (n: number, f: (i: number) => number) =>
  Array.from({ length: n }, (_, i) => f(i)).reduce((a, b) => a + b, 0);

describe("convolution", () => {
  it.each([
    [1, 0],
    [1, 1],
    [2, 1],
    [2, 0],
    [3, 2],
  ])("with stride %i and padding %i", async (stride, padding) => {
    const [x, w, b] = [random([2, 3, 7, 6], 1), random([4, 3, 3, 2], 2), random([4], 3)];
    const y = o.conv(x.value, w.value, b.value, { stride, padding });
    const expected = tabulate(
      y.shape,
      (n, k, i, j) =>
        b.at(k) +
        sum(3, (c) =>
          sum(3, (di) =>
            sum(
              2,
              (dj) => w.at(k, c, di, dj) * x.at(n, c, i * stride - padding + di, j * stride - padding + dj),
            ),
          ),
        ),
    );
    await expectEqual(y, expected);
  });

  it.each([
    [1, 0, 0],
    [2, 1, 0],
    [2, 1, 1],
    [3, 1, 2],
  ])("transposed, with stride %i, padding %i and %i more", async (stride, padding, more) => {
    const [x, w, b] = [random([2, 3, 4, 5], 1), random([3, 2, 3, 3], 2), random([2], 3)];
    const y = o.convTranspose(x.value, w.value, b.value, { stride, padding, extra: [more, more] });
    // Every input pixel scatters the kernel; read from the side of the output.
    const expected = tabulate(
      y.shape,
      (n, k, i, j) =>
        b.at(k) +
        sum(3, (c) =>
          sum(4, (p) =>
            sum(5, (q) => x.at(n, c, p, q) * w.at(c, k, i + padding - p * stride, j + padding - q * stride)),
          ),
        ),
    );
    await expectEqual(y, expected);
  });
});

describe("normalisation", () => {
  const shape = [2, 6, 3, 4];
  const [x, w, b] = [random(shape, 1), random([6], 2), random([6], 3)];

  const moments = (values: number[]) => {
    const mean = values.reduce((a, v) => a + v, 0) / values.length;
    const variance = values.reduce((a, v) => a + (v - mean) ** 2, 0) / values.length;
    return { mean, variance };
  };

  it("of groups of channels", async () => {
    const expected = tabulate(shape, (n, c, i, j) => {
      const first = c - (c % 2);
      const group = [...tabulate([2, 3, 4], (d, p, q) => x.at(n, first + d, p, q))];
      const { mean, variance } = moments(group);
      return ((x.at(n, c, i, j) - mean) / Math.sqrt(variance + 1e-5)) * w.at(c) + b.at(c);
    });
    await expectEqual(o.groupNorm(x.value, 3, w.value, b.value), expected);
  });

  it("of the last axis", async () => {
    const rows = random([5, 6], 4);
    const expected = tabulate([5, 6], (n, c) => {
      const { mean, variance } = moments([...tabulate([6], (i) => rows.at(n, i))]);
      return ((rows.at(n, c) - mean) / Math.sqrt(variance + 1e-5)) * w.at(c) + b.at(c);
    });
    await expectEqual(o.layerNorm(rows.value, w.value, b.value), expected);
  });

  it("stays finite where all is equal", async () => {
    const flat = o.constant(new Float32Array(144).fill(3), shape);
    const expected = tabulate(shape, (_, c) => b.at(c));
    await expectEqual(o.groupNorm(flat, 3, w.value, b.value), expected);
  });

  it.each([0, 1, -1])("softmax along axis %i, of large numbers too", async (axis) => {
    const data = normals([3, 4, 5], 5).map((v, i) => v * 3 + (i < 20 ? 1000 : 0));
    const at = reader(data, [3, 4, 5]);
    const along = (axis + 3) % 3;
    const expected = tabulate([3, 4, 5], (...index) => {
      const line = Array.from({ length: [3, 4, 5][along] }, (_, k) =>
        at(...index.map((v, i) => (i === along ? k : v))),
      );
      const top = Math.max(...line);
      return Math.exp(at(...index) - top) / line.reduce((total, v) => total + Math.exp(v - top), 0);
    });
    await expectEqual(o.softmax(o.constant(data, [3, 4, 5]), axis), expected);
  });
});

describe("elementwise", () => {
  const data = normals([64], 6);
  const x = o.constant(data);
  // Abramowitz and Stegun 7.1.26 would do to 1e-7; the series is exact and as short.
  const erf = (v: number) => {
    let [term, total] = [v, v];
    for (let k = 1; k < 60; k++) total += (term *= (-v * v) / k) / (2 * k + 1);
    return (2 / Math.sqrt(Math.PI)) * total;
  };
  it.each<[string, (v: o.Value) => o.Value, (v: number) => number]>([
    ["silu", o.silu, (v) => v / (1 + Math.exp(-v))],
    ["gelu", o.gelu, (v) => 0.5 * v * (1 + erf(v / Math.SQRT2))],
    ["erf", o.erf, erf],
    ["sigmoid", o.sigmoid, (v) => 1 / (1 + Math.exp(-v))],
    ["tanh", o.tanh, Math.tanh],
    ["clip", (v) => o.clip(v, -0.5, 1), (v) => Math.min(1, Math.max(-0.5, v))],
    ["where", (v) => o.where(o.greater(v, 0), v, o.mul(v, 0.1)), (v) => (v > 0 ? v : 0.1 * v)],
    ["maximum", (v) => o.maximum(v, 0.2), (v) => Math.max(v, 0.2)],
    ["pow", (v) => o.pow(o.abs(v), 1.5), (v) => Math.abs(v) ** 1.5],
  ])("%s", (_, f, plain) => expectEqual(f(x), data.map(plain)));

  it("broadcasts from the right", async () => {
    const [a, b] = [random([2, 1, 3], 7), random([4, 1], 8)];
    await expectEqual(
      o.sub(a.value, b.value),
      tabulate([2, 4, 3], (i, j, k) => a.at(i, 0, k) - b.at(j, 0)),
    );
  });
});

describe("shapes", () => {
  const shape = [2, 8, 4, 6];
  const x = random(shape, 9);

  it("depthToSpace takes channel (i f + j) C + c for row i and column j of a block", async () => {
    const expected = tabulate([2, 2, 8, 12], (n, c, y, z) => {
      const channel = ((y % 2) * 2 + (z % 2)) * 2 + c;
      return x.at(n, channel, Math.floor(y / 2), Math.floor(z / 2));
    });
    await expectEqual(o.depthToSpace(x.value, 2), expected, {}, 1e-30);
    await expectEqual(o.spaceToDepth(o.depthToSpace(x.value, 2), 2), x.data, {}, 1e-30);
  });

  it("pixelShuffle takes channel (c f + i) f + j for row i and column j of a block", async () => {
    const expected = tabulate([2, 2, 8, 12], (n, c, y, z) => {
      const channel = (c * 2 + (y % 2)) * 2 + (z % 2);
      return x.at(n, channel, Math.floor(y / 2), Math.floor(z / 2));
    });
    await expectEqual(o.pixelShuffle(x.value, 2), expected, {}, 1e-30);
    await expectEqual(o.pixelUnshuffle(o.pixelShuffle(x.value, 2), 2), x.data, {}, 1e-30);
  });

  it("samples between pixels, and repeats the border beyond their middle", async () => {
    // Places of x from the left edge, in pixels: -2, 0, 0.25 and 3.5 of a row of four.
    const row = o.constant([1, 2, 4, 8], [1, 1, 1, 4]);
    const places = [-2, 0, 0.25, 3.5].flatMap((at) => [(2 * at + 1) / 4 - 1, 0]);
    const { sampled } = await runGraph({
      sampled: o.gridSample(row, o.constant(places, [1, 1, 4, 2])),
    });
    [1, 1, 1.25, 8].forEach((due, i) => expect(sampled[i]).toBeCloseTo(due, 6));
    expect(() => o.gridSample(row, row)).toThrow("GridSample: input [1,1,1,4], grid [1,1,1,4]");
    const grid = o.input("grid", [1, 1, 4, 2]);
    expect(() => o.gradients(o.reduceSum(o.gridSample(row, grid)), [grid])).toThrow("it has no gradient");
  });

  it("pads with zeros, mirrors and borders", async () => {
    const [before, after] = [
      [0, 0, 2, 1],
      [0, 0, 1, 5],
    ];
    const padded = [2, 8, 7, 12];
    const mirror = (i: number, side: number) => (i < 0 ? -i : i >= side ? 2 * (side - 1) - i : i);
    const nearest = (i: number, side: number) => Math.min(side - 1, Math.max(0, i));
    const by = (place: (i: number, side: number) => number) =>
      tabulate(padded, (n, c, i, j) => x.at(n, c, place(i - 2, 4), place(j - 1, 6)));
    await expectEqual(
      o.pad(x.value, before, after),
      by((i) => i),
      {},
      1e-30,
    );
    await expectEqual(o.pad(x.value, before, after, "reflect"), by(mirror), {}, 1e-30);
    await expectEqual(o.pad(x.value, before, after, "edge"), by(nearest), {}, 1e-30);
    await expectEqual(
      o.pad(x.value, [0, -1, 0, 0], [0, -2, 1, 0]),
      tabulate([2, 5, 5, 6], (n, c, i, j) => x.at(n, c + 1, i, j)),
      {},
      1e-30,
    );
  });

  it("slices by steps", async () => {
    await expectEqual(
      o.slice(x.value, [1, -1], [1, 0], [8, 5], [3, 2]),
      tabulate([2, 3, 4, 3], (n, c, i, j) => x.at(n, 1 + 3 * c, i, 2 * j)),
      {},
      1e-30,
    );
  });

  it("gathers along an axis, in the shape of the indices", async () => {
    const picks = [5, 0, 0, 3];
    await expectEqual(
      o.gather(x.value, o.integers(picks, [2, 2]), 3),
      tabulate([2, 8, 4, 2, 2], (n, c, i, a, b) => x.at(n, c, i, picks[2 * a + b])),
      {},
      1e-30,
    );
  });

  it("splits, joins, transposes and repeats", async () => {
    const [a, b] = o.split(x.value, [3, 5], 1);
    await expectEqual(
      o.concat([b, a], 1),
      tabulate(shape, (n, c, i, j) => x.at(n, c < 5 ? c + 3 : c - 5, i, j)),
      {},
      1e-30,
    );
    await expectEqual(
      o.transpose(x.value, [3, 0, 1, 2]),
      tabulate([6, 2, 8, 4], (j, n, c, i) => x.at(n, c, i, j)),
      {},
      1e-30,
    );
    await expectEqual(
      o.upsampleNearest(x.value, 3),
      tabulate([2, 8, 12, 18], (n, c, i, j) => x.at(n, c, Math.floor(i / 3), Math.floor(j / 3))),
      {},
      1e-30,
    );
  });

  it("reduces", async () => {
    await expectEqual(
      o.reduceMean(x.value, [1, 3]),
      tabulate([2, 4], (n, i) => sum(8, (c) => sum(6, (j) => x.at(n, c, i, j))) / 48),
    );
    await expectEqual(
      o.averagePool(x.value, 2),
      tabulate(
        [2, 8, 2, 3],
        (n, c, i, j) => sum(4, (k) => x.at(n, c, 2 * i + (k >> 1), 2 * j + (k & 1))) / 4,
      ),
    );
    await expectEqual(
      o.reduceMax(x.value, [0, 2, 3]),
      tabulate([8], (c) => Math.max(...tabulate([2, 4, 6], (n, i, j) => x.at(n, c, i, j)))),
    );
  });

  it("multiplies matrices, batched and transposed", async () => {
    const [a, b, c] = [random([2, 1, 3, 4], 10), random([5, 4, 2], 11), random([2], 12)];
    await expectEqual(
      o.matmul(a.value, b.value),
      tabulate([2, 5, 3, 2], (n, m, i, j) => sum(4, (k) => a.at(n, 0, i, k) * b.at(m, k, j))),
    );
    const [p, q] = [random([4, 3], 13), random([2, 4], 14)];
    await expectEqual(
      o.gemm(p.value, q.value, { transA: true, transB: true, alpha: 0.5, bias: c.value }),
      tabulate([3, 2], (i, j) => 0.5 * sum(4, (k) => p.at(k, i) * q.at(j, k)) + c.at(j)),
    );
  });
});
