/**
 * The second-order degradation of Real-ESRGAN (Wang et al., ICCVW 2021, figure 2) as ResShift, SinSR and
 * SAMSR train with it:
 *
 * blur -> resize -> noise -> JPEG -> [blur -> resize -> noise] -> last blur (sinc), resize to a quarter and
 * JPEG
 *
 * where the bracket is passed through only sometimes and the last three come in either order: JPEG last or
 * JPEG first. Every picture draws parameters of its own. JPEG is what a real file keeps, not a differentiable
 * imitation.
 */

import type { Random } from "../../../base/random.js";
import { SCALE } from "../../../base/scale.js";
import { fromTensor, type Raster, toTensor } from "../../../image/raster.js";
import type { Degradation } from "../degrade.js";
import { jpegRoundTrip } from "../jpeg.js";
import {
  blurKernel,
  drawFinalSinc,
  drawKernel,
  drawWeighted,
  type KernelParameters,
  type Range,
  uniform,
} from "./kernels.js";
import { addNoise, type NoiseParameters } from "./noise.js";
import { blur, MODES, type ResizeMode, type RgbPlanes, resized } from "./planes.js";
import { REAL_ESRGAN, type RealEsrganSettings, type StageSettings } from "./settings.js";

interface StageParameters {
  readonly kernel?: KernelParameters;
  readonly factor: number;
  readonly mode: ResizeMode;
  readonly noise: NoiseParameters;
}

/** What one picture goes through. */
export interface RealEsrganParameters {
  readonly first: StageParameters & { readonly jpeg: number };
  readonly second?: StageParameters;
  readonly last: {
    readonly kernel?: KernelParameters;
    readonly mode: ResizeMode;
    readonly jpeg: number;
    readonly jpegFirst: boolean;
  };
}

/** Degrades 8-bit RGB photos by the published settings, or others. */
export function realEsrganDegradation(settings = REAL_ESRGAN): Degradation<RealEsrganParameters> {
  return { sample: (random) => draw(settings, random), apply: degradeRegion };
}

function draw({ first, second, finalSinc }: RealEsrganSettings, random: Random): RealEsrganParameters {
  const one = { ...drawStage(first, 1, random), jpeg: drawQuality(first.jpeg, random) };
  const twice = random.next() < second.probability;
  const two = drawStage(second, second.blurProbability, random);
  const filtered = random.next() < finalSinc;
  const kernel = drawFinalSinc(second.blur.size, random);
  return {
    first: one,
    ...(twice && { second: two }),
    last: {
      ...(filtered && { kernel }),
      mode: drawMode(random),
      jpeg: drawQuality(second.jpeg, random),
      jpegFirst: random.next() < 0.5,
    },
  };
}

function drawStage(settings: StageSettings, blurProbability: number, random: Random): StageParameters {
  const blurred = random.next() < blurProbability;
  const kernel = drawKernel(settings.blur, random);
  const [least, most] = settings.resize.range;
  const direction = drawWeighted(settings.resize.directions, random);
  const range: Range = direction === "up" ? [1, most] : direction === "down" ? [least, 1] : [1, 1];
  const factor = uniform(range, random);
  const mode = drawMode(random);
  const gaussian = random.next() < settings.noise.gaussian;
  const grey = random.next() < settings.noise.grey;
  const noise: NoiseParameters = gaussian
    ? { kind: "gaussian", sigma: uniform(settings.noise.sigma, random), grey }
    : { kind: "poisson", scale: uniform(settings.noise.poissonScale, random), grey };
  return { ...(blurred && { kernel }), factor, mode, noise };
}

function drawMode(random: Random): ResizeMode {
  return MODES[random.integer(MODES.length)];
}

function drawQuality([low, high]: Range, random: Random): number {
  return low + random.integer(high - low + 1);
}

const degradeRegion: Degradation<RealEsrganParameters>["apply"] = async (
  photo,
  region,
  { first, second, last },
  random,
  orient = (planar) => planar,
) => {
  const { width, height } = region;
  const [small, low] = [width / SCALE, height / SCALE];
  // Turned before anything else: the stages' sizes need not be those of the crop.
  const upright = toTensor(photo, region).map((v) => (v + 1) / 2);
  let planes: RgbPlanes = { width, height, data: orient(upright, width) };

  planes = stage(planes, [width, height], first, random);
  planes = jpeg(planes, first.jpeg);
  // The second stage's factor counts from the final size.
  if (second) planes = stage(planes, [small, low], second, random);
  if (last.jpegFirst) {
    planes = finish(jpeg(planes, last.jpeg), small, low, last);
  } else {
    planes = jpeg(finish(planes, small, low, last), last.jpeg);
  }
  return toRaster(planes);
};

function stage(
  planes: RgbPlanes,
  [width, height]: readonly [number, number],
  { kernel, factor, mode, noise }: StageParameters,
  random: Random,
): RgbPlanes {
  const blurred = kernel ? blur(planes, blurKernel(kernel)) : planes;
  const size = (side: number) => Math.max(1, Math.floor(side * factor));
  return addNoise(resized(blurred, size(width), size(height), mode), noise, random);
}

function finish(
  planes: RgbPlanes,
  width: number,
  height: number,
  { kernel, mode }: RealEsrganParameters["last"],
): RgbPlanes {
  const small = resized(planes, width, height, mode);
  return kernel ? blur(small, blurKernel(kernel)) : small;
}

function jpeg(planes: RgbPlanes, quality: number): RgbPlanes {
  const { width, height, data } = jpegRoundTrip(toRaster(planes), quality);
  return { width, height, data: toTensor({ width, height, channels: 3, data }).map((v) => (v + 1) / 2) };
}

/** Returns planes as a raster, clipped and rounded to 8 bits. */
function toRaster({ width, height, data }: RgbPlanes): Raster {
  return fromTensor(
    data.map((v) => 2 * v - 1),
    { width, height, channels: 3 },
  );
}
