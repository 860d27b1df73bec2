import { describe, expect, it } from "vitest";
import { anySize } from "../src/onnx/any-size.js";
import * as o from "../src/onnx/index.js";
import type { ImageSize } from "../src/onnx/size-formulas.js";
import { createSession, floatTensor } from "../src/runtime/index.js";

const picture = ([n, h, w]: ImageSize, channels = 2) => o.input("x", [n, channels, h, w]);

/** What one graph for any size makes of counted numbers, and what the graph of that size does. */
async function both(
  build: (sides: ImageSize) => Record<string, o.Value>,
  sides: ImageSize,
  options: Parameters<typeof anySize>[1] = { input: "x" },
) {
  const { outputs, dimensions } = anySize(build, options)!;
  const [n, h, w] = sides;
  const x = floatTensor(
    [n, 2, h, w],
    Float32Array.from({ length: 2 * n * h * w }, (_, i) => i),
  );
  const run = async (model: o.Model) => {
    const session = await createSession(model.bytes, { device: "cpu", threads: 1 });
    const { y } = await session.run({ x });
    await session.release();
    return y;
  };
  return {
    dimensions,
    made: await run(o.toModel(outputs, { dimensions })),
    due: options.multiple ? undefined : await run(o.toModel(build(sides))),
  };
}

describe("a graph for any size", () => {
  it.each<[string, (sides: ImageSize) => o.Value]>([
    ["sums of the same shape as the picture", (sides) => o.add(picture(sides), 1)],
    ["shapes that are products of sides", ([n, h, w]) => o.reshape(picture([n, h, w]), [n * h, 2 * w])],
    ["ends of slices", (s) => o.slice(picture(s), [2, 3], [1, 0], [s[1], s[2] - 2])],
    ["amounts of padding", ([n, h, w]) => o.pad(picture([n, h, w]), [0, 0, h - 2, 0], [0, 0, 0, w])],
    [
      "as many ones as pixels",
      ([n, h, w]) => o.mul(picture([n, h, w]), o.constant(new Float32Array(w).fill(3))),
    ],
    [
      "a ramp along a side",
      (s) => o.add(picture(s), o.cast(o.integers(Array.from({ length: s[2] }, (_, i) => i)), "float32")),
    ],
    ["a side as a number", (s) => o.mul(picture(s), o.cast(o.integers([s[1]]), "float32"))],
  ])("has %s", async (_, build) => {
    for (const sides of [
      [1, 4, 7],
      [3, 9, 6],
    ] as ImageSize[]) {
      const { made, due } = await both((s) => ({ y: build(s) }), sides);
      expect(made.shape).toEqual(due!.shape);
      expect(made.data).toEqual(due!.data);
    }
  });

  it("names the sides of inputs and outputs", async () => {
    const { dimensions } = await both((s) => ({ y: o.upsampleNearest(picture(s), 2) }), [1, 3, 3]);
    expect(dimensions).toEqual({
      x: ["batch", 2, "height", "width"],
      y: ["batch", 2, "y_height", "y_width"],
    });
  });

  it("mirrors a picture up to a multiple, and cuts what comes of it", async () => {
    const build = ([n, h, w]: ImageSize) => {
      const cells = o.reshape(picture([n, h, w]), [n, 2, h / 4, 4, w]);
      return { y: o.upsampleNearest(o.reshape(cells, [n, 2, h, w]), 2) };
    };
    const { made } = await both(build, [1, 5, 6], { input: "x", multiple: 4 });
    const plain = o.toModel({ y: o.upsampleNearest(picture([1, 5, 6]), 2) });
    expect(made.shape).toEqual([1, 2, 10, 12]);
    const session = await createSession(plain.bytes, { device: "cpu", threads: 1 });
    const x = floatTensor(
      [1, 2, 5, 6],
      Float32Array.from({ length: 60 }, (_, i) => i),
    );
    expect(made.data).toEqual((await session.run({ x })).y.data);
    await session.release();
  });

  it("is none where a table has the picture's size, or a number is no sum of products", () => {
    const table = ([, h, w]: ImageSize) =>
      o.constant(
        Float32Array.from({ length: h * w }, (_, i) => i % 3),
        [1, 1, h, w],
      );
    expect(anySize((s) => ({ y: o.add(picture(s), table(s)) }), { input: "x" })).toBeUndefined();
    const square = (s: ImageSize) => o.mul(picture(s), o.cast(o.integers([s[1] ** 2]), "float32"));
    expect(anySize((s) => ({ y: square(s) }), { input: "x" })).toBeUndefined();
    const nodes = (s: ImageSize) => (s[1] > 6 ? o.neg(picture(s)) : picture(s));
    expect(anySize((s) => ({ y: nodes(s) }), { input: "x" })).toBeUndefined();
  });

  it("may leave the batch at one number", () => {
    const build = (s: ImageSize) => ({ y: o.reshape(picture(s), [s[0], 2 * s[1] * s[2]]) });
    expect(anySize(build, { input: "x", batch: 1 })!.dimensions).toEqual({
      x: [1, 2, "height", "width"],
      y: [1, "y_channels"],
    });
  });
});
