/** Metrics that are networks, at their published sizes with random weights, on a picture of 512 x 512. */
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { safetensorsPieces } from "../src/checkpoints/index.js";
import { metricFilePath } from "../src/checkpoints/store/metric-files.js";
import { METRICS } from "../src/evaluate/metrics/index.js";
import { readPristineModel } from "../src/evaluate/niqe/niqe.js";
import { createRaster } from "../src/image/index.js";
import { parametersOfFile } from "../src/networks/metrics/index.js";
import { lazily } from "./full-size.js";
import { takeTurns } from "./measure.js";
import { type Bench, figure } from "./report.js";

const NAMES = ["lpips", "lpips-vgg", "dists", "musiq"] as const;
const SIDE = 512;

/** None of them asks it; metrics are opened with it all the same. */
const NIQE = fileURLToPath(new URL("../../../models/niqe.safetensors", import.meta.url));

/** A picture of colours and grain. */
function drawn(seed: number) {
  const raster = createRaster(SIDE, SIDE, 3);
  raster.data.forEach((_, i) => {
    raster.data[i] = 128 + 90 * Math.sin(i / 977) + (((i + seed) * 2654435761) % 32);
  });
  return raster;
}

export const bench: Bench = async ({ threads, rounds = 7 }) => {
  const home = mkdtempSync(join(tmpdir(), "samsr-metrics-"));
  process.env.SAMSR_HOME = home;
  try {
    for (const file of new Set(NAMES.flatMap((name) => METRICS[name].weights))) {
      const tensors = [...parametersOfFile(file)].map(
        ([name, shape], i) => [name, lazily(shape, i)] as const,
      );
      mkdirSync(dirname(metricFilePath(file)), { recursive: true });
      await pipeline(
        Readable.from(safetensorsPieces(new Map(tensors))),
        createWriteStream(metricFilePath(file)),
      );
    }
    const pristine = await readPristineModel(NIQE);
    const pair = { picture: drawn(0), original: drawn(1) };
    const works = NAMES.map(async (name) => {
      const metric = await METRICS[name].open({ border: 0, pristine, threads, device: "cpu" });
      return [name, { metric, run: () => metric.measure([pair], async () => {}) }] as const;
    });
    const opened = Object.fromEntries(await Promise.all(works));
    const runs = Object.fromEntries(NAMES.map((name) => [name, opened[name].run]));
    const times = await takeTurns(runs, { rounds, warmUp: 1 });
    for (const { metric } of Object.values(opened)) await metric.release?.();
    return {
      about: `A picture of ${SIDE} x ${SIDE}, random weights, ${threads} threads.`,
      figures: NAMES.map((name) => figure(METRICS[name].label, "ms", times[name])),
    };
  } finally {
    rmSync(home, { recursive: true });
  }
};
