/** The bundled coverage network, as it ships. */
import { afterAll, describe, expect, it } from "vitest";
import { correlation } from "../reproduce/coverage.js";
import { createRandom } from "../src/base/random.js";
import { createRaster, type Raster } from "../src/image/raster.js";
import { kernels, resizePlanar } from "../src/image/resize.js";
import { createCoverageModel, findCoverageNetwork } from "../src/semantics/coverage-model.js";
import { createCoveragePredictor } from "../src/semantics/coverage-network.js";
import { regionsTarget } from "../src/train/data/coverage-targets.js";
import { validationPairs } from "../src/train/data/validation.js";
import { hasShared, sharedPath } from "./shared.js";

const BILINEAR = { kernel: kernels.bilinear, antialias: false };

function noise(width: number, height: number): Raster {
  const raster = createRaster(width, height, 3);
  const random = createRandom(1);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = random.integer(256);
  return raster;
}

describe("coverage-tiny", () => {
  const model = createCoverageModel({ threads: 1, device: "cpu" });
  afterAll(() => model.release());

  it("takes a picture of 24 megapixels without more memory than a few copies of it", async () => {
    const large = createRaster(6000, 4000, 3);
    large.data.fill(90);
    await model.coverage(noise(64, 64));
    const before = process.memoryUsage().rss;
    const { counts } = await model.coverage(large);
    expect(counts).toHaveLength(24e6);
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(300);
  });

  it("names what it was given instead of a coverage network", async () => {
    const other = createCoverageModel({ model: "samsr-tiny" });
    await expect(other.coverage(noise(8, 8))).rejects.toThrow(
      "the model samsr-tiny is a pixel-denoiser; expected a coverage network",
    );
  });

  it.skipIf(!hasShared)("predicts what regions find on average on photos it was not trained on", async () => {
    const folders = ["bsds500", "imagenet"].map((name) => sharedPath("data", "val", name));
    const pairs = await validationPairs(folders, { limit: 16 });
    const teacher = regionsTarget({ passes: 8, deviation: 1 });
    const { weights, config } = await findCoverageNetwork();
    const predictor = createCoveragePredictor(weights, config, { threads: 1, device: "cpu" });
    const correlations: number[] = [];
    for (const [i, { lq, hr, name }] of pairs.entries()) {
      const map = await predictor.predict(lq);
      const counts = resizePlanar(map.counts, { ...map, channels: 1 }, lq, BILINEAR);
      const photo = { ...hr, name };
      const region = { x: 0, y: 0, width: hr.width, height: hr.height };
      const expected = await teacher.coverage({ photo, region, lq }, createRandom(9, i));
      correlations.push(correlation(counts, expected));
    }
    await predictor.release();
    const mean = correlations.reduce((a, b) => a + b, 0) / correlations.length;
    // 0.83 over 200 photos when it was trained.
    expect(mean).toBeGreaterThan(0.78);
  });
});
