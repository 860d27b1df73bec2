/**
 * Random numbers that have an address.
 *
 * A counter-based generator is a pure function from (counter, key) to random bits: a keyed bijection that is
 * scrambled well enough to pass the usual statistical batteries. Number n needs no number n - 1, so the noise
 * of a pixel can be asked for by the pixel's coordinates, in any order, in any tile, on any thread, and a
 * training run resumes from one integer.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3",
 * SC 2011). The normals come from a table: each 16-bit half of a word picks one of 65536 equiprobable levels.
 */

/** The constants of Philox4x32-10: what counters are multiplied by, and what is added to the keys. */
export const MULTIPLIERS = [0xd2511f53, 0xcd9e8d57] as const;
export const WEYL = [0x9e3779b9, 0xbb67ae85] as const;
export const ROUNDS = 10;

const [MULTIPLIER_0, MULTIPLIER_1] = MULTIPLIERS;
const [WEYL_0, WEYL_1] = WEYL;

/**
 * Returns the high 32 bits of a 32 x 32 product, from 16-bit halves: JavaScript has no wide multiply. Every
 * partial sum stays under 2^32, so that arithmetic modulo 2^32 (with >>> for unsigned shifts) is exact.
 */
function highWord(a: number, multiplier: number): number {
  const low = a & 0xffff;
  const high = a >>> 16;
  const multiplierLow = multiplier & 0xffff;
  const multiplierHigh = multiplier >>> 16;
  const middle = Math.imul(high, multiplierLow) + (Math.imul(low, multiplierLow) >>> 16);
  const cross = Math.imul(low, multiplierHigh) + (middle & 0xffff);
  return (Math.imul(high, multiplierHigh) + (middle >>> 16) + (cross >>> 16)) | 0;
}

/**
 * Computes Philox4x32-10: one block of four random 32-bit words.
 *
 * The four counter words and two key words are taken modulo 2^32. The same arguments always give the same
 * words.
 *
 * @param out receives the words at `offset .. offset + 3`
 */
export function philox(
  counter0: number,
  counter1: number,
  counter2: number,
  counter3: number,
  key0: number,
  key1: number,
  out: Uint32Array,
  offset = 0,
): void {
  let c0 = counter0 | 0;
  let c1 = counter1 | 0;
  let c2 = counter2 | 0;
  let c3 = counter3 | 0;
  let k0 = key0 | 0;
  let k1 = key1 | 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = highWord(c0, MULTIPLIER_0);
    const high2 = highWord(c2, MULTIPLIER_1);
    const low0 = Math.imul(c0, MULTIPLIER_0);
    const low2 = Math.imul(c2, MULTIPLIER_1);
    c0 = high2 ^ (c1 ^ k0);
    c1 = low2;
    c2 = high0 ^ (c3 ^ k1);
    c3 = low0;
    k0 = (k0 + WEYL_0) | 0;
    k1 = (k1 + WEYL_1) | 0;
  }
  out[offset] = c0;
  out[offset + 1] = c1;
  out[offset + 2] = c2;
  out[offset + 3] = c3;
}

/** Number of levels of {@link normalTable}. */
const NORMAL_LEVELS = 65536;

let table: Float32Array | undefined;

/**
 * Returns the quantiles of the standard normal distribution at (i + 0.5) / 65536, i = 0..65535, scaled so
 * that their variance is exactly 1 (the scale is about 1 + 1e-5). Made once, on first use.
 *
 * A normal drawn from it is one table look-up on 16 random bits, several times cheaper than Box-Muller. The
 * price is that it is quantised to 65536 equiprobable levels with |z| <= 4.33: the distribution function is
 * off by at most 2^-17 anywhere, far under what a picture or an initial weight can show, but it is no
 * generator for the study of rare events.
 */
export function normalTable(): Float32Array {
  if (table) return table;
  const half = NORMAL_LEVELS / 2;
  const quantiles = new Float64Array(half);
  for (let i = 0, count: number; i < half; i += count) {
    count = Math.min(Math.max(1, i >> STRETCH), half - i);
    fillQuantiles(quantiles, i, count);
  }
  let squares = 0;
  for (let i = 0; i < half; i++) squares += 2 * quantiles[i] * quantiles[i];
  const scale = Math.sqrt(NORMAL_LEVELS / squares);
  table = new Float32Array(NORMAL_LEVELS);
  for (let i = 0, last = NORMAL_LEVELS - 1; i < half; i++, last--) {
    table[i] = quantiles[i] * scale;
    table[last] = -table[i]; // exactly symmetric, so the mean is exactly 0
  }
  return table;
}

/** Levels that follow an exact one, as a power of two: so many of those before it have one exact one more. */
const STRETCH = 7;

/**
 * Writes the quantiles at (i + 0.5) / 65536 of `count` levels from `first` on: the first by itself, and the
 * others by its Taylor series, whose terms follow from dz / dp = 1 / density(z). A process that starts has no
 * time for 32768 by themselves.
 */
