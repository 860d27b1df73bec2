import { describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import type { Channels, Raster } from "./raster.js";
import { createRaster, cropPlanar, fromTensor } from "./raster.js";
import type { TilePlan, TilePlanOptions } from "./tiles.js";
import { createMosaic, handOverWeights, intoRaster, planTiles } from "./tiles.js";

const shapes: [number, number, number, number, number][] = [
  // width, height, tile, overlap, multiple
  [100, 70, 32, 8, 8],
  [65, 33, 32, 16, 8],
  [33, 130, 32, 0, 1],
  [20, 11, 32, 8, 8],
  [200, 9, 64, 8, 64],
  [1, 1, 64, 16, 64],
  [64, 64, 64, 16, 64],
  [97, 97, 24, 6, 2],
];

/** Nearest-neighbour enlargement: a network that sees one pixel, so tiles agree exactly. */
function enlarge(planar: Float32Array, channels: number, width: number, height: number, scale: number) {
  const out = new Float32Array(channels * width * height * scale * scale);
  for (let c = 0, at = 0; c < channels; c++) {
    for (let y = 0; y < height * scale; y++) {
      const row = (c * height + Math.floor(y / scale)) * width;
      for (let x = 0; x < width * scale; x++) out[at++] = planar[row + Math.floor(x / scale)]!;
    }
  }
  return out;
}

async function throughTiles(
  planar: Float32Array,
  plan: TilePlan,
  channels: Channels,
  scale: number,
  bits: 8 | 16,
): Promise<Raster> {
  const raster = createRaster(plan.width * scale, plan.height * scale, channels, bits);
  const seen: number[] = [];
  const into = intoRaster(raster);
  const mosaic = createMosaic(plan, {
    channels,
    scale,
    bits,
    onRows(y, rows) {
      seen.push(y, rows.length / (raster.width * channels));
      into(y, rows);
    },
  });
  for (const tile of plan.tiles) {
    const part = cropPlanar(planar, { ...plan, channels }, tile);
    await mosaic.add(enlarge(part, channels, tile.width, tile.height, scale));
  }
  // Every line came once, in order.
  let next = 0;
  for (let i = 0; i < seen.length; i += 2) {
    expect(seen[i]).toBe(next);
    next += seen[i + 1]!;
  }
  expect(next).toBe(raster.height);
  return raster;
}

/** Of the bundled network. */
const FINE = { tile: 256, overlap: 8, multiple: 32 };

const pixelsOf = ({ tiles }: TilePlan) => tiles.reduce((sum, { width, height }) => sum + width * height, 0);

/** Checks that tiles cover the picture, overlap far enough, and are of sizes that are allowed. */
function expectPlan(plan: TilePlan, { tile, overlap, multiple = 1 }: TilePlanOptions): void {
  expect(plan.tileWidth * plan.tileHeight).toBeLessThanOrEqual(tile * tile);
  expect(Math.max(plan.tileWidth, plan.tileHeight)).toBeLessThanOrEqual(2 * tile);
  for (const [spans, size, longest] of [
    [plan.columns, plan.width, plan.tileWidth],
    [plan.rows, plan.height, plan.tileHeight],
  ] as const) {
    expect(Math.max(...spans.map(({ length }) => length))).toBe(longest);
    expect(spans[0].start).toBe(0);
    const { start, length } = spans.at(-1)!;
    if (spans.length > 1) expect(start + length).toBe(size);
    else expect(length).toBe(Math.ceil(size / multiple) * multiple);
    for (const [i, span] of spans.entries()) {
      expect(span.length % multiple).toBe(0);
      if (i === 0) continue;
      expect(span.start).toBeGreaterThan(spans[i - 1].start);
      expect(spans[i - 1].start + spans[i - 1].length - span.start).toBeGreaterThanOrEqual(overlap);
    }
  }
}

describe("planTiles", () => {
  it.each(shapes)(
    "covers %i x %i with tiles of %i, overlap %i, multiple %i",
    (width, height, tile, overlap, multiple) => {
      const plan = planTiles(width, height, { tile, overlap, multiple });
      expectPlan(plan, { tile, overlap, multiple });
      expect(plan.tiles.length).toBe(plan.columns.length * plan.rows.length);
      expect(plan.tiles[1]?.row ?? 0).toBe(plan.columns.length > 1 ? 0 : plan.tiles.length > 1 ? 1 : 0);
    },
  );

  const share = (width: number, height: number, options: TilePlanOptions = FINE) => {
    const plan = planTiles(width, height, options);
    expectPlan(plan, options);
    return pixelsOf(plan) / (width * height);
  };

  it.each([
    [512, 512],
    [500, 375],
    [1000, 1000],
    [1155, 866],
    [2000, 2000],
    [2309, 1732],
    [3264, 2448],
    [4000, 2000],
    [12000, 9000],
  ])("computes at most 1.12 times the pixels of %i x %i", (width, height) => {
    expect(share(width, height)).toBeLessThanOrEqual(1.12);
    expect(share(height, width)).toBeLessThanOrEqual(1.12);
  });

  it("computes hardly more of pictures of any other size, and of thin ones what multiples ask for", () => {
    for (let side = 512; side < 1500; side += 97) {
      for (let other = 512; other < 1500; other += 89) {
        expect(share(side, other)).toBeLessThanOrEqual(side * other < 1e6 ? 1.15 : 1.11);
      }
    }
    for (const thin of [1, 31, 33, 95]) {
      const least = (Math.ceil(thin / 32) * 32) / thin;
      expect(share(5000, thin)).toBeLessThanOrEqual(1.05 * least);
      expect(share(thin, 5000)).toBeLessThanOrEqual(1.05 * least);
    }
  });

  it("takes tiles of sides that differ by one multiple, and of one size where they must be alike", () => {
    const sizesOf = (plan: TilePlan) => [...new Set(plan.tiles.map((t) => `${t.width}x${t.height}`))];
    expect(sizesOf(planTiles(512, 512, FINE))).toEqual(["512x128", "512x96"]);
    expect(sizesOf(planTiles(2000, 2000, FINE)).length).toBeLessThanOrEqual(4);
    expect(sizesOf(planTiles(2000, 2000, { ...FINE, alike: true })).length).toBe(1);
    expect(share(512, 512, { ...FINE, alike: true })).toBeLessThan(1.3);
    // A mosaic holds a band as tall as a tile.
    expect(planTiles(120, 5000, FINE).tileHeight).toBe(256);
  });

  it("gives a hand-over its whole length on both sides of a tile", () => {
    const plan = planTiles(65, 64, { tile: 64, overlap: 32 });
    expect(plan.columns).toEqual([
      { start: 0, length: 64 },
      { start: 1, length: 64 },
    ]);
  });

  it("places tiles of the one size that a network takes, as far from each other as can be", () => {
    const size = { width: 64, height: 32 };
    const plan = planTiles(150, 30, { tile: 32, overlap: 8, size });
    expect(plan.columns.map(({ start }) => start)).toEqual([0, 43, 86]);
    expect(plan.rows).toEqual([{ start: 0, length: 32 }]);
    expect(plan.tiles.every(({ width, height }) => width === 64 && height === 32)).toBe(true);
  });

  it("refuses options that contradict each other", () => {
    for (const options of [
      { tile: 100, overlap: 8, multiple: 64 },
      { tile: 64, overlap: 33 },
      { tile: 0, overlap: 0 },
      { tile: 64, overlap: -1 },
      { tile: 64.5, overlap: 0 },
    ]) {
      expect(() => planTiles(500, 500, options)).toThrow(SamsrError);
    }
  });
});

describe("handOverWeights", () => {
  it.each(shapes)("sum to one on %i x %i, tile %i, overlap %i", (width, height, tile, overlap, multiple) => {
    const plan = planTiles(width, height, { tile, overlap, multiple });
    for (const scale of [1, 4]) {
      const sums = new Float64Array(width * scale);
      const weights = handOverWeights(plan.columns, overlap, scale);
      for (const [i, { start, length }] of plan.columns.entries()) {
        for (let x = 0; x < length * scale && start * scale + x < sums.length; x++) {
          expect(weights[i]![x]).toBeGreaterThanOrEqual(0);
          sums[start * scale + x]! += weights[i]![x]!;
        }
      }
      for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(1e-7);
    }
  });

  it("hands over smoothly and ends at zero where a tile ends inside the image", () => {
    const spans = [
      { start: 0, length: 32 },
      { start: 24, length: 32 },
    ];
    const [first, second] = handOverWeights(spans, 8, 4);
    expect(first![127]).toBeLessThan(0.003);
    expect(second![0]).toBeLessThan(0.003);
    for (let i = 1; i < 128; i++) expect(Math.abs(first![i]! - first![i - 1]!)).toBeLessThan(0.05);
  });
});

describe("createMosaic", () => {
  it.each(shapes)(
    "lays %i x %i back together from tiles of %i, overlap %i",
    async (width, height, tile, overlap, multiple) => {
      const plan = planTiles(width, height, { tile, overlap, multiple });
      for (const [channels, bits] of [
        [3, 8],
        [4, 16],
        [1, 8],
      ] as const) {
        const random = Float32Array.from({ length: channels * width * height }, (_, i) =>
          Math.sin(i * 78.233),
        );
        const direct = fromTensor(enlarge(random, channels, width, height, 2), {
          width: 2 * width,
          height: 2 * height,
          channels,
          bits,
        });
        const tiled = await throughTiles(random, plan, channels, 2, bits);
        let worst = 0;
        for (let i = 0; i < direct.data.length; i++) {
          worst = Math.max(worst, Math.abs(direct.data[i]! - tiled.data[i]!));
        }
        // The weights sum to one only up to float32, so a value midway between two may round the other way.
        expect(worst).toBeLessThanOrEqual(1);
      }
    },
  );

  it("keeps a constant exactly", async () => {
    const plan = planTiles(100, 75, { tile: 32, overlap: 12 });
    for (const level of [0, 1, 100, 254, 255]) {
      const planar = new Float32Array(100 * 75).fill(level / 127.5 - 1);
      expect((await throughTiles(planar, plan, 1, 4, 8)).data.every((v) => v === level)).toBe(true);
    }
  });

  it("keeps a step between two tiles that disagree as smooth as the hand-over", async () => {
    const plan = planTiles(56, 32, { tile: 32, overlap: 8 });
    const raster = createRaster(56 * 4, 32 * 4, 1);
    const mosaic = createMosaic(plan, { channels: 1, scale: 4, onRows: intoRaster(raster) });
    await mosaic.add(new Float32Array(128 * 128).fill(-0.2));
    await mosaic.add(new Float32Array(128 * 128).fill(0.2));
    for (let x = 1; x < raster.width; x++) {
      expect(Math.abs(raster.data[x]! - raster.data[x - 1]!)).toBeLessThanOrEqual(4);
    }
  });

  it("holds a band one tile tall, however tall the image", () => {
    const options = { tile: 128, overlap: 16, multiple: 32 };
    const sink = { channels: 3, scale: 4, onRows: () => undefined };
    const plan = planTiles(3000, 2000, options);
    const tall = createMosaic(plan, sink);
    const band = 3 * 12000 * 4 * plan.tileHeight * 4;
    expect(plan.tileHeight).toBeLessThanOrEqual(256);
    expect(tall.bytes).toBeGreaterThanOrEqual(band);
    expect(tall.bytes).toBeLessThan(band * 1.05);
  });

  it("refuses a tile of another size, and one too many", async () => {
    const mosaic = createMosaic(planTiles(8, 8, { tile: 8, overlap: 0 }), {
      channels: 1,
      scale: 1,
      onRows: () => undefined,
    });
    await expect(mosaic.add(new Float32Array(63))).rejects.toThrow(/63 values/);
    await mosaic.add(new Float32Array(64));
    await expect(mosaic.add(new Float32Array(64))).rejects.toThrow(/all its tiles/);
  });
});

describe("published tiles", () => {
  const plan = planTiles(44, 20, { tile: 16, overlap: 2, multiple: 4, published: true });

  it("are as long as was asked for, the last moved back, and one where the picture is shorter", () => {
    const startsOf = ({ columns, rows }: TilePlan) =>
      [columns, rows].map((along) => along.map((s) => s.start));
    expect(plan).toMatchObject({ tileWidth: 16, tileHeight: 16 });
    expect(startsOf(plan)).toEqual([
      [0, 14, 28],
      [0, 4],
    ]);
    const single = planTiles(9, 16, { tile: 16, overlap: 2, multiple: 4, published: true });
    expect(single).toMatchObject({ tileWidth: 12, tileHeight: 16 });
    expect(startsOf(single)).toEqual([[0], [0]]);
  });

  it("are averaged wherever several lie", async () => {
    const weights = handOverWeights(plan.rows, 2, 1, true);
    expect([...weights[0].slice(0, 5)]).toEqual([1, 1, 1, 1, 0.5]);
    const raster = createRaster(2 * 44, 2 * 20, 1);
    const mosaic = createMosaic(plan, { channels: 1, scale: 2, onRows: intoRaster(raster) });
    for (const { column, row } of plan.tiles) {
      await mosaic.add(new Float32Array(32 * 32).fill(row === 0 ? 0.2 * column : 0.2 * column + 0.4));
    }
    const at = (x: number, y: number) => raster.data[2 * y * 88 + 2 * x] / 127.5 - 1;
    expect(at(3, 2)).toBeCloseTo(0, 2);
    expect(at(15, 2)).toBeCloseTo(0.1, 2);
    expect(at(3, 10)).toBeCloseTo(0.2, 2);
    expect(at(29, 10)).toBeCloseTo(0.5, 2);
    expect(at(40, 19)).toBeCloseTo(0.8, 2);
  });
});
