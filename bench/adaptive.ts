/**
 * node bench/dist/bench/adaptive.js FOLDER [MOST]: what the adaptive grid saves, and what it loses, on
 * photos.
 *
 * A stand-in takes the place of a trained Segment Anything: asked at a point, it answers with the three
 * smallest of the picture's nested regions that hold it. As in the real one, many points find the same mask,
 * and some are found from few points only. Compared are the full grid of 32 x 32, the adaptive one, and a
 * plain grid of as many points as that asked.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "../src/base/random.js";
import { decode, type Raster, toRgb } from "../src/image/index.js";
import {
  type Coverage,
  coverageOfRuns,
  type Generated,
  generateMasks,
  type SamNetwork,
  segmentRegions,
  semanticWeight,
  summarise,
} from "../src/semantics/index.js";

/** Sides of the input and of the logits, as the published models have them. */
const [SIZE, SIDE] = [1024, 256];

function standIn(image: Raster): SamNetwork {
  const { width, height, data } = image;
  const { masks } = segmentRegions({ width, height, data: data as Uint8Array }).masks();
  const areas = masks.map((mask) => mask.reduce((a, b) => a + b, 0));
  const scale = SIZE / Math.max(width, height);
  const place = (at: number, size: number) => Math.min(size - 1, Math.floor(at / scale));
  const logitsOf = (mask: Uint8Array) =>
    Float32Array.from({ length: SIDE * SIDE }, (_, p) => {
      const [x, y] = [4 * (p % SIDE) + 2, 4 * Math.floor(p / SIDE) + 2];
      return x < width * scale && y < height * scale && mask[place(y, height) * width + place(x, width)]
        ? 20
        : -20;
    });
  const maps = masks.map(logitsOf);
  return {
    imageSize: SIZE,
    embed: async () => undefined,
    async decode(_, points) {
      const count = points.length / 2;
      const logits = new Float32Array(count * 3 * SIDE * SIDE).fill(-20);
      const predictedIous = new Float32Array(count * 3);
      for (let i = 0; i < count; i++) {
        const [x, y] = [points[2 * i], points[2 * i + 1]];
        const at = place(y, height) * width + place(x, width);
        const holding = masks.map((_, k) => k).filter((k) => masks[k][at]);
        const random = createRandom(7, Math.round(3 * x + 5003 * y));
        for (const [j, k] of holding
          .sort((a, b) => areas[a] - areas[b])
          .slice(0, 3)
          .entries()) {
          logits.set(maps[k], (3 * i + j) * SIDE * SIDE);
          predictedIous[3 * i + j] = 0.9 + 0.1 * random.next();
        }
      }
      return { logits, predictedIous, side: SIDE };
    },
  };
}

function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}

const [folder, most = "20"] = process.argv.slice(2);
const files = readdirSync(folder).filter((name) => /\.(jpe?g|png)$/.test(name));
const step = Math.max(1, Math.floor(files.length / Number(most)));
const rows: Record<string, number>[] = [];
for (const file of files.filter((_, i) => i % step === 0).slice(0, Number(most))) {
  const image = toRgb((await decode(join(folder, file))).raster);
  const network = standIn(image);
  const ask = (more: object) => generateMasks(image, network, { stabilityScoreThresh: 0.8, ...more });
  const full = await ask({});
  const adaptive = await ask({ adaptive: true });
  const plain = await ask({ pointsPerSide: Math.round(Math.sqrt(adaptive.asked)) });
  const coverage = ({ masks }: Generated): Coverage =>
    coverageOfRuns(
      masks.map(({ runs }) => runs),
      image,
    );
  const [all, some, fewer] = [full, adaptive, plain].map(coverage);
  const loss = (other: Coverage) => [
    meanDifference(all.counts, other.counts),
    meanDifference(semanticWeight(all), semanticWeight(other)),
  ];
  const [[coverageLoss, weightLoss], [plainCoverageLoss, plainWeightLoss]] = [some, fewer].map(loss);
  rows.push({
    asked: adaptive.asked,
    masks: full.masks.length,
    adaptiveMasks: adaptive.masks.length,
    plainMasks: plain.masks.length,
    coverage: summarise(all).mean,
    coverageLoss,
    weightLoss,
    plainCoverageLoss,
    plainWeightLoss,
  });
}
const mean = (key: string) => rows.reduce((sum, row) => sum + row[key], 0) / rows.length;
console.log(Object.fromEntries(Object.keys(rows[0] ?? {}).map((key) => [key, Number(mean(key).toFixed(4))])));
