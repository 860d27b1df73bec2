/**
 * How well the coverage network says what `regions` finds, and what that does to a picture that is enlarged.
 */
import { createRandom } from "../src/base/random.js";
import { type Figure, wordColumn, writeTable } from "../src/evaluate/table.js";
import type { Raster } from "../src/image/index.js";
import { kernels, resizePlanar } from "../src/image/resize.js";
import { createCoverageModel, findCoverageNetwork } from "../src/semantics/coverage-model.js";
import { createCoveragePredictor } from "../src/semantics/coverage-network.js";
import { regionsTarget } from "../src/train/data/coverage-targets.js";
import { type ValidationPair, validationPairs } from "../src/train/data/validation.js";
import { createUpscaler, type UpscaleSettings } from "../src/upscale/index.js";
import { COVERAGE, MODEL } from "./places.js";

export interface CoverageOptions {
  /** The coverage network, as a model's name or folder; default: the one that is bundled. */
  readonly model?: string;
  readonly photos: readonly string[];
  readonly limit?: number;
  readonly threads?: number;
}

/** How many passes of `regions`, each over noise of one grey level, make the mean that can be learnt. */
const PASSES = 8;

/** How a map at the network's size becomes one of the picture's. */
const BILINEAR = { kernel: kernels.bilinear, antialias: false };

const SEED = "another seed";

/** How many photos are enlarged with each kind of masks. */
const ENLARGED = 10;

/**
 * Measures how well the coverage network says what `regions` finds, and what that does to pictures.
 * @returns two tables in Markdown
 */
export async function coverageTables(options: CoverageOptions): Promise<string> {
  const { model = COVERAGE, photos, limit, threads } = options;
  const pairs = await validationPairs(photos, { limit });
  return `${await agreement(pairs, model, threads)}\n${await effect(pairs, model, threads)}`;
}

/** What is predicted, what coverage is, and how the two go together in each photo. */
interface Row {
  readonly prediction: string;
  readonly coverage: string;
  readonly within: number[];
  readonly a: Float32Array[];
  readonly b: Float32Array[];
}

/** What is changed, and by how many levels the pictures change. */
type Change = [kind: string, levels: readonly number[]];

async function agreement(pairs: readonly ValidationPair[], model: string, threads?: number): Promise<string> {
  const { weights, config } = await findCoverageNetwork(model);
  const predictor = createCoveragePredictor(weights, config, { threads, device: "cpu" });
  const [once, often] = [
    regionsTarget({ passes: 1, deviation: 0 }),
    regionsTarget({ passes: PASSES, deviation: 1 }),
  ];
  const noisy = `mean of ${PASSES} noisy passes`;
  const rows = [
    { prediction: "network", coverage: "one pass" },
    { prediction: "network", coverage: noisy },
    { prediction: noisy, coverage: "one pass" },
  ].map((row): Row => ({ ...row, within: [], a: [], b: [] }));
  let error = 0;
  for (const [i, { lq, hr, name }] of pairs.entries()) {
    const picture = {
      photo: { ...hr, name },
      region: { x: 0, y: 0, width: hr.width, height: hr.height },
      lq,
    };
    const map = await predictor.predict(lq);
    const counts = resizePlanar(map.counts, { ...map, channels: 1 }, lq, BILINEAR);
    const [one, mean] = [
      await once.coverage(picture, createRandom(9, i)),
      await often.coverage(picture, createRandom(9, i)),
    ];
    error += meanDifference(counts, one) / pairs.length;
    for (const [row, [a, b]] of [
      [counts, one],
      [counts, mean],
      [mean, one],
    ].entries()) {
      rows[row].within.push(correlation(a, b));
      rows[row].a.push(a);
      rows[row].b.push(b);
    }
  }
  await predictor.release();
  const table = {
    columns: [
      wordColumn<Row>("prediction", ({ prediction }) => prediction),
      wordColumn<Row>("coverage", ({ coverage }) => coverage),
      { head: "in a photo", cell: ({ within }: Row) => figureOf(within, 3) },
      {
        head: "over all",
        cell: ({ a, b }: Row) => ({ value: correlation(flat(a), flat(b)), places: 3 }),
      },
    ],
    rows,
    notes: [
      `${pairs.length} photos, degraded mildly. Pearson's correlation in each photo, averaged (± its standard ` +
        "error), and over all pixels. The mean absolute error of the network against one pass is " +
        `${error.toFixed(2)} masks.`,
    ],
  };
  return writeTable(table, "markdown");
}

async function effect(pairs: readonly ValidationPair[], model: string, threads?: number): Promise<string> {
  const upscaler = await createUpscaler({ model: MODEL, threads, device: "cpu" });
  const step = Math.max(1, Math.floor(pairs.length / ENLARGED));
  const chosen = pairs.filter((_, i) => i % step === 0).slice(0, ENLARGED);
  const network = createCoverageModel({ model, threads, device: "cpu" });
  const changes = new Map<string, number[]>();
  for (const { lq } of chosen) {
    const enlarged = async (settings: UpscaleSettings) =>
      (await upscaler.upscale(lq, { seed: 0, masks: "regions", ...settings })).raster;
    const plain = await enlarged({});
    const others = {
      "masks by network, not regions": { masks: await network.coverage(lq) },
      "no masks, not regions": { masks: "none" },
      [SEED]: { seed: 1 },
    } as const;
    for (const [kind, settings] of Object.entries(others)) {
      changes.set(kind, [...(changes.get(kind) ?? []), levels(plain, await enlarged(settings))]);
    }
  }
  await upscaler.close();
  await network.release();
  const seeds = changes.get(SEED) ?? [];
  const table = {
    columns: [
      wordColumn<Change>("change", ([kind]) => kind),
      { head: "levels", cell: ([, values]: Change) => ({ value: estimateOf(values).mean, places: 2 }) },
      {
        head: "photos in which it is less than the seed's",
        cell: ([kind, values]: Change) =>
          kind === SEED ? undefined : String(values.filter((v, i) => v < seeds[i]).length),
      },
    ],
    rows: [...changes],
    notes: [
      `What changes in the enlarged picture of ${chosen.length} of them, in levels of 255, a pixel on average.`,
    ],
  };
  return writeTable(table, "markdown");
}

function flat(maps: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(maps.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const map of maps) {
    out.set(map, at);
    at += map.length;
  }
  return out;
}

/** Returns the mean with its standard error, as a figure of a table. */
function figureOf(values: readonly number[], places: number): Figure {
  const { mean, error } = estimateOf(values);
  return { value: mean, places, error };
}

function estimateOf(values: readonly number[]) {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / Math.max(1, values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

/** Pearson's correlation of two maps of one size; 0 where one of them is constant. */
export function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (values: Float32Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return aa > 0 && bb > 0 ? ab / Math.sqrt(aa * bb) : 0;
}

function meanDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0) / a.length;
}

function levels(a: Raster, b: Raster): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i] - b.data[i]);
  return sum / a.data.length;
}
