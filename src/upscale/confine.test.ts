import { expect, it } from "vitest";
import { photoLike } from "../../test/fixtures/pictures.js";
import { createRandom } from "../base/random.js";
import { createRaster, meanPlane, repeatPlane } from "../image/raster.js";
import { kernels, resizePlanar } from "../image/resize.js";
import { confine, isGrey } from "./confine.js";

const [width, height, scale] = [12, 9, 4];
const size = { width, height, scale };

/** A network's result that goes anywhere. */
function wild(): Float32Array {
  const random = createRandom(5);
  return Float32Array.from({ length: 3 * 16 * width * height }, () => 2 * random.next() - 1);
}

/** The small picture with one value a pixel, in all channels. */
const picture = (valueAt: (x: number) => number) =>
  Float32Array.from({ length: 3 * width * height }, (_, i) => valueAt(i % width));

it("keeps one colour, to the last pixel", () => {
  const small = new Float32Array(3 * width * height);
  small.fill(0.25, 0, width * height).fill(-1, 2 * width * height);
  const large = confine(wild(), small, size);
  expect(new Set(large.subarray(0, 16 * width * height))).toEqual(new Set([0.25]));
  expect(new Set(large.subarray(16 * width * height, 32 * width * height))).toEqual(new Set([0]));
  expect(new Set(large.subarray(32 * width * height))).toEqual(new Set([-1]));
});

it("goes beyond an edge as far as bicubic does, and no further from it than two pixels", () => {
  const large = confine(
    wild(),
    picture((x) => (x < 6 ? -0.5 : 0.5)),
    size,
  );
  const [least, greatest] = [Math.min(...large), Math.max(...large)];
  expect(least).toBeGreaterThanOrEqual(-0.62);
  expect(greatest).toBeLessThanOrEqual(0.62);
  expect(least).toBeLessThan(-0.55);
  large.forEach((value, i) => {
    const x = Math.floor((i % (width * scale)) / scale);
    if (x < 4) expect(value).toBe(-0.5);
    if (x >= 8) expect(value).toBe(0.5);
  });
});

it("makes a ramp of 16 bits as smooth as bicubic does, but for where it bends, and leaves one of 8", () => {
  const ramp = picture((x) => Math.max(x, 6) / 100);
  const bicubic = resizePlanar(
    ramp,
    { channels: 3, width, height },
    { width: scale * width, height: scale * height },
    { kernel: kernels.bicubic, antialias: false },
  );
  const large = confine(wild(), ramp, { ...size, deep: true });
  const shallow = confine(wild(), ramp, size);
  let moved = 0;
  large.forEach((value, i) => {
    const x = Math.floor((i % (width * scale)) / scale);
    if (x > 8) expect(value).toBe(bicubic[i]);
    else if (x >= 4 && value !== bicubic[i]) moved++;
  });
  expect(moved).toBeGreaterThan(100);
  expect(shallow.filter((value, i) => value !== bicubic[i]).length).toBeGreaterThan(moved + 500);
});

it("leaves what lies within its surroundings as it is", () => {
  const small = Float32Array.from({ length: 3 * width * height }, (_, i) => (i % 2 === 0 ? -1 : 1));
  const result = wild();
  expect(confine(Float32Array.from(result), small, size)).toEqual(result);
});

it("knows a grey picture by its channels, as far as a JPEG rounds them, and where it can be seen", () => {
  const grey = createRaster(8, 8, 4);
  grey.data.forEach((_, i) => {
    grey.data[i] = i % 4 === 3 ? 255 : 8 * (i >> 4) + (i % 3 === 0 ? 2 : 0);
  });
  expect(isGrey(grey)).toBe(true);
  grey.data[0] += 3;
  expect(isGrey(grey)).toBe(false);
  grey.data[3] = 0;
  expect(isGrey(grey)).toBe(true);
  expect(isGrey(photoLike(16, 16))).toBe(false);
  const planes = repeatPlane(meanPlane(Float32Array.of(0, 0.5, 0.25, -0.5, 0.5, 0.75)));
  expect(Array.from(planes)).toEqual([0.25, 0.25, 0.25, 0.25, 0.25, 0.25]);
});
