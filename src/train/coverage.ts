/** Teaches the coverage network what a mask generator finds: distillation of a program into a network. */
import { createRandom } from "../base/random.js";
import { type CoverageNetworkConfig, coverageNetwork } from "../networks/index.js";
import type { Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { floatTensor } from "../runtime/index.js";
import { COUNT_STEPS, type CoverageSamples } from "./data/coverage-samples.js";
import { type PlainTrainingOptions, trainPlainly } from "./plain-training.js";

export interface CoverageOptions extends PlainTrainingOptions {
  readonly config: CoverageNetworkConfig;
  readonly samples: CoverageSamples;
  /** The width of the samples, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly batch: number;
  /** The weight of the squared error of the counts, beside the correlation in each picture. */
  readonly countWeight: number;
}

/**
 * Returns what the network is taught by, against the expected counts. W is relative to the picture, so most
 * of it is `correlation`, 1 - r averaged over pictures (r as Pearson has it); `count`, the mean squared
 * error, ties it to whole numbers. Inputs: image [N, 3, H, W] in [-1, 1], counts [N, 1, H, W].
 */
export function coverageLoss(
  p: Scope,
  config: CoverageNetworkConfig,
  { batch, width, height }: { batch: number; width: number; height: number },
  countWeight: number,
) {
  const predicted = coverageNetwork(p, config, o.input("image", [batch, 3, height, width]));
  const counts = o.input("counts", [batch, 1, height, width]);
  const correlation = o.sub(1, o.reduceMean(pearson(predicted, counts)));
  const count = o.meanSquaredError(predicted, counts);
  return { loss: o.add(correlation, o.mul(count, countWeight)), reports: { correlation, count } };
}

/** Returns the correlation of two maps in each picture, [N, 1]; near 0 where one of them is constant. */
function pearson(a: o.Value, b: o.Value): o.Value {
  const [x, y] = [a, b].map((map) => {
    const flat = o.reshape(map, [map.shape[0], -1]);
    return o.sub(flat, o.reduceMean(flat, [1], true));
  });
  const mean = (v: o.Value) => o.reduceMean(v, [1], true);
  const spread = o.mul(mean(o.mul(x, x)), mean(o.mul(y, y)));
  return o.div(mean(o.mul(x, y)), o.sqrt(o.add(spread, 1e-4)));
}

/** Choice of samples and flips, apart from what makes the samples. */
const ORDER_STREAM = 0x0cde;

/** Trains the network. @returns its weights and their moving average */
export function trainCoverage(options: CoverageOptions): ReturnType<typeof trainPlainly> {
  const { config, samples, width, height, batch, seed, countWeight } = options;
  const pixels = width * height;

  const feedsAt = async (index: number) => {
    const random = createRandom(seed + ORDER_STREAM, index);
    const image = floatTensor([batch, 3, height, width]);
    const counts = floatTensor([batch, 1, height, width]);
    for (let n = 0; n < batch; n++) {
      const sample = random.integer(samples.count);
      const [levels, steps] = [samples.image(sample), samples.counts(sample)];
      const place = flips(width, height, random.integer(4));
      for (let p = 0; p < pixels; p++) {
        const from = place(p);
        for (let c = 0; c < 3; c++)
          image.data[(3 * n + c) * pixels + p] = levels[c * pixels + from] / 127.5 - 1;
        counts.data[n * pixels + p] = steps[from] / COUNT_STEPS;
      }
    }
    return { image, counts };
  };
  const loss = (p: Scope) => coverageLoss(p, config, { batch, width, height }, countWeight);
  return trainPlainly(loss, feedsAt, options);
}

/**
 * Tells where pixel p comes from in a picture that is flipped left and right (1), up and down (2), both (3)
 * or not (0).
 */
function flips(width: number, height: number, kind: number): (p: number) => number {
  return (p) => {
    const [x, y] = [p % width, Math.floor(p / width)];
    return (kind & 2 ? height - 1 - y : y) * width + (kind & 1 ? width - 1 - x : x);
  };
}
