/** What Real-ESRGAN's degradation is drawn from: the published settings for training and for testing. */
import type { BlurSettings, Range } from "./kernels.js";

export interface StageSettings {
  readonly blur: BlurSettings;
  readonly resize: {
    /** How often the picture grows, shrinks or keeps its size. */
    readonly directions: { readonly up: number; readonly down: number; readonly keep: number };
    /** The smallest and the largest factor. */
    readonly range: Range;
  };
  readonly noise: {
    /** How often the noise is Gaussian; else it is Poisson's. */
    readonly gaussian: number;
    /** The deviation in levels of 255. */
    readonly sigma: Range;
    readonly poissonScale: Range;
    /** How often it is the same in all channels. */
    readonly grey: number;
  };
  readonly jpeg: Range;
}

export interface RealEsrganSettings {
  readonly first: StageSettings;
  /** The second round; its JPEG is the one that the degradation ends with. */
  readonly second: StageSettings & {
    /** How often there is a second stage, and in it a blur. */
    readonly probability: number;
    readonly blurProbability: number;
  };
  /** How often there is a last low-pass filter. */
  readonly finalSinc: number;
}

const FAMILY_WEIGHTS = {
  iso: 0.45,
  aniso: 0.25,
  "generalised-iso": 0.12,
  "generalised-aniso": 0.03,
  "plateau-iso": 0.12,
  "plateau-aniso": 0.03,
} as const;

const NO_FAMILY = {
  iso: 0,
  aniso: 0,
  "generalised-iso": 0,
  "generalised-aniso": 0,
  "plateau-iso": 0,
  "plateau-aniso": 0,
} as const;

/** The degradation as the released configurations of ResShift, SinSR and SAMSR have it. */
export const REAL_ESRGAN: RealEsrganSettings = {
  first: {
    blur: {
      size: 21,
      families: FAMILY_WEIGHTS,
      sinc: 0.1,
      sigma: [0.2, 3],
      betaGeneralised: [0.5, 4],
      betaPlateau: [1, 2],
    },
    resize: { directions: { up: 0.2, down: 0.7, keep: 0.1 }, range: [0.15, 1.5] },
    noise: { gaussian: 0.5, sigma: [1, 30], poissonScale: [0.05, 3], grey: 0.4 },
    jpeg: [30, 95],
  },
  second: {
    probability: 0.5,
    blurProbability: 0.8,
    blur: {
      size: 15,
      families: FAMILY_WEIGHTS,
      sinc: 0.1,
      sigma: [0.2, 1.5],
      betaGeneralised: [0.5, 4],
      betaPlateau: [1, 2],
    },
    resize: { directions: { up: 0.3, down: 0.4, keep: 0.3 }, range: [0.3, 1.2] },
    noise: { gaussian: 0.5, sigma: [1, 25], poissonScale: [0.05, 2.5], grey: 0.4 },
    jpeg: [30, 95],
  },
  finalSinc: 0.8,
};

/**
 * The degradation by which ResShift's scripts make ImageNet-Test (configs/degradation_testing_realesrgan.yaml
 * of its repository), the test set of ResShift, SinSR and SAMSR: milder than training, and always of first
 * order. The second stage's blur serves for nothing but the size of the last filter, its JPEG ends the
 * degradation.
 */
export const IMAGENET_TEST: RealEsrganSettings = {
  first: {
    blur: {
      size: 13,
      families: { ...NO_FAMILY, iso: 0.6, aniso: 0.4 },
      sinc: 0.1,
      sigma: [0.2, 0.8],
      betaGeneralised: [1, 1.5],
      betaPlateau: [1, 1.2],
    },
    resize: { directions: { up: 0.2, down: 0.7, keep: 0.1 }, range: [0.5, 1.5] },
    noise: { gaussian: 0.5, sigma: [1, 15], poissonScale: [0.05, 0.3], grey: 0.4 },
    jpeg: [70, 95],
  },
  second: {
    probability: 0,
    blurProbability: 0.2,
    blur: {
      size: 7,
      families: { ...NO_FAMILY, iso: 0.6, aniso: 0.4 },
      sinc: 0,
      sigma: [0.2, 0.5],
      betaGeneralised: [0.5, 0.8],
      betaPlateau: [1, 1.2],
    },
    resize: { directions: { up: 0.3, down: 0.4, keep: 0.3 }, range: [0.8, 1.2] },
    noise: { gaussian: 0.5, sigma: [1, 10], poissonScale: [0.05, 0.2], grey: 0.4 },
    jpeg: [80, 100],
  },
  finalSinc: 0.2,
};
