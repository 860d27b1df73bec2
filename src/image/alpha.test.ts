import { describe, expect, it } from "vitest";
import { bleedColour } from "./alpha.js";
import type { Raster } from "./raster.js";
import { createRaster } from "./raster.js";

/** A disc of one colour with a soft edge on black that is transparent. */
function disc(size: number, bits: 8 | 16, colour: number[]): Raster {
  const raster = createRaster(size, size, (colour.length + 1) as 2 | 4, bits);
  const max = bits === 16 ? 65535 : 255;
  const { channels, data } = raster;
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const alpha = Math.min(1, Math.max(0, size / 4 - Math.hypot(x - size / 2, y - size / 2)));
      const at = (y * size + x) * channels;
      if (alpha > 0) for (const [c, v] of colour.entries()) data[at + c] = v;
      data[at + channels - 1] = Math.round(alpha * max);
    }
  }
  return raster;
}

describe("bleedColour", () => {
  it("gives transparent pixels the colour beside them, at both depths, in grey and colour", async () => {
    for (const raster of [
      disc(61, 8, [200, 40, 90]),
      disc(32, 16, [50000, 1000, 65535]),
      disc(33, 8, [77]),
    ]) {
      const before = raster.data.slice();
      const { data, channels } = await bleedColour(raster);
      const middle = ((raster.height >> 1) * raster.width + (raster.width >> 1)) * channels;
      for (let i = 0; i < data.length; i++) {
        const expected = i % channels === channels - 1 ? before[i]! : before[middle + (i % channels)]!;
        expect(Math.abs(data[i]! - expected)).toBeLessThanOrEqual(i % channels === channels - 1 ? 0 : 1);
      }
      expect(raster.data).toEqual(before);
    }
  });

  it("leaves opaque pixels alone and takes the nearer of two colours", async () => {
    const raster = createRaster(64, 4, 4);
    for (let i = 0; i < raster.data.length; i += 4) {
      const x = (i / 4) % 64;
      if (x < 8) raster.data.set([250, 10, 0, 255], i);
      if (x >= 56) raster.data.set([10, 250, 0, 255], i);
    }
    const { data } = await bleedColour(raster);
    for (let x = 0; x < 8; x++) expect([...data.slice(4 * x, 4 * x + 4)]).toEqual([250, 10, 0, 255]);
    expect(data[4 * 12]).toBeGreaterThan(200);
    expect(data[4 * 12 + 3]).toBe(0);
    expect(data[4 * 51]).toBeLessThan(60);
  });

  it("returns the raster itself when there is nothing to do", async () => {
    const opaque = createRaster(3, 3, 4);
    opaque.data.fill(255);
    const empty = createRaster(3, 3, 4);
    const rgb = createRaster(3, 3, 3);
    for (const raster of [opaque, empty, rgb]) expect(await bleedColour(raster)).toBe(raster);
  });
});
