import { describe, expect, it } from "vitest";
import { cropsOf, pointGrid } from "./grid.js";
import { DEFAULT_SAM_OPTIONS, resolveSamOptions } from "./options.js";

describe("where Segment Anything is asked", () => {
  it("is the centres of equal squares, row after row", () => {
    expect(pointGrid(1)).toEqual([[0.5, 0.5]]);
    expect(pointGrid(2)).toEqual([
      [0.25, 0.25],
      [0.75, 0.25],
      [0.25, 0.75],
      [0.75, 0.75],
    ]);
    const grid = pointGrid(32);
    expect(grid.length).toBe(1024);
    grid.forEach(([x, y], i) => {
      expect(x).toBeCloseTo(((i % 32) + 0.5) / 32, 14);
      expect(y).toBeCloseTo((Math.floor(i / 32) + 0.5) / 32, 14);
    });
  });

  it("is the whole image alone without layers", () => {
    expect(cropsOf({ width: 640, height: 480 }, DEFAULT_SAM_OPTIONS)).toEqual([
      { box: [0, 0, 640, 480], layer: 0, pointsPerSide: 32 },
    ]);
  });

  it("is overlapping crops in layers, column after column, that cover the image", () => {
    const options = { ...DEFAULT_SAM_OPTIONS, cropNLayers: 2, cropNPointsDownscaleFactor: 2 };
    const crops = cropsOf({ width: 300, height: 201 }, options);
    expect(crops.map(({ layer }) => layer)).toEqual([0, ...Array(4).fill(1), ...Array(16).fill(2)]);
    expect(crops.slice(0, 6).map(({ pointsPerSide }) => pointsPerSide)).toEqual([32, 16, 16, 16, 16, 8]);
    // Layer 1: overlap trunc(201 * 512/1500) = 68, so crops of ceil(368 / 2) = 184 by ceil(269 / 2) = 135.
    expect(crops.slice(1, 5).map(({ box }) => box)).toEqual([
      [0, 0, 184, 135],
      [0, 67, 184, 201],
      [116, 0, 300, 135],
      [116, 67, 300, 201],
    ]);
    for (const layer of [1, 2]) {
      const covered = new Uint8Array(300 * 201);
      for (const { box, layer: of } of crops) {
        if (of === layer)
          for (let y = box[1]; y < box[3]; y++) covered.fill(1, y * 300 + box[0], y * 300 + box[2]);
      }
      expect(covered.every((c) => c === 1)).toBe(true);
    }
  });

  it("refuses options that make no sense, by name", () => {
    expect(() => resolveSamOptions({ pointsPerSide: 0 })).toThrow(
      /pointsPerSide must be a whole number from 1 to 1024, not 0/,
    );
    expect(() => resolveSamOptions({ boxNmsThresh: Number.NaN })).toThrow(
      /boxNmsThresh must be a number from 0 to 1, not NaN/,
    );
    expect(() =>
      resolveSamOptions({ pointsPerSide: 3, cropNLayers: 2, cropNPointsDownscaleFactor: 2 }),
    ).toThrow(/leaves no point/);
    expect(resolveSamOptions({ predIouThresh: undefined }).predIouThresh).toBe(0.88);
  });
});
