import { expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { createRaster } from "../../image/raster.js";
import { reductionAlone } from "./reduction.js";
import { rescaledSquare } from "./rescale.js";
import { degradedCrops, inMemory } from "./samples.js";

/** Red is the column, green the row. */
function ramp(width: number, height: number) {
  const photo = createRaster(width, height, 3);
  for (let p = 0; p < width * height; p++) {
    photo.data.set([p % width, Math.floor(p / width), 7], 3 * p);
  }
  return photo;
}

it("a square made smaller has the mean of the area that each pixel covers", () => {
  const even = rescaledSquare(ramp(20, 12), { x: 4, y: 0, width: 12, height: 12 }, 4);
  // Columns 4, 5 and 6 have the mean 5; rows 0, 1 and 2 the mean 1.
  expect([...even.data.slice(0, 3)]).toEqual([5, 1, 7]);
  expect([...even.data.slice(3 * 15)]).toEqual([14, 10, 7]);
  // 5 to 2: two whole pixels and a half.
  const odd = rescaledSquare(ramp(5, 5), { x: 0, y: 0, width: 5, height: 5 }, 2);
  expect([...odd.data.slice(0, 2)]).toEqual([Math.round(2 / 2.5), Math.round(2 / 2.5)]);
  expect([...odd.data.slice(3, 5)]).toEqual([Math.round((0.5 * 2 + 3 + 4) / 2.5), Math.round(2 / 2.5)]);
  const same = rescaledSquare(ramp(6, 6), { x: 1, y: 2, width: 4, height: 4 }, 4);
  expect([...same.data.slice(0, 3)]).toEqual([1, 2, 7]);
});

it("rescaled crops are a photo's whole shorter side, flipped left to right or not, and nothing else", async () => {
  const source = degradedCrops(inMemory([ramp(40, 32)]), reductionAlone(), { crops: "rescaled" });
  const red = new Set<boolean>();
  for (let stream = 0; stream < 16; stream++) {
    const { hr, lq } = await source.sample(0, 16, createRandom(5, stream), true);
    expect([hr.length, lq.length]).toEqual([3 * 16 * 16, 3 * 4 * 4]);
    const green = hr.subarray(256, 512);
    // From the first row to the last, top to bottom.
    expect(green[0]).toBeCloseTo(1 / 127.5 - 1, 1);
    expect(green[255]).toBeCloseTo(31 / 127.5 - 1, 1);
    red.add(hr[15] > hr[0]);
  }
  expect(red).toEqual(new Set([true, false]));
});
