import { describe, expect, it } from "vitest";
import * as o from "./index.js";
import { peakBytes } from "./memory.js";

const x = () => o.input("x", [1, 100]);

describe("peakBytes", () => {
  it("counts what is alive at once, not everything", () => {
    let h = o.exp(x());
    for (let i = 0; i < 10; i++) h = o.exp(h);
    // The input, and one place for all the rest.
    expect(peakBytes([h])).toBe(2 * 400);
    let product = o.matmul(x(), o.constant(new Float32Array(100 * 100), [100, 100]));
    expect(peakBytes([product])).toBe(2 * 400);
    for (let i = 0; i < 10; i++)
      product = o.matmul(product, o.constant(new Float32Array(100 * 100), [100, 100]));
    // The input; each product and the one before.
    expect(peakBytes([product])).toBe(3 * 400);
  });

  it("keeps what is read later, and every output", () => {
    const first = o.exp(x());
    const long = o.exp(o.exp(o.exp(first)));
    expect(peakBytes([o.add(first, long)])).toBe(3 * 400);
    const a = o.exp(x());
    expect(peakBytes([a, o.exp(o.exp(a))])).toBe(3 * 400);
  });

  it("takes views for what they show, and leaves out constants and what rests on them", () => {
    const h = o.reshape(o.exp(x()), [10, 10]);
    expect(peakBytes([o.exp(h)])).toBe(2 * 400);
    const table = o.exp(o.constant(new Float32Array(1000)));
    expect(peakBytes([o.add(o.reduceSum(table, [0]), x())])).toBe(2 * 400);
  });
});
