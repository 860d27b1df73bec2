import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { createRaster, crop } from "../../image/raster.js";
import { chooseAtRandom, degradedPair, imagenetTestPair } from "./degraded-pair.js";
import { reductionAlone } from "./reduction.js";

/** Red tells the column, green the row. */
const chart = (width: number, height: number) => {
  const raster = createRaster(width, height, 3);
  for (let i = 0; i < width * height; i++) raster.data.set([i % width, Math.floor(i / width), 60], 3 * i);
  return raster;
};

describe("degradedPair", () => {
  it("makes the small picture of the cut alone", async () => {
    const photo = chart(120, 90);
    const { hr, lr, region } = await degradedPair(photo, "a.png", 0, {
      degradation: "bicubic",
      crop: 32,
      seed: 1,
    });
    expect(hr).toEqual(crop(photo, region));
    const whole = { x: 0, y: 0, width: 32, height: 32 };
    expect(lr).toEqual(await reductionAlone().apply(hr, whole, {}, createRandom(0)));
    // What lies around the cut would show at its edge.
    expect(lr).not.toEqual(await reductionAlone().apply(photo, region, {}, createRandom(0)));
  });

  it("differs by name, variant and seed, and by nothing else", async () => {
    const made = (name: string, variant: number, seed: number) =>
      degradedPair(chart(120, 90), name, variant, { degradation: "mild", crop: 32, seed });
    const first = await made("a.png", 0, 1);
    expect(await made("a.png", 0, 1)).toEqual(first);
    for (const other of [made("b.png", 0, 1), made("a.png", 1, 1), made("a.png", 0, 2)]) {
      expect((await other).parameters).not.toEqual(first.parameters);
    }
  });
});

it("imagenetTestPair resizes the shorter side to 256 and cuts the centre", async () => {
  const { hr, lr, resized, region } = await imagenetTestPair(chart(128, 192), "a.png", 0);
  expect(resized).toEqual({ width: 256, height: 384 });
  expect(region).toEqual({ x: 0, y: 64, width: 256, height: 256 });
  expect([lr.width, lr.height]).toEqual([64, 64]);
  // Twice as large: row 64 + y lies at (64 + y + 0.5) / 2 - 0.5 of the photo, and so do columns.
  for (const [x, y] of [
    [10, 10],
    [101, 200],
    [255, 3],
  ]) {
    expect(Math.abs(hr.data[3 * (256 * y + x)] - Math.min(127, (x + 0.5) / 2 - 0.5))).toBeLessThanOrEqual(
      0.51,
    );
    expect(Math.abs(hr.data[3 * (256 * y + x) + 1] - ((64 + y + 0.5) / 2 - 0.5))).toBeLessThanOrEqual(0.51);
  }
});

describe("chooseAtRandom", () => {
  const names = Array.from({ length: 50 }, (_, i) => `${i}.jpg`);
  const choose = (from: string[], count: number, seed: number) =>
    chooseAtRandom(from, (name) => name, count, seed);

  it("keeps the order, depends on the seed, and changes by one at most when one joins", () => {
    const chosen = choose(names, 20, 1);
    expect(chosen).toHaveLength(20);
    expect(names.filter((name) => chosen.includes(name))).toEqual(chosen);
    expect(choose(names, 20, 2)).not.toEqual(chosen);
    for (let i = 0; i < 20; i++) {
      const more = choose([...names, `new ${i}`], 20, 1);
      expect(chosen.filter((name) => !more.includes(name)).length).toBeLessThanOrEqual(1);
    }
    expect(choose(names, 50, 1)).toEqual(names);
  });
});
