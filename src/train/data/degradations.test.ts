import { expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { type Raster, toTensor } from "../../image/raster.js";
import { kernels, resizePlanar } from "../../image/resize.js";
import { degradationNamed } from "./degradations.js";

/** Smooth, and with some grain. */
function picture(side: number): Raster {
  const random = createRandom(4);
  const data = Uint8Array.from(
    { length: 3 * side * side },
    (_, i) => 100 + 50 * Math.sin(i / 40) + random.integer(60),
  );
  return { width: side, height: side, channels: 3, data };
}

it("bicubic is the antialiased reduction of MATLAB and Pillow away from the edges", async () => {
  const hr = picture(96);
  const bicubic = degradationNamed("bicubic");
  const random = createRandom(1);
  const region = { x: 0, y: 0, width: 96, height: 96 };
  const lr = await bicubic.apply(hr, region, bicubic.sample(random), random);
  expect([lr.width, lr.height]).toEqual([24, 24]);
  const from = { channels: 3, width: 96, height: 96 };
  const to = { width: 24, height: 24 };
  const expected = resizePlanar(toTensor(hr), from, to, { kernel: kernels.catmullRom, antialias: true });
  for (let c = 0; c < 3; c++) {
    for (let y = 2; y < 22; y++) {
      for (let x = 2; x < 22; x++) {
        const value = (expected[(c * 24 + y) * 24 + x] + 1) * 127.5;
        expect(Math.abs(lr.data[3 * (24 * y + x) + c] - value)).toBeLessThanOrEqual(0.501);
      }
    }
  }
  // Nothing is drawn.
  const again = await bicubic.apply(hr, region, bicubic.sample(random), createRandom(99));
  expect(again.data).toEqual(lr.data);
});

it("gives each name another degradation", async () => {
  const hr = picture(64);
  const region = { x: 0, y: 0, width: 64, height: 64 };
  const made = await Promise.all(
    (["mild", "real-esrgan", "bicubic"] as const).map(async (name) => {
      const degradation = degradationNamed(name);
      const random = createRandom(1);
      return (await degradation.apply(hr, region, degradation.sample(random), random)).data.join();
    }),
  );
  expect(new Set(made).size).toBe(3);
});
