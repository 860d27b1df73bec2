import { expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { type Raster, toTensor } from "../../image/raster.js";
import { cutOriented } from "./cut.js";
import { orient } from "./orient.js";

it("cutOriented turns what toTensor reads, inside the photo and around it", () => {
  const random = createRandom(1);
  const data = Uint8Array.from({ length: 3 * 20 * 13 }, () => random.integer(256));
  const photo: Raster = { width: 20, height: 13, channels: 3, data };
  for (const [x, y] of [
    [7, 3],
    [-5, 9],
    [14, -4],
  ]) {
    const region = { x, y, width: 8, height: 8 };
    for (let orientation = 0; orientation < 8; orientation++) {
      const turned = orient(toTensor(photo, region), 8, orientation);
      expect(cutOriented(photo, region, orientation)).toEqual(turned);
    }
  }
});
