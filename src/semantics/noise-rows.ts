/**
 * Rows of noise, in WebAssembly: ten rounds of Philox for four pixels at once, a look-up for each of their 8
 * channels, the coverage's factor, and the sums that equation 7 asks for. In JavaScript, which has no product
 * of 64 bits, they took most of the time that a large photo spends outside its network.
 */
import { MULTIPLIERS, normalTable, ROUNDS, seedKey, WEYL } from "../base/random.js";
import {
  addDoubles,
  addInt,
  advance,
  type Code,
  createKernel,
  firstHalves,
  get,
  int,
  lastHalf,
  load,
  operation,
  pick,
  repeat,
  set,
  splatDouble,
  splatInt,
  store,
  subtractDoubles,
  TYPES,
  timesDoubles,
  toDoubles,
  toFloats,
  vector,
} from "../base/wasm.js";

/** Channels that one block of the generator serves. */
export const LANES = 8;

/** Where in memory the table of normals, the moments and the factors lie; rows follow the factors. */
const [TABLE, MOMENTS, FACTORS] = [0, 4 * 65536, 4 * 65536 + 128];

const addInts = operation(vector(0xae));
const xor = operation(vector(0x51));
const and = operation(vector(0x4e));
const shiftLeft = operation(vector(0xab));
const shiftRight = operation(vector(0xad));
const timesFirst = operation(vector(0xde));
const timesLast = operation(vector(0xdf));
const [lowWords, highWords] = [pick(0, 2, 4, 6), pick(1, 3, 5, 7)];

/** `draw(vectors, x, y, group, domain, key0, key1, stride, out)`: rows of 4 `vectors` pixels from x on. */
const draw = (() => {
  const [VECTORS, X, Y, GROUP, DOMAIN, KEY0, KEY1, STRIDE, OUT] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const [FACTOR, TO, PLACES, C0, C1, C2, C3, K0, K1] = [9, 10, 11, 12, 13, 14, 15, 16, 17];
  const [A, B, D, E, XS, M0, M1] = [18, 19, 20, 21, 22, 23, 24];
  const round = [
    ...[...set(A, ...timesFirst(get(C0), get(M0))), ...set(B, ...timesLast(get(C0), get(M0)))],
    ...[...set(D, ...timesFirst(get(C2), get(M1))), ...set(E, ...timesLast(get(C2), get(M1)))],
    ...set(C0, ...xor(xor(highWords(get(D), get(E)), get(C1)), get(K0))),
    ...set(C1, ...lowWords(get(D), get(E))),
    ...set(C2, ...xor(xor(highWords(get(A), get(B)), get(C3)), get(K1))),
    ...set(C3, ...lowWords(get(A), get(B))),
    ...set(K0, ...addInts(get(K0), splatInt(int(WEYL[0])))),
    ...set(K1, ...addInts(get(K1), splatInt(int(WEYL[1])))),
  ];
  /** Half of a word is the number of a normal: those of four pixels are looked up, scaled and stored. */
  const channel = (word: number, isHigh: boolean) => {
    const half = isHigh ? shiftRight(get(word), int(16)) : and(get(word), splatInt(int(0xffff)));
    const place = (i: number) => [...get(PLACES), ...vector(0x1b, i)];
    const scaled = (four: Code, offset: number) =>
      toFloats(timesDoubles(toDoubles(four), [...get(FACTOR), ...vector(0, 0, offset)]));
    return [
      ...set(PLACES, ...shiftLeft(half, int(2))),
      ...set(A, ...place(0), ...vector(0x5c, 2, TABLE)),
      ...[1, 2, 3].flatMap((i) => set(A, ...place(i), ...get(A), ...vector(0x56, 2, TABLE, i))),
      ...store(get(TO), firstHalves(scaled(get(A), 0), scaled(lastHalf(get(A), get(A)), 16))),
      ...set(TO, ...addInt(get(TO), get(STRIDE))),
    ];
  };
  return {
    parameters: new Array<typeof TYPES.int>(9).fill(TYPES.int),
    locals: [TYPES.int, TYPES.int, ...new Array<typeof TYPES.vector>(14).fill(TYPES.vector)],
    code: [
      ...set(FACTOR, ...int(FACTORS)),
      ...set(XS, ...addInts(splatInt(get(X)), vector(12, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0))),
      ...[...set(M0, ...splatInt(int(MULTIPLIERS[0]))), ...set(M1, ...splatInt(int(MULTIPLIERS[1])))],
      ...repeat(
        VECTORS,
        ...[...set(C0, ...get(XS)), ...set(C1, ...splatInt(get(Y)))],
        ...[...set(C2, ...splatInt(get(GROUP))), ...set(C3, ...splatInt(get(DOMAIN)))],
        ...[...set(K0, ...splatInt(get(KEY0))), ...set(K1, ...splatInt(get(KEY1)))],
        ...new Array<Code>(ROUNDS).fill(round).flat(),
        ...set(TO, ...get(OUT)),
        ...[C0, C1, C2, C3].flatMap((word) => [...channel(word, false), ...channel(word, true)]),
        ...set(XS, ...addInts(get(XS), splatInt(int(4)))),
        ...[...advance(OUT, 16), ...advance(FACTOR, 32)],
      ),
    ],
  };
})();

