import { describe, expect, it } from "vitest";
import type { Box } from "../runs.js";
import { boxIou, isAtCropEdge, nms } from "./boxes.js";

describe("boxes", () => {
  it("have the IoU of their areas in float32, and NaN where there is none", () => {
    expect(boxIou([0, 0, 10, 10], [5, 0, 15, 10])).toBe(Math.fround(1 / 3));
    expect(boxIou([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0);
    expect(boxIou([3, 3, 3, 3], [3, 3, 3, 3])).toBeNaN();
  });

  it("are suppressed greedily by falling score, equals in their order, boxes without area never", () => {
    const a: Box = [0, 0, 10, 10];
    const b: Box = [0, 0, 10, 9]; // IoU with a: 0.9
    const c: Box = [0, 0, 10, 8]; // with a: 0.8, with b: 0.89
    expect(nms([a, b, c], [1, 3, 2], 0.85)).toEqual([1]);
    // b falls to a, so what only b would suppress stays.
    expect(nms([a, b, c], [3, 2, 1], 0.85)).toEqual([0, 2]);
    expect(nms([a, c, b], [1, 1, 1], 0.85)).toEqual([0, 1]);
    expect(nms([[0, 0, 0, 0], [0, 0, 0, 0], a], [1, 1, 1], 0)).toEqual([0, 1, 2]);
    // The threshold itself is not exceeded.
    expect(nms([a, b], [1, 0], boxIou(a, b))).toEqual([0, 1]);
  });

  it("are at the edge of a crop within 20 pixels, unless it is an edge of the image", () => {
    const [crop, image]: Box[] = [
      [100, 0, 300, 200],
      [0, 0, 400, 200],
    ];
    expect(isAtCropEdge([120, 50, 250, 150], crop, image)).toBe(true);
    expect(isAtCropEdge([121, 50, 279, 150], crop, image)).toBe(false);
    expect(isAtCropEdge([150, 50, 280, 150], crop, image)).toBe(true);
    expect(isAtCropEdge([150, 0, 250, 199], crop, image)).toBe(false);
    expect(isAtCropEdge([0, 0, 399, 199], image, image)).toBe(false);
  });
});
