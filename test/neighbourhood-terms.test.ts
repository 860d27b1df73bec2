/** Terms of the loss that look at neighbourhoods, against the metric, by hand and by differences. */
import { describe, expect, it } from "vitest";
import { createRandom } from "../src/base/random.js";
import { ssimY } from "../src/evaluate/metrics/index.js";
import { createRaster, type Raster } from "../src/image/raster.js";
import * as o from "../src/onnx/index.js";
import { grainLoss } from "../src/train/terms/grain.js";
import { structureLoss } from "../src/train/terms/structure.js";
import { relativeErrors } from "./central-differences.js";
import { runGraph } from "./run-graph.js";

const [WIDTH, HEIGHT] = [23, 17];
const SHAPE = [2, 3, HEIGHT, WIDTH];

/** A picture of slopes and a disc, with noise of some grey levels. */
function picture(seed: number, noise: number): Raster {
  const random = createRandom(seed);
  const raster = createRaster(WIDTH, HEIGHT, 3);
  for (let i = 0; i < raster.data.length; i++) {
    const [c, x, y] = [i % 3, Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
    const clean = 30 + (3 + c) * x + (Math.hypot(x - 14, y - 7) < 5 ? 90 : 0);
    raster.data[i] = Math.min(255, Math.max(0, Math.round(clean + noise * (random.integer(201) / 100 - 1))));
  }
  return raster;
}

/** Rasters as [N, 3, H, W] in [-1, 1]. */
function planar(rasters: readonly Raster[]): Float32Array {
  const values = rasters.flatMap(({ data }) =>
    [0, 1, 2].flatMap((c) => Array.from(data.filter((_, i) => i % 3 === c))),
  );
  return Float32Array.from(values, (v) => v / 127.5 - 1);
}

/** Demands a term's gradient for what was made, and none for the original; `scale` lifts small slopes. */
async function demandGradient(term: typeof grainLoss, values: Float32Array[], scale: number): Promise<void> {
  const [error, none] = await relativeErrors((a, b) => o.mul(term(a, b), scale), [SHAPE, SHAPE], { values });
  expect(error).toBeLessThan(1e-2);
  // Its analytic gradient is zero, so the numeric slope is all error.
  expect(none).toBeGreaterThan(0.5);
  const [made, original] = [o.input("made", SHAPE), o.input("original", SHAPE)];
  expect(o.gradients(term(made, original), [original])[0].source.kind).toBe("constant");
}

describe("the structure term", () => {
  const [made, original] = [o.input("made", SHAPE), o.input("original", SHAPE)];
  const loss = structureLoss(made, original);

  it("is 1 less the SSIM that scores report, averaged over pictures", async () => {
    const originals = [picture(1, 0), picture(2, 40)];
    const mades = [picture(3, 12), picture(4, 90)];
    const scores = mades.map((one, i) => ssimY(one, originals[i], { border: 0 }));
    const result = await runGraph({ loss }, { made: planar(mades), original: planar(originals) });
    expect(scores[0] - scores[1]).toBeGreaterThan(0.1);
    expect(Math.abs(result.loss[0] - (1 - (scores[0] + scores[1]) / 2))).toBeLessThan(1e-5);
  });

  it("is none between equal pictures, flat black and white ones among them", async () => {
    const [black, white] = [createRaster(WIDTH, HEIGHT, 3), createRaster(WIDTH, HEIGHT, 3)];
    white.data.fill(255);
    for (const pair of [
      [picture(1, 0), picture(2, 200)],
      [black, white],
    ]) {
      const same = planar(pair);
      const { loss: found } = await runGraph({ loss }, { made: same, original: same });
      expect(Math.abs(found[0])).toBeLessThan(1e-6);
    }
  });

  it("has the gradient of central differences for what was made, and none for the original", async () => {
    const values = [planar([picture(3, 12), picture(4, 90)]), planar([picture(1, 0), picture(2, 40)])];
    await demandGradient(structureLoss, values, 100);
  });

  it("says when pictures are smaller than the window", () => {
    const small = o.input("small", [1, 3, 10, 20]);
    expect(() => structureLoss(small, small)).toThrow(/\[1,3,10,20\] are smaller than the window of 11/);
  });
});

describe("the grain term", () => {
  const [made, original] = [o.input("made", SHAPE), o.input("original", SHAPE)];
  const loss = grainLoss(made, original);
  const of = async (made: readonly Raster[], original: readonly Raster[]) =>
    (await runGraph({ loss }, { made: planar(made), original: planar(original) })).loss[0];
  /** A grey picture whose pixels differ from mid grey by `levels`, in the pattern of a chessboard. */
  const chessboard = (levels: number): Raster => {
    const raster = createRaster(WIDTH, HEIGHT, 3);
    for (let i = 0; i < raster.data.length; i++) {
      const place = Math.floor(i / 3);
      const odd = ((place % WIDTH) + Math.floor(place / WIDTH)) % 2;
      raster.data[i] = 128 + (odd ? levels : -levels);
    }
    return raster;
  };

  it("is the contrast beyond the original's, less where that has contrast of its own", async () => {
    const root = (levels: number) => Math.hypot((levels * 219) / 255, 1);
    for (const [more, less] of [
      [6, 0],
      [30, 20],
    ]) {
      const found = await of([chessboard(more), chessboard(more)], [chessboard(less), chessboard(less)]);
      const expected = ((8 / (8 + root(less))) * (root(more) - root(less))) / 255;
      expect(Math.abs(found / expected - 1)).toBeLessThan(5e-3);
    }
  });

  it("asks nothing where contrast is missing", async () => {
    expect(await of([picture(1, 0), chessboard(0)], [picture(1, 90), chessboard(9)])).toBeLessThan(1e-4);
  });

  it("has the gradient of central differences for what was made, and none for the original", async () => {
    const values = [planar([picture(3, 60), picture(4, 90)]), planar([picture(3, 5), picture(4, 5)])];
    await demandGradient(grainLoss, values, 1000);
  });
});
