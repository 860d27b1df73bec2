/**
 * Planes of floats to interleaved whole numbers, in WebAssembly: every value of a result goes through here
 * once, and four at a time are rounded as one is in JavaScript.
 */
import {
  addDoubles,
  addInt,
  advance,
  createKernel,
  firstHalves,
  get,
  lastHalf,
  load,
  operation,
  repeat,
  set,
  splatDouble,
  splatInt,
  TYPES,
  timesDoubles,
  toDoubles,
  vector,
} from "../base/wasm.js";

/** Pixels at once, and where what is made of them lies: they stay in the cache. */
const PIXELS = 16384;
const MADE = 4 * PIXELS;

/** Rounds to the next whole number below, and to 0 at least. */
const toWhole = operation(vector(0xfd));
const least = operation(vector(0xb7));

/**
 * `(vectors, from, out, step, most, half)`: 4 `vectors` values, written `step` bytes apart as the lowest of
 * so many parts of their 32 bits.
 */
const rounded = (storeLane: number, parts: number) => {
  const [VECTORS, FROM, OUT, STEP, MOST, HALF, FOUR] = [0, 1, 2, 3, 4, 5, 6];
  const half = splatDouble(get(HALF));
  const whole = (two: readonly number[]) =>
    toWhole(
      addDoubles(addDoubles(timesDoubles(toDoubles(two), half), half), splatDouble([0x44, ...DOUBLE_HALF])),
    );
  return {
    parameters: [...new Array<typeof TYPES.int>(5).fill(TYPES.int), TYPES.double],
    locals: [TYPES.vector],
    code: repeat(
      VECTORS,
      ...set(FOUR, ...load(get(FROM))),
      ...set(
        FOUR,
        ...least(firstHalves(whole(get(FOUR)), whole(lastHalf(get(FOUR), get(FOUR)))), splatInt(get(MOST))),
      ),
      ...[0, 1, 2, 3].flatMap((lane) => [
        ...[...get(OUT), ...get(FOUR), ...vector(storeLane, 0, 0, parts * lane)],
        ...set(OUT, ...addInt(get(OUT), get(STEP))),
      ]),
      ...advance(FROM, 16),
    ),
  };
};

/** The bytes of 0.5 in double precision. */
const DOUBLE_HALF = [0, 0, 0, 0, 0, 0, 0xe0, 0x3f] as const;

const kernel = createKernel({ bytes: rounded(0x58, 4), words: rounded(0x59, 2) });

/**
 * Interleaves `channels` planes of `count` values each (planes lie `stride` apart, beginning at `offset`)
 * from [-1, 1] into whole numbers. `out` decides the bit depth.
 */
export function writeInterleaved(
  planar: Float32Array,
  count: number,
  channels: number,
  out: Uint8Array | Uint16Array,
  stride: number = count,
  offset = 0,
): void {
  const size = out.BYTES_PER_ELEMENT;
  const [which, most] = out instanceof Uint16Array ? (["words", 65535] as const) : (["bytes", 255] as const);
  const memory = kernel.reserve(MADE + PIXELS * channels * size);
  const source = new Float32Array(memory, 0, PIXELS);
  const made = size === 2 ? new Uint16Array(memory, MADE) : new Uint8Array(memory, MADE);
  for (let first = 0; first < count; first += PIXELS) {
    const pixels = Math.min(PIXELS, count - first);
    for (let c = 0; c < channels; c++) {
      const from = offset + c * stride + first;
      source.set(planar.subarray(from, from + pixels));
      kernel.run(which, Math.ceil(pixels / 4), 0, MADE + c * size, channels * size, most, most / 2);
    }
    out.set(made.subarray(0, pixels * channels), first * channels);
  }
}
