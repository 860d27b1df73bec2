/** The recipes of the bundled models as configurations: what `samsr train` does without a file. */
import { COVERAGE_RECIPE, STUDENT_RECIPE, TEACHER_RECIPE } from "../recipe.js";
import type { ConfigOf, KINDS, Kind } from "./description.js";
import { checkedConfig, checkKind, demandKind } from "./parse.js";

interface Steps {
  readonly steps: number;
  readonly learningRate: number;
  readonly warmup: number;
  readonly clip: number;
  readonly emaDecay: number;
  readonly accumulate: number;
}

const optimiser = ({ steps, learningRate, warmup, clip, emaDecay, accumulate }: Steps) => ({
  ...{ steps, learningRate, schedule: "cosine", warmup, clip, emaDecay, accumulate },
});

function denoising(recipe: typeof TEACHER_RECIPE | typeof STUDENT_RECIPE) {
  const { config: network, schedule, crop, batch, seed } = recipe;
  const data = { degradation: "mild", crop, batch, seed };
  return { space: "pixels", network, schedule, data, optimiser: optimiser(recipe) };
}

/** Small enough to be trained on a processor in an hour or so. */
const autoencoder = {
  network: { channels: 32, channelMult: [1, 2, 2], resBlocks: 1, latentChannels: 3, codes: 512 },
  data: { crop: 64, batch: 4 },
  optimiser: {
    ...{ steps: 6000, learningRate: 5e-4, schedule: "cosine", warmup: 100, clip: 1 },
  },
};

function tiny(kind: Kind): object {
  const { rollOut, distilled, m, maskContext, terms } = STUDENT_RECIPE;
  const { width, height, variants, batch, seed, regions, countWeight, config } = COVERAGE_RECIPE;
  const coverage = {
    ...{ network: config, regions, countWeight, optimiser: optimiser(COVERAGE_RECIPE) },
    data: { degradation: "mild", width, height, variants, batch, seed },
  };
  const all = {
    teacher: denoising(TEACHER_RECIPE),
    student: { ...denoising(STUDENT_RECIPE), student: { rollOut, distilled, m, maskContext, terms } },
    coverage,
    autoencoder,
  } satisfies Record<keyof typeof KINDS, object>;
  return { train: kind, ...all[kind] };
}

/**
 * Returns the recipe of the bundled model of a kind, as a checked configuration. @throws {SamsrError} for no
 * kind
 */
export function tinyConfig<K extends Kind>(kind: K): ConfigOf<K> {
  checkKind(kind);
  const name = `the recipe of ${kind}`;
  return demandKind(checkedConfig(tiny(kind), name), kind, name);
}
