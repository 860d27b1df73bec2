import type { Random } from "../../base/random.js";
import { SCALE } from "../../base/scale.js";
import { fromTensor, type Raster, type Region } from "../../image/raster.js";
import { jpegRoundTrip } from "./jpeg.js";
import { type ReductionFilter, reductionKernel } from "./kernel.js";
import { addGaussianNoise } from "./noise.js";
import { blurAndReduce } from "./reduce.js";

/**
 * The mild degradation: how a decent photo comes to be small.
 *
 *     HR -> Gaussian blur -> bicubic x4 reduction -> Gaussian noise -> clip, round to 8 bits -> JPEG -> LR
 *
 * A degradation is two functions: `sample` draws the parameters of one picture from a random stream, `apply`
 * makes the LR picture with them. Both are determined by the stream.
 */
export interface Degradation<Parameters> {
  sample(random: Random): Parameters;
  /**
   * Degrades a region of a photo (8-bit RGB), reading the real pixels around it.
   *
   * @param region in HR pixels, both sides divisible by 4
   * @param orient turns or flips a square picture ([3, side, side]) before noise and JPEG are added; neither
   *   of them looks the same turned
   * @returns the LR picture, a quarter of the region's sides
   */
  apply(
    photo: Raster,
    region: Region,
    parameters: Parameters,
    random: Random,
    orient?: (planar: Float32Array, side: number) => Float32Array,
  ): Promise<Raster>;
}

/** A range from which a parameter is drawn; both ends are possible. */
type Range = readonly [low: number, high: number];

/** What the mild degradation is drawn from. */
export interface MildSettings {
  readonly blur: {
    /** How often there is any blur. */
    readonly probability: number;
    /** Deviation of the Gaussian in HR pixels, uniform. */
    readonly sigma: Range;
  };
  readonly noise: {
    /** Deviation in 8-bit levels: low + (high - low) * u^skew with u uniform. */
    readonly sigma: Range;
    /** The skew of the noise's strength: 1 is uniform; larger favours weak noise. */
    readonly skew: number;
  };
  readonly jpeg: {
    /** How often the picture passes through JPEG at all. */
    readonly probability: number;
    /** Integer quality of libjpeg's scale, uniform. */
    readonly quality: Range;
    readonly chromaSubsampling: "4:2:0" | "4:4:4";
  };
}

/** The parameters of one mildly degraded picture. */
export interface MildParameters {
  /** HR pixels; 0 is no blur. */
  readonly blurSigma: number;
  /** The deviation of the noise in 8-bit levels; 0 is no noise. */
  readonly noiseSigma: number;
  /** The quality of the JPEG file, if it goes through one. */
  readonly jpegQuality: number | undefined;
}

/** What the bundled model is trained on. */
export const mildTraining: MildSettings = {
  blur: { probability: 0.85, sigma: [0.2, 1.4] },
  noise: { sigma: [0, 6], skew: 2 },
  jpeg: { probability: 0.8, quality: [70, 98], chromaSubsampling: "4:2:0" },
};

/**
 * What it is measured on: blur 0.8 HR pixels, bicubic x4, noise 2 levels, JPEG quality 85. Nothing is drawn.
 */
export const mildValidation: MildSettings = {
  blur: { probability: 1, sigma: [0.8, 0.8] },
  noise: { sigma: [2, 2], skew: 1 },
  jpeg: { probability: 1, quality: [85, 85], chromaSubsampling: "4:2:0" },
};

/** Returns the mild degradation with the given settings, by one reduction filter. */
export function mildDegradation(
  settings: MildSettings,
  filter: ReductionFilter = "bicubic",
): Degradation<MildParameters> {
  return {
    // Every draw is made whether it is used or not: each parameter keeps its place in the random stream.
    sample(random) {
      const blurred = random.next() < settings.blur.probability;
      const blurSigma = uniform(settings.blur.sigma, random.next());
      const noiseSigma = uniform(settings.noise.sigma, random.next() ** settings.noise.skew);
      const compressed = random.next() < settings.jpeg.probability;
      const [low, high] = settings.jpeg.quality;
      const quality = low + random.integer(high - low + 1);
      return {
        blurSigma: blurred ? blurSigma : 0,
        noiseSigma,
        jpegQuality: compressed ? quality : undefined,
      };
    },

    async apply(photo, region, parameters, random, orient = (reduced) => reduced) {
      const reduced = blurAndReduce(photo, region, reductionKernel(parameters.blurSigma, filter));
      const values = orient(reduced, region.width / SCALE);
      addGaussianNoise(values, parameters.noiseSigma, random);
      const lr = fromTensor(values, {
        width: region.width / SCALE,
        height: region.height / SCALE,
        channels: 3,
      });
      return parameters.jpegQuality === undefined
        ? lr
        : jpegRoundTrip(lr, parameters.jpegQuality, settings.jpeg.chromaSubsampling);
    },
  };
}

function uniform([low, high]: Range, u: number): number {
  return low + (high - low) * u;
}
