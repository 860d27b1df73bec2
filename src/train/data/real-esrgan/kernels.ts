/**
 * Blur kernels of Real-ESRGAN's degradation (Wang, Xie, Dong, Shan, "Real-ESRGAN: training real-world blind
 * super-resolution with pure synthetic data", ICCVW 2021, sections 3.1 and 3.3): Gaussians, generalised
 * Gaussians and plateaus, round or elongated, and the ideal low-pass filter, whose ringing and overshoot real
 * pictures show too.
 */
import type { Random } from "../../../base/random.js";

export const FAMILIES = [
  "iso",
  "aniso",
  "generalised-iso",
  "generalised-aniso",
  "plateau-iso",
  "plateau-aniso",
] as const;
type Family = (typeof FAMILIES)[number];

export type Range = readonly [low: number, high: number];

export interface BlurSettings {
  /** Kernels have odd sides from 3 to below this. */
  readonly size: number;
  /** How often each family is drawn, relative to the others. */
  readonly families: Readonly<Record<Family, number>>;
  /** How often the low-pass filter is drawn instead of a family. */
  readonly sinc: number;
  /** Deviation along each axis, in pixels. */
  readonly sigma: Range;
  /** Exponent of the generalised Gaussians: below 1 with heavy tails, above 1 flat. */
  readonly betaGeneralised: Range;
  readonly betaPlateau: Range;
}

/** Everything that determines a kernel. */
export type KernelParameters =
  | {
      readonly family: Family;
      readonly size: number;
      readonly sigma: Range;
      /** The rotation in radians. */
      readonly rotation: number;
      readonly beta: number;
    }
  | { readonly family: "sinc"; readonly size: number /** Radians a pixel. */; readonly cutoff: number };

/** A kernel of [size, size] weights of sum 1. */
export interface BlurKernel {
  readonly size: number;
  readonly weights: Float32Array;
}

/** Draws a kernel. A low-pass filter of 13 pixels or more may cut off lower than a smaller one. */
export function drawKernel(settings: BlurSettings, random: Random): KernelParameters {
  const size = drawSize(settings.size, random);
  if (random.next() < settings.sinc) return drawSinc(size, size < 13 ? 3 : 5, random);
  const family = drawWeighted(settings.families, random);
  const first = uniform(settings.sigma, random);
  const round = family.endsWith("-iso") || family === "iso";
  const sigma = [first, round ? first : uniform(settings.sigma, random)] as const;
  const rotation = round ? 0 : uniform([-Math.PI, Math.PI], random);
  const range = family.startsWith("plateau") ? settings.betaPlateau : settings.betaGeneralised;
  const beta = family === "iso" || family === "aniso" ? 1 : drawBeta(range, random);
  return { family, size, sigma, rotation, beta };
}

/** Draws the filter that ends the degradation. @param limit sides are odd, from 3 to below this */
export function drawFinalSinc(limit: number, random: Random): KernelParameters {
  return drawSinc(drawSize(limit, random), 3, random);
}

function drawSinc(size: number, divisor: number, random: Random): KernelParameters {
  return { family: "sinc", size, cutoff: uniform([Math.PI / divisor, Math.PI], random) };
}

function drawSize(limit: number, random: Random): number {
  return 3 + 2 * random.integer(Math.ceil((limit - 3) / 2));
}

/**
 * Draws a beta: half of the time between the low end and 1, half between 1 and the high end: so the plateaus,
 * whose range is 1 to 2, are of beta 1 half of the time (random_mixed_kernels of BasicSR, which the released
 * code calls).
 */
function drawBeta([low, high]: Range, random: Random): number {
  const end = random.next() < 0.5 ? low : high;
  return 1 + (end - 1) * random.next();
}

export function uniform([low, high]: Range, random: Random): number {
  return low + (high - low) * random.next();
}

/** Draws one of the keys, each as often as its weight says. */
export function drawWeighted<K extends string>(weights: Readonly<Record<K, number>>, random: Random): K {
  const keys = Object.keys(weights) as K[];
  let rest = random.next() * keys.reduce((sum, key) => sum + weights[key], 0);
  return keys.find((key) => (rest -= weights[key]) < 0) ?? keys[keys.length - 1];
}

export function blurKernel(parameters: KernelParameters): BlurKernel {
  const { size } = parameters;
  const radius = (size - 1) / 2;
  const density = parameters.family === "sinc" ? lowPass(parameters.cutoff) : bump(parameters);
  const weights = Float64Array.from({ length: size * size }, (_, i) =>
    density((i % size) - radius, Math.floor(i / size) - radius),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { size, weights: Float32Array.from(weights, (weight) => weight / sum) };
}

/**
 * Returns a kernel's value, with q the squared distance in deviations: exp(-q^beta / 2), or for plateaus 1 /
 * (1 + q^beta).
 */
function bump({ family, sigma, rotation, beta }: Exclude<KernelParameters, { family: "sinc" }>) {
  const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
  const plateau = family.startsWith("plateau");
  return (x: number, y: number) => {
    const q = ((cos * x + sin * y) / sigma[0]) ** 2 + ((cos * y - sin * x) / sigma[1]) ** 2;
    return plateau ? 1 / (1 + q ** beta) : Math.exp(-(q ** beta) / 2);
  };
}

/** Returns the ideal circular low-pass filter w J1(w r) / (2 pi r), with w^2 / (4 pi) in the middle. */
function lowPass(cutoff: number) {
  return (x: number, y: number) => {
    const r = Math.hypot(x, y);
    return r === 0 ? cutoff ** 2 / (4 * Math.PI) : (cutoff * besselJ1(cutoff * r)) / (2 * Math.PI * r);
  };
}

/**
 * Computes J1(x) = 1/pi times the integral of cos(s - x sin s) over 0..pi (Abramowitz and Stegun 9.1.21). The
 * integrand is periodic and smooth, so the trapezoidal rule converges faster than any power of the step; x
 * stays below 100 here.
 */
export function besselJ1(x: number): number {
  const steps = 160;
  let sum = 0;
  for (let i = 0; i < 2 * steps; i++) {
    const s = (Math.PI * i) / steps;
    sum += Math.cos(s - x * Math.sin(s));
  }
  return sum / (2 * steps);
}
