import { describe, expect, it } from "vitest";
import { gradients } from "./gradients.js";
import { toModel } from "./model.js";
import * as o from "./operators/index.js";
import { constant, input, integers, stopGradient, type Value } from "./value.js";

const count = (...values: Value[]) =>
  toModel(Object.fromEntries(values.map((v, i) => [`y${i}`, v]))).nodes - values.length;

const opOf = (v: Value) => (v.source.kind === "node" ? v.source.node.op : v.source.kind);

describe("gradients", () => {
  const x = input("x", [3]);
  const w = input("w", [3]);

  it("sums what comes back along every use of a value", () => {
    const [dx] = gradients(o.reduceSum(o.add(o.mul(x, 2), o.mul(x, 3))), [x]);
    expect(opOf(dx)).toBe("Add");
    expect(dx.shape).toEqual([3]);
    const [once] = gradients(o.reduceSum(o.mul(x, 2)), [x]);
    expect(opOf(once)).toBe("Mul");
  });

  it("gives zeros of the target's shape where the loss does not depend on it", () => {
    const zeros = (v: Value) => v.source.kind === "constant" && [...v.source.data].every((d) => d === 0);
    const [dx, dw] = gradients(o.reduceSum(x), [x, w]);
    expect(zeros(dw)).toBe(true);
    expect(dw.shape).toEqual([3]);
    expect(zeros(dx)).toBe(false);
    expect(zeros(gradients(o.reduceSum(stopGradient(o.mul(x, x))), [x])[0])).toBe(true);
  });

  it("passes around a stopped path, not through it", () => {
    // d/dx of stop(x) x is stop(x) alone: one product, no sum.
    const [dx] = gradients(o.reduceSum(o.mul(stopGradient(x), x)), [x]);
    expect(opOf(dx)).toBe("Mul");
  });

  it("refuses a loss that is not a scalar, and takes one of shape [1, 1]", () => {
    expect(() => gradients(o.mul(x, x), [x])).toThrow("gradients: the loss must be a scalar, got [3]");
    expect(gradients(o.reshape(o.reduceSum(x), [1, 1]), [x])[0].shape).toEqual([3]);
  });

  it("is one for the loss itself and works for values in the middle", () => {
    const middle = o.mul(x, x);
    const loss = o.reduceSum(middle);
    const [one, dm] = gradients(loss, [loss, middle]);
    expect(opOf(one)).toBe("constant");
    expect(dm.shape).toEqual([3]);
    expect(count(dm)).toBeLessThan(count(gradients(loss, [x])[0]));
  });

  it("emits nothing for what nobody asks for", () => {
    const image = input("image", [1, 4, 8, 8]);
    const kernel = input("kernel", [4, 4, 3, 3]);
    const y = o.conv(
      o.conv(image, kernel, undefined, { padding: 1 }),
      constant(new Float32Array(144), [4, 4, 3, 3]),
    );
    const loss = o.reduceSum(y);
    // The gradient with respect to the kernel never needs that of the image.
    const ofKernel = count(loss, ...gradients(loss, [kernel]));
    const ofBoth = count(loss, ...gradients(loss, [kernel, image]));
    expect(ofBoth).toBeGreaterThan(ofKernel);
    // And one of a value that does not reach the loss costs no node at all.
    expect(count(loss, ...gradients(loss, [kernel, w])) - ofKernel).toBe(0);
    expect(count(loss, ...gradients(loss, []))).toBe(count(loss));
  });

  it("shares the parts of a split, used or not", () => {
    const [a] = o.split(input("whole", [4]), 2, 0);
    const whole = a.derivative!.inputs[0];
    const [dx] = gradients(o.reduceSum(a), [whole]);
    expect(opOf(dx)).toBe("Concat");
    expect(dx.shape).toEqual([4]);
  });

  it("finds every path beside an operator with an input left out", () => {
    const image = input("image", [1, 1, 2, 2]);
    const other = input("other", [1, 1, 4, 4]);
    const loss = o.reduceSum(o.mul(o.exp(other), o.upsampleNearest(image, 2)));
    const [dImage, dOther] = gradients(loss, [image, other]);
    expect(opOf(dImage)).toBe("Mul");
    expect(opOf(dOther)).toBe("Mul");
  });

  it("never flows into indices, masks and shapes", () => {
    const picked = o.gather(x, integers([0, 0]));
    const [dx] = gradients(o.reduceSum(o.where(o.greater(picked, 0), picked, 0)), [x]);
    expect(dx.shape).toEqual([3]);
    const steps = o.cast(o.cast(x, "int32"), "float32");
    expect(opOf(gradients(o.reduceSum(steps), [x])[0])).toBe("constant");
  });

  it("walks a deep graph without running out of stack", () => {
    let deep: Value = x;
    for (let i = 0; i < 20_000; i++) deep = o.add(deep, w);
    expect(gradients(o.reduceSum(deep), [x])[0].shape).toEqual([3]);
  });
});