function fillQuantiles(quantiles: Float64Array, first: number, count: number): void {
  const z = normalQuantile((first + 0.5) / NORMAL_LEVELS);
  const step = (Math.sqrt(2 * Math.PI) * Math.exp((z * z) / 2)) / NORMAL_LEVELS;
  const second = z / 2;
  const third = (2 * z * z + 1) / 6;
  const fourth = (z * (6 * z * z + 7)) / 24;
  const fifth = ((24 * z * z + 46) * z * z + 7) / 120;
  quantiles[first] = z;
  for (let i = 1; i < count; i++) {
    const h = i * step;
    quantiles[first + i] = z + h * (1 + h * (second + h * (third + h * (fourth + h * fifth))));
  }
}

/**
 * Returns the inverse of the standard normal distribution function, 0 < p < 1, to a relative error of about
 * 1e-9.
 *
 * A rational first guess (Abramowitz and Stegun, 26.2.23, error under 4.5e-4), then Halley's method on the
 * distribution function, which is integrated as a continued fraction in the tail and as a series in the
 * middle.
 */
export function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  const t = Math.sqrt(-2 * Math.log(p));
  let z = -(
    t -
    (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
  );
  for (let i = 0; i < 3; i++) {
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const step = (normalDistribution(z) - p) / density;
    z -= step / (1 + (z * step) / 2);
  }
  return z;
}

/**
 * Returns the standard normal distribution function, to about 1e-14 (absolute; relative in the lower tail).
 */
export function normalDistribution(z: number): number {
  if (z > 0) return 1 - normalDistribution(-z);
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < -3) {
    // Mills' ratio: 1 / (|z| + 1 / (|z| + 2 / (|z| + 3 / ...)))
    let fraction = 0;
    for (let k = 60; k >= 1; k--) fraction = k / (-z + fraction);
    return density / (-z + fraction);
  }
  // 1/2 + density * (z + z^3/3 + z^5/15 + ...)
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-18; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + density * sum;
}

/** A sequence of random numbers: {@link createRandom}. */
export interface Random {
  /** Words drawn so far. Set it to go on from there: a saved position resumes a run exactly. */
  position: number;
  /** Returns the next 32 random bits, as an unsigned integer. One word. */
  word(): number;
  /** Draws a number uniform in [0, 1), a multiple of 2^-32. One word. */
  next(): number;
  /** Draws a whole number uniform in 0..n-1, for 1 <= n <= 2^32. One word (the bias is under n / 2^32). */
  integer(n: number): number;
  /**
   * Draws a standard normal number from {@link normalTable}. One word, of which half is used, so that
   * positions stay simple.
   */
  normal(): number;
  /** Fills `out` with standard normals, two from each word. */
  normals(out: Float32Array): Float32Array;
}

/**
 * Creates a deterministic sequence of random numbers: word n of the sequence is word n of Philox with counter
 * n / 4, so the whole state is one number, {@link Random.position}.
 *
 * @param seed any integer up to 2^53; its low and high words are both used
 * @param stream sequences with the same seed and different streams are independent (initial weights, crops,
 * degradations each take one)
 *
 * @example
 *     const random = createRandom(7);
 *     random.integer(6) + 1; // a die
 *     const saved = random.position; // goes into a checkpoint; later: random.position = saved
 */
export function createRandom(seed: number, stream = 0): Random {
  const [key0, key1] = seedKey(seed);
  const block = new Uint32Array(4);
  let position = 0;
  let loaded = -1; // number of the Philox block that `block` holds

  function word(): number {
    const number = Math.floor(position / 4);
    if (number !== loaded) {
      philox(number, number / 0x100000000, stream, SEQUENCE_DOMAIN, key0, key1, block);
      loaded = number;
    }
    return block[position++ % 4];
  }

  return {
    get position() {
      return position;
    },
    set position(words: number) {
      position = words;
    },
    word,
    next: () => word() / 0x100000000,
    integer: (n) => Math.floor((word() / 0x100000000) * n),
    normal: () => normalTable()[word() & 0xffff],
    normals(out) {
      const levels = normalTable();
      for (let i = 0; i + 1 < out.length; i += 2) {
        const bits = word();
        out[i] = levels[bits & 0xffff];
        out[i + 1] = levels[bits >>> 16];
      }
      if (out.length % 2) out[out.length - 1] = levels[word() & 0xffff];
      return out;
    },
  };
}

/**
 * Last counter word of {@link createRandom}'s blocks; other users of a seed take another and never collide.
 */
const SEQUENCE_DOMAIN = 0;

/** Returns the two key words of a seed: its low and high 32 bits. */
export function seedKey(seed: number): [number, number] {
  return [seed >>> 0, Math.floor(seed / 0x100000000) >>> 0];
}
