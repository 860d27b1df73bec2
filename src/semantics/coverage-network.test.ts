import { afterAll, describe, expect, it } from "vitest";
import { normals } from "../../test/run-graph.js";
import { type Channels, createRaster, type Raster } from "../image/raster.js";
import { type CoverageNetworkConfig, coverageNetwork } from "../networks/index.js";
import { initialize, trainableScope } from "../nn/index.js";
import { input } from "../onnx/index.js";
import { createCoveragePredictor, NETWORK_SIDE, wholeCounts } from "./coverage-network.js";

const CONFIG: CoverageNetworkConfig = { channels: [8, 16], blocks: [1, 1], groups: 4 };

const { scope, parameters } = trainableScope();
coverageNetwork(scope, CONFIG, input("image", [1, 3, 8, 8]));
const state = initialize(parameters(), 1);
[...state.values()].forEach(({ shape, data }, i) => {
  const noise = normals(shape, i + 1);
  for (let k = 0; k < data.length; k++) data[k] += 0.2 * noise[k];
});
// Counts of a few masks.
state.get("head.conv.bias")!.data.fill(3);
const predictor = createCoveragePredictor(state, CONFIG, { threads: 1 });
afterAll(() => predictor.release());

function picture(width: number, height: number, channels: Channels = 3, bits: 8 | 16 = 8): Raster {
  const raster = createRaster(width, height, channels, bits);
  const top = bits === 16 ? 65535 : 255;
  for (let i = 0; i < raster.data.length; i++) {
    const p = Math.floor(i / channels);
    raster.data[i] = Math.round(top * (0.5 + 0.5 * Math.sin((p % width) / 5) * Math.cos(p / width / 7)));
  }
  return raster;
}

describe("coverage from a network", () => {
  it.each([
    [1, 1],
    [3, 50],
    [33, 17],
    [64, 64],
    [1200, 300],
  ])("sees %i x %i at its own size, and gives whole counts of the picture's", async (width, height) => {
    const map = await predictor.predict(picture(width, height));
    const [wide, high] = [map.width, map.height];
    expect(Math.max(wide, high)).toBe(NETWORK_SIDE);
    expect(Math.abs(wide / high - width / height) / (width / height)).toBeLessThan(0.1);
    expect(map.counts).toHaveLength(wide * high);
    expect(map.counts.every((count) => count >= 0 && Number.isFinite(count))).toBe(true);
    const coverage = await predictor.coverage(picture(width, height));
    expect([coverage.width, coverage.height, coverage.counts.length]).toEqual([
      width,
      height,
      width * height,
    ]);
  });

  it("says of a mirror image what it says of the picture", async () => {
    const [width, height] = [NETWORK_SIDE, 48];
    const raster = picture(width, height);
    const mirrored = createRaster(width, height, 3);
    for (let i = 0; i < raster.data.length; i++) {
      const x = Math.floor(i / 3) % width;
      mirrored.data[i + 3 * (width - 1 - 2 * x)] = raster.data[i];
    }
    const [plain, turned] = [await predictor.predict(raster), await predictor.predict(mirrored)];
    const back = plain.counts.map((_, p) => turned.counts[p - (p % width) + width - 1 - (p % width)]);
    const largest = back.reduce((most, v, p) => Math.max(most, Math.abs(v - plain.counts[p])), 0);
    expect(largest).toBeLessThan(1e-4);
  });

  it("is the same for the same picture, in either depth, and whatever was predicted in between", async () => {
    const first = await predictor.predict(picture(40, 30));
    for (const side of [9, 20, 30]) await predictor.predict(picture(side, side));
    expect(await predictor.predict(picture(40, 30))).toEqual(first);
    const deep = await predictor.predict(picture(40, 30, 3, 16));
    const largest = deep.counts.reduce((max, v, i) => Math.max(max, Math.abs(v - first.counts[i])), 0);
    expect(largest).toBeLessThan(0.1);
  });

  it.each([1, 2, 4] as Channels[])("takes %i channels, and does not look at alpha", async (channels) => {
    const raster = picture(20, 12, channels);
    const { counts } = await predictor.predict(raster);
    if (channels !== 1) {
      for (let i = channels - 1; i < raster.data.length; i += channels) raster.data[i] = 255;
      expect((await predictor.predict(raster)).counts).toEqual(counts);
    }
    expect(new Set(counts).size).toBeGreaterThan(1);
  });
});

describe("whole counts", () => {
  it("round a map of the same size", () => {
    const map = { width: 2, height: 2, counts: Float32Array.of(0.4, 0.6, 2.5, 70.2) };
    expect([...wholeCounts(map, map).counts]).toEqual([0, 1, 3, 70]);
  });

  it("lie between those of the pixels around in a larger one", () => {
    const map = { width: 2, height: 1, counts: Float32Array.of(0, 8) };
    expect([...wholeCounts(map, { width: 8, height: 2 }).counts.subarray(8)]).toEqual([
      0, 0, 1, 3, 5, 7, 8, 8,
    ]);
  });
});
