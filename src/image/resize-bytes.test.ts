import { describe, expect, it } from "vitest";
import { resizeBytes } from "./resize-bytes.js";

const row = (...levels: number[]) => Uint8Array.from(levels);
const resizeRow = (levels: Uint8Array, width: number) =>
  Array.from(resizeBytes(levels, { width: levels.length, height: 1, channels: 1 }, { width, height: 1 }));

describe("resizeBytes", () => {
  it("halves with a triangle four wide, cut at the border", () => {
    // Weights 1 3 3 1 over 8 inside; 3 3 1 over 7 at the border.
    expect(resizeRow(row(0, 0, 80, 80, 0, 0), 3)).toEqual([11, 60, 11]);
  });

  it("enlarges by interpolation and repeats the border", () => {
    expect(resizeRow(row(0, 100), 4)).toEqual([0, 25, 75, 100]);
  });

  it("rounds after the pass along x, and again after that along y", () => {
    // Each row becomes 0.5, a whole level by rounding; their mean would otherwise be 0.25 and vanish.
    const data = row(0, 1, 0, 0);
    expect(
      Array.from(resizeBytes(data, { width: 2, height: 2, channels: 1 }, { width: 1, height: 1 })),
    ).toEqual([1]);
  });

  it("keeps channels apart and leaves what fits alone", () => {
    const data = row(10, 200, 20, 100);
    const from = { width: 2, height: 1, channels: 2 };
    expect(Array.from(resizeBytes(data, from, { width: 1, height: 1 }))).toEqual([15, 150]);
    expect(resizeBytes(data, from, from)).toEqual(data);
  });
});