/** `sum(count, stride, from)`: the sum of each lane's values and that of their squares, to the moments. */
const sum = (() => {
  const [COUNT, STRIDE, FROM, AT, PAIR, SUMS, SQUARES] = [0, 1, 2, 3, 4, 5, 9];
  const pairs = [0, 1, 2, 3];
  const keep = (local: number, place: number) => store(int(MOMENTS + 16 * place), get(local));
  return {
    parameters: [TYPES.int, TYPES.int, TYPES.int],
    locals: [TYPES.int, ...new Array<typeof TYPES.vector>(9).fill(TYPES.vector)],
    code: [
      ...repeat(
        COUNT,
        ...set(AT, ...get(FROM)),
        ...pairs.flatMap((i) => [
          ...set(PAIR, ...get(AT), ...vector(0x5c, 2, 0)),
          ...set(AT, ...addInt(get(AT), get(STRIDE))),
          ...set(PAIR, ...toDoubles([...get(AT), ...get(PAIR), ...vector(0x56, 2, 0, 1)])),
          ...set(AT, ...addInt(get(AT), get(STRIDE))),
          ...set(SUMS + i, ...addDoubles(get(SUMS + i), get(PAIR))),
          ...set(SQUARES + i, ...addDoubles(get(SQUARES + i), timesDoubles(get(PAIR), get(PAIR)))),
        ]),
        ...advance(FROM, 4),
      ),
      ...pairs.flatMap((i) => [...keep(SUMS + i, i), ...keep(SQUARES + i, 4 + i)]),
    ],
  };
})();

/** `standardise(vectors, at, shift, factor)`: subtracts and multiplies, in double precision, in place. */
const standardise = (() => {
  const [VECTORS, AT, SHIFT, FACTOR, FOUR] = [0, 1, 2, 3, 4];
  const half = (two: Code) =>
    toFloats(
      timesDoubles(subtractDoubles(toDoubles(two), splatDouble(get(SHIFT))), splatDouble(get(FACTOR))),
    );
  return {
    parameters: [TYPES.int, TYPES.int, TYPES.double, TYPES.double],
    locals: [TYPES.vector],
    code: repeat(
      VECTORS,
      ...set(FOUR, ...load(get(AT))),
      ...store(get(AT), firstHalves(half(get(FOUR)), half(lastHalf(get(FOUR), get(FOUR))))),
      ...advance(AT, 16),
    ),
  };
})();

const kernel = createKernel({ draw, sum, standardise }, (memory) =>
  new Float32Array(memory, TABLE).set(normalTable()),
);

/** Returns the memory, with room for rows of so many pixels. */
const memoryFor = (columns: number) => kernel.reserve(rowsFrom(columns) + LANES * strideOf(columns));

const strideOf = (columns: number) => 16 * Math.ceil(columns / 4);
const rowsFrom = (columns: number) => FACTORS + 2 * strideOf(columns);

/**
 * Rows of a picture's noise, eight channels at a time. What was drawn lies in memory that all of a thread
 * share: it is to be read before anything else is drawn.
 */
export interface NoiseRows {
  /** Draws `count` pixels of row y from column x on, of channels 8 group to 8 group + 7. */
  draw(group: number, y: number, x: number, count: number): void;
  /** Returns the sums of the 8 channels' values that were drawn, and then those of their squares. */
  moments(): Float64Array;
  /** Takes a mean off one of the 8 channels and multiplies by a factor, in double precision. */
  standardise(lane: number, mean: number, factor: number): void;
  /** Returns the values of one of the 8 channels. */
  values(lane: number): Float32Array;
}

/**
 * Makes rows of noise.
 * @param options.domain the last counter word, which tells kinds of noise apart
 * @param options.width the most pixels that are drawn at once
 * @param options.factorsOf writes what multiplies `out.length` pixels of row y from column x on; left out, 1
 */
export function noiseRows(options: {
  readonly seed: number;
  readonly domain: number;
  readonly width: number;
  readonly factorsOf?: (y: number, x: number, out: Float64Array) => void;
}): NoiseRows {
  const { seed, domain, width, factorsOf } = options;
  const [key0, key1] = seedKey(seed);
  let drawn = 0;
  const at = (lane: number) => rowsFrom(width) + lane * strideOf(width);
  return {
    draw(group, y, x, count) {
      const factors = new Float64Array(memoryFor(width), FACTORS, count);
      if (factorsOf) factorsOf(y, x, factors);
      else factors.fill(1);
      kernel.run("draw", Math.ceil(count / 4), x, y, group, domain, key0, key1, strideOf(width), at(0));
      drawn = count;
    },
    moments() {
      kernel.run("sum", drawn, strideOf(width), at(0));
      return new Float64Array(memoryFor(width), MOMENTS, 2 * LANES);
    },
    standardise(lane, mean, factor) {
      kernel.run("standardise", Math.ceil(drawn / 4), at(lane), mean, factor);
    },
    values: (lane) => new Float32Array(memoryFor(width), at(lane), drawn),
  };
}
