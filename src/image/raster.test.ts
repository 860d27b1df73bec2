import { describe, expect, it } from "vitest";
import type { Channels } from "./raster.js";
import {
  alphaPlane,
  createRaster,
  crop,
  cropPlanar,
  flattenOnWhite,
  fromTensor,
  meanPlane,
  reflect,
  repeatPlane,
  toEightBits,
  toTensor,
} from "./raster.js";

function counting(width: number, height: number, channels: Channels, bits: 8 | 16 = 8) {
  const raster = createRaster(width, height, channels, bits);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = (i * 7919) % (bits === 16 ? 65536 : 256);
  return raster;
}

describe("tensors", () => {
  it("holds colour in planes from -1 to 1", () => {
    const raster = {
      width: 2,
      height: 1,
      channels: 3 as const,
      data: new Uint8Array([0, 255, 51, 255, 0, 204]),
    };
    const tensor = toTensor(raster);
    for (const [i, v] of [-1, 1, 1, -1, -0.6, 0.6].entries()) expect(tensor[i]).toBeCloseTo(v, 6);
  });

  it("comes back exactly, for every value of 8 and of 16 bits", () => {
    for (const bits of [8, 16] as const) {
      const side = bits === 16 ? 256 : 16;
      const grey = createRaster(side, side, 1, bits);
      for (let i = 0; i < grey.data.length; i++) grey.data[i] = i;
      const tensor = toTensor(grey);
      expect(tensor.length).toBe(3 * side * side);
      const back = fromTensor(meanPlane(tensor), { width: side, height: side, channels: 1, bits });
      expect(back.data).toEqual(grey.data);
      const rgb = fromTensor(repeatPlane(meanPlane(tensor)), {
        width: side,
        height: side,
        channels: 3,
        bits,
      });
      expect(rgb.data[3 * 77 + 2]).toBe(77);
    }
  });

  it("rounds to the nearest and clamps", () => {
    const values = new Float32Array([-3, 3, 0.0039, 0.0041, Number.NaN, Number.POSITIVE_INFINITY]);
    const raster = fromTensor(values, { width: 6, height: 1, channels: 1 });
    expect([...raster.data]).toEqual([0, 255, 128, 128, 0, 255]);
    expect([
      ...fromTensor(new Float32Array([0, -0.00001]), { width: 2, height: 1, channels: 1 }).data,
    ]).toEqual([128, 127]);
  });

  it("reads alpha as a plane of its own, and ones where there is none", () => {
    const data = new Uint8Array([9, 0, 9, 255]);
    expect([...alphaPlane({ width: 2, height: 1, channels: 2, data })]).toEqual([-1, 1]);
    expect([...alphaPlane(counting(2, 1, 3))]).toEqual([1, 1]);
  });

  it("reads a region that reaches outside by reflection, like padding the whole", () => {
    const raster = counting(5, 4, 4, 16);
    const region = { x: -3, y: -6, width: 14, height: 15 };
    const whole = toTensor(raster);
    const padded = cropPlanar(whole, { width: 5, height: 4, channels: 3 }, region);
    expect(toTensor(raster, region)).toEqual(padded);
    // The row above the first is the second, the column left of the first is the second.
    expect(padded[5 * 14 + 2]).toBe(whole[1 * 5 + 1]);
    expect(padded[6 * 14 + 3]).toBe(whole[0]);
  });
});

describe("reflect", () => {
  it("does not repeat the edge and folds as often as needed", () => {
    expect([-4, -3, -2, -1, 0, 1, 2, 3, 4, 5].map((i) => reflect(i, 3))).toEqual([
      0, 1, 2, 1, 0, 1, 2, 1, 0, 1,
    ]);
    expect([-2, 0, 5].map((i) => reflect(i, 1))).toEqual([0, 0, 0]);
  });
});

describe("crop", () => {
  it("takes a rectangle", () => {
    const raster = counting(6, 5, 2);
    const part = crop(raster, { x: 2, y: 1, width: 3, height: 2 });
    expect(part.data.length).toBe(12);
    expect(part.data[0]).toBe(raster.data[(6 + 2) * 2]);
    expect(part.data[11]).toBe(raster.data[(2 * 6 + 4) * 2 + 1]);
  });
});

describe("fewer bits, no alpha", () => {
  it("rounds 16 bits to 8", () => {
    const raster = createRaster(65536, 1, 1, 16);
    for (let i = 0; i < 65536; i++) raster.data[i] = i;
    const { data } = toEightBits(raster);
    for (let i = 0; i < 65536; i++)
      if (data[i] !== Math.round(i / 257)) throw new Error(`${i} gave ${data[i]}`);
  });

  it("lays colour over white", () => {
    const data = new Uint8Array([200, 100, 0, 255, 200, 100, 0, 0, 200, 100, 0, 51]);
    const flat = flattenOnWhite({ width: 3, height: 1, channels: 4, data });
    expect(flat.channels).toBe(3);
    // A fifth of the colour and four fifths of white at the end.
    expect([...flat.data]).toEqual([200, 100, 0, 255, 255, 255, 244, 224, 204]);
    const deep = flattenOnWhite({
      width: 2,
      height: 1,
      channels: 2,
      data: new Uint16Array([0, 32768, 65535, 65535]),
    });
    expect([...deep.data]).toEqual([127, 255]);
  });
});
