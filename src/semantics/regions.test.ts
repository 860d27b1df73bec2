import { describe, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { coverageOf, type MaskSet, type RgbImage, segmentRegions } from "./index.js";
import { partitionTree } from "./partition-tree.js";
import { toColourPlanes } from "./planes.js";
import { cutAt } from "./regions.js";
import { superpixels } from "./superpixels.js";

/** A picture drawn by a function of the pixel, with a little noise, interleaved 8 bit. */
function draw(
  width: number,
  height: number,
  colour: (x: number, y: number) => [number, number, number],
  noise = 3,
): RgbImage {
  const random = createRandom(3);
  const data = new Uint8ClampedArray(width * height * 3);
  for (let p = 0; p < width * height; p++) {
    data.set(
      colour(p % width, Math.floor(p / width)).map((v) => v + noise * random.normal()),
      3 * p,
    );
  }
  return { width, height, data };
}

const inside = (x: number, y: number, [x0, y0, x1, y1]: number[]) => x >= x0 && x < x1 && y >= y0 && y < y1;

/** A grey wall, a red square on it, an orange square in that one. */
const SQUARE = [24, 20, 72, 68];
const PART = [40, 36, 56, 52];
const WIDTH = 200;
const HEIGHT = 190;
const squares = draw(WIDTH, HEIGHT, (x, y) =>
  inside(x, y, PART) ? [225, 95, 50] : inside(x, y, SQUARE) ? [190, 40, 40] : [120, 120, 125],
);

function bestOverlap(set: MaskSet, box: number[]): number {
  const scores = set.masks.map((mask) => {
    let [both, either] = [0, 0];
    for (let p = 0; p < mask.length; p++) {
      const wanted = inside(p % set.width, Math.floor(p / set.width), box);
      if (wanted && mask[p]) both++;
      if (wanted || mask[p]) either++;
    }
    return both / either;
  });
  return Math.max(0, ...scores);
}

describe("regions", () => {
  it("finds an object and its part, nested", () => {
    const regions = segmentRegions(squares);
    const set = regions.masks();
    expect(set.masks).toHaveLength(regions.count);
    expect(bestOverlap(set, SQUARE)).toBeGreaterThan(0.9);
    expect(bestOverlap(set, PART)).toBeGreaterThan(0.85);
    const at = (x: number, y: number) => regions.coverage.counts[y * WIDTH + x];
    // At one scale or another both are masks; the wall is too large a part of the picture at all of them.
    expect(at(48, 44)).toBeGreaterThanOrEqual(2);
    expect(at(30, 44)).toBeGreaterThanOrEqual(2);
    expect(at(5, 5)).toBe(0);
  });

  it("counts in its coverage what its masks cover, and nests", () => {
    const regions = segmentRegions(squares);
    const set = regions.masks();
    expect(coverageOf(set)).toEqual(regions.coverage);
    const area = (mask: Uint8Array) => mask.reduce((a, b) => a + b, 0);
    for (const a of set.masks) {
      expect(area(a)).toBeGreaterThanOrEqual(0.001 * WIDTH * HEIGHT);
      expect(area(a)).toBeLessThanOrEqual(0.07 * WIDTH * HEIGHT);
      for (const b of set.masks) {
        const both = a.reduce((sum, v, p) => sum + (v & b[p]), 0);
        expect([0, area(a), area(b)]).toContain(both);
      }
    }
    // A map for each scale, from the largest to the smallest, that a pixel counts at.
    const levels = regions.levels();
    const { counts } = regions.coverage;
    expect(counts.map((_, p) => levels.filter(({ labels }) => labels[p] > 0).length)).toEqual(counts);
    expect(new Set(levels.flatMap(({ labels }) => [...labels])).size).toBe(regions.count + 1);
  });

  it("says nearly the same of a picture with a little more noise", () => {
    const detailed = draw(120, 80, (x, y) => {
      const cell = Math.sin(x / 5) * Math.cos(y / 4) > 0.2 ? 40 : 0;
      return x < 60 ? [90 + cell, 110, 60 + 2 * y] : [150, 140 + cell, 130];
    });
    const random = createRandom(8);
    const noisy = {
      ...detailed,
      data: Uint8ClampedArray.from(detailed.data, (v) => v + random.normal()),
    };
    const [a, b] = [detailed, noisy].map((image) => Float64Array.from(segmentRegions(image).coverage.counts));
    const centred = (v: Float64Array) => v.map((x) => x - v.reduce((s, y) => s + y, 0) / v.length);
    const dot = (u: Float64Array, v: Float64Array) => u.reduce((s, x, i) => s + x * v[i], 0);
    const [u, v] = [centred(a), centred(b)];
    expect(dot(u, v) / Math.sqrt(dot(u, u) * dot(v, v))).toBeGreaterThan(0.85);
  });

  it("cuts a tree at a scale: worked by hand", () => {
    // Leaves 0, 1, 2; 3 = {0, 1} comes to be at scale 10, 4 = {3, 2} at 50.
    const tree = {
      leaves: 3,
      parent: Int32Array.of(3, 3, 4, 4, -1),
      area: Int32Array.of(20, 20, 60, 40, 100),
      birth: Float64Array.of(0, 0, 0, 10, 50),
    };
    const cut = (scale: number, smallest = 1, largest = 99) => [...cutAt(tree, scale, { smallest, largest })];
    expect(cut(5)).toEqual([0, 1, 2]);
    expect(cut(20)).toEqual([3, 3, 2]);
    expect(cut(60)).toEqual([-1, -1, -1]);
    expect(cut(60, 1, 100)).toEqual([4, 4, 4]);
    expect(cut(5, 30)).toEqual([-1, -1, 2]);
  });

  it("is the same for the same picture, in either layout", () => {
    const { width, height, data } = squares;
    const pixels = width * height;
    const planar = Float32Array.from(
      { length: 3 * pixels },
      (_, i) => data[3 * (i % pixels) + Math.floor(i / pixels)] / 255,
    );
    const once = segmentRegions(squares);
    expect(segmentRegions(squares).coverage).toEqual(once.coverage);
    const float = segmentRegions({ width, height, data: planar }).coverage;
    const different = float.counts.reduce(
      (sum, count, p) => sum + (count === once.coverage.counts[p] ? 0 : 1),
      0,
    );
    expect(different / pixels).toBeLessThan(0.01); // one rounding of 1/255 apart
  });

  it("finds nothing in noise, in a flat picture, in a sky or in a single pixel", () => {
    const none = (image: RgbImage) => segmentRegions(image).count;
    expect(none(draw(64, 64, () => [128, 128, 128], 4))).toBe(0);
    expect(none(draw(64, 64, () => [128, 128, 128], 0))).toBe(0);
    expect(none(draw(96, 64, (x) => [120 + 0.3 * x, 140 + 0.2 * x, 190], 1.5))).toBe(0);
    expect(none({ width: 1, height: 1, data: Uint8Array.of(1, 2, 3) })).toBe(0);
    expect(segmentRegions({ width: 1, height: 1, data: Uint8Array.of(9) }).coverage.counts).toEqual(
      Uint16Array.of(0),
    );
  });

  it("segments a large picture at 1024 and scales the coverage back", () => {
    const wide = draw(2600, 40, (x) => (x >= 1300 && x < 1450 ? [200, 60, 60] : [90, 110, 140]), 2);
    const { coverage } = segmentRegions(wide);
    expect(coverage.counts).toHaveLength(2600 * 40);
    const at = (x: number) => coverage.counts[20 * 2600 + x];
    expect(at(1375)).toBeGreaterThanOrEqual(1);
    expect(toColourPlanes(wide).width).toBe(1024);
  });

  it("says what is wrong with pixels that do not fit", () => {
    expect(() => segmentRegions({ width: 4, height: 4, data: new Uint8Array(40) })).toThrow(
      /4 x 4.*40 values/,
    );
  });
});

describe("below the regions", () => {
  const planes = toColourPlanes(squares);
  const partition = superpixels(planes, 25, 6);

  it("makes connected superpixels of at least the smallest area, numbered in scan order", () => {
    const { labels, count, width } = partition;
    const areas = new Int32Array(count);
    for (const label of labels) areas[label]++;
    expect(Math.min(...areas)).toBeGreaterThanOrEqual(6);
    const reached = new Set<number>();
    const visited = new Uint8Array(labels.length);
    let components = 0;
    for (let start = 0; start < labels.length; start++) {
      if (!reached.has(labels[start])) {
        expect(labels[start]).toBe(reached.size);
        reached.add(labels[start]);
      }
      if (visited[start]) continue;
      components++;
      const stack = [start];
      visited[start] = 1;
      while (stack.length > 0) {
        const p = stack.pop()!;
        const x = p % width;
        for (const q of [x > 0 ? p - 1 : -1, x + 1 < width ? p + 1 : -1, p - width, p + width]) {
          if (q < 0 || q >= labels.length || visited[q] || labels[q] !== labels[p]) continue;
          visited[q] = 1;
          stack.push(q);
        }
      }
    }
    expect(components).toBe(count);
  });

  it("merges them into a tree whose scale only grows", () => {
    const tree = partitionTree(partition, planes);
    const root = tree.parent.length - 1;
    expect(tree.parent[root]).toBe(-1);
    expect(tree.area[root]).toBe(WIDTH * HEIGHT);
    const areas = new Int32Array(tree.parent.length);
    for (let node = 0; node < root; node++) {
      expect(tree.parent[node]).toBeGreaterThan(node);
      expect(tree.birth[tree.parent[node]]).toBeGreaterThanOrEqual(tree.birth[node]);
      areas[tree.parent[node]] += tree.area[node];
    }
    for (let node = tree.leaves; node <= root; node++) expect(areas[node]).toBe(tree.area[node]);
  });

  it("orders merges by lambda: worked by hand for three stripes", () => {
    // 4, 4 and 8 columns of grey 0, 30 and 100, 8 rows; planes given as they are, without smoothing.
    const luma = Float32Array.from({ length: 128 }, (_, p) => (p % 16 < 4 ? 0 : p % 16 < 8 ? 30 : 100));
    const flat = new Float32Array(128);
    const stripes = {
      width: 16,
      height: 8,
      planes: [luma, flat, flat] as [Float32Array, Float32Array, Float32Array],
    };
    const labels = Int32Array.from({ length: 128 }, (_, p) => (p % 16 < 4 ? 0 : p % 16 < 8 ? 1 : 2));
    const tree = partitionTree({ width: 16, height: 8, labels, count: 3 }, stripes);
    expect(Array.from(tree.parent)).toEqual([3, 3, 4, 4, -1]);
    // areas 32 and 32, border 8: (16 / 8) x 30 x (2 x 30); then 64 and 64, border 8: (32 / 8) x 85 x (2 x 70)
    expect(tree.birth[3]).toBeCloseTo(2 * 30 * 60, 6);
    expect(tree.birth[4]).toBeCloseTo(4 * 85 * 140, 6);
  });
});
