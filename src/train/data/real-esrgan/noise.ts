/** Sensor noise on planes in [0, 1]; both kinds clip what they leave to [0, 1]. */
import type { Random } from "../../../base/random.js";
import { clipped, type RgbPlanes } from "./planes.js";

/** One value for all three channels, or one for each. */
export type NoiseParameters =
  | {
      readonly kind: "gaussian" /** The deviation in levels of 255. */;
      readonly sigma: number;
      readonly grey: boolean;
    }
  | {
      readonly kind: "poisson" /** The strength; 1 is the photons' own. */;
      readonly scale: number;
      readonly grey: boolean;
    };

export function addNoise(planes: RgbPlanes, parameters: NoiseParameters, random: Random): RgbPlanes {
  return clipped(
    parameters.kind === "gaussian"
      ? addGaussian(planes, parameters, random)
      : addPoisson(planes, parameters, random),
  );
}

function addGaussian(
  planes: RgbPlanes,
  { sigma, grey }: { sigma: number; grey: boolean },
  random: Random,
): RgbPlanes {
  const { data } = planes;
  const plane = data.length / 3;
  const noise = random.normals(new Float32Array(grey ? plane : data.length));
  return { ...planes, data: data.map((v, i) => v + (sigma / 255) * noise[grey ? i % plane : i]) };
}

/**
 * Adds noise as if each pixel were a count of photons: Poisson(v n) / n around v, times `scale`. n is the
 * number of levels that the picture has in 8 bits, rounded up to a power of two, so that a picture of few
 * levels is a dark and noisy one. Grey noise is that of the luma (BT.601).
 */
function addPoisson(
  planes: RgbPlanes,
  { scale, grey }: { scale: number; grey: boolean },
  random: Random,
): RgbPlanes {
  const { data } = planes;
  const plane = data.length / 3;
  const inLevels = (values: Float32Array) =>
    values.map((v) => Math.round(255 * Math.min(1, Math.max(0, v))) / 255);
  const source = inLevels(
    grey
      ? data
          .subarray(0, plane)
          .map((r, i) => 0.2989 * r + 0.587 * data[plane + i] + 0.114 * data[2 * plane + i])
      : data,
  );
  const levels = 2 ** Math.ceil(Math.log2(new Set(source).size));
  const noise = source.map((v) => drawPoisson(v * levels, random) / levels - v);
  return { ...planes, data: data.map((v, i) => v + scale * noise[grey ? i % plane : i]) };
}

/**
 * Draws a Poisson number of the given mean: below 10 by multiplying uniforms (Knuth, The Art of Computer
 * Programming, volume 2, 3.4.1), above by transformed rejection (Hoermann, "The transformed rejection method
 * for generating Poisson random variables", 1993, algorithm PTRS), which takes about two uniforms.
 */
export function drawPoisson(mean: number, random: Random): number {
  if (mean < 10) {
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = random.next(); product > limit; product *= random.next()) count++;
    return count;
  }
  const root = Math.sqrt(mean);
  const b = 0.931 + 2.53 * root;
  const a = -0.059 + 0.02483 * b;
  const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
  const squeeze = 0.9277 - 3.6224 / (b - 2);
  for (;;) {
    const u = random.next() - 0.5;
    const v = random.next();
    const us = 0.5 - Math.abs(u);
    const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= squeeze) return k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    const bound = k * Math.log(mean) - mean - logFactorial(k);
    if (Math.log((v * inverseAlpha) / (a / (us * us) + b)) <= bound) return k;
  }
}

/** Computes ln k!, by Stirling's series from 10 on. */
function logFactorial(k: number): number {
  if (k < 10) {
    let product = 1;
    for (let i = 2; i <= k; i++) product *= i;
    return Math.log(product);
  }
  const x = k + 1;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3);
}
