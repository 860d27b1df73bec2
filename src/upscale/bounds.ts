/**
 * A plane kept within bounds or as far beyond them as its bicubic enlargement goes, in WebAssembly. Every
 * fourth block of a grainy photo goes beyond, in no order that a branch could be guessed by, so the
 * enlargement is computed everywhere, four values at once, in the double precision of resize.ts.
 */
import {
  addDoubles,
  addInt,
  advance,
  type Code,
  createKernel,
  firstHalves,
  get,
  lastHalf,
  load,
  operation,
  repeat,
  set,
  splatDouble,
  store,
  TYPES,
  timesDoubles,
  toDoubles,
  toFloats,
  unsigned,
  vector,
} from "../base/wasm.js";
import { kernels, taps } from "../image/resize.js";

/** How many times larger the other plane is, and how many values of the small one make one of its. */
const [SCALE, TAPS] = [4, 4];

/** Bytes of the table for one small pixel: where its two pairs of values begin to read, and their weights. */
const TABLE_BYTES = 16 * (1 + 2 * TAPS);

/** One float from memory in all four parts of a vector. */
const loadAll = operation(vector(9, 0, 0));
const [least, greatest] = [operation(vector(0xea)), operation(vector(0xeb))];

const inTurn = (terms: readonly Code[]): Code => terms.reduce((sum, term) => addDoubles(sum, term));

/** `across(count, from, table, out)`: a row's enlargement; the table has two places and 8 pairs for each. */
const across = (() => {
  const [COUNT, FROM, TABLE, OUT, AT] = [0, 1, 2, 3, 4];
  const pair = (which: number): Code => {
    const weight = (k: number) => [...get(TABLE), ...vector(0, 0, ...unsigned(16 * (1 + TAPS * which + k)))];
    const value = (k: number) => [...get(AT), ...vector(9, 0, 4 * k)];
    return [
      ...set(AT, ...addInt(get(FROM), [...get(TABLE), 0x28, 2, 4 * which])),
      ...toFloats(inTurn([0, 1, 2, 3].map((k) => timesDoubles(toDoubles(value(k)), weight(k))))),
    ];
  };
  return {
    parameters: new Array<typeof TYPES.int>(4).fill(TYPES.int),
    locals: [TYPES.int],
    code: repeat(
      COUNT,
      ...store(get(OUT), firstHalves(pair(0), pair(1))),
      ...[...advance(TABLE, TABLE_BYTES), ...advance(OUT, 16)],
    ),
  };
})();

/**
 * `bound(count, rows, stride, low, high, out, w0, w1, w2, w3)`: one row, of four values for each small pixel,
 * from four enlarged rows that lie `stride` apart.
 */
const bound = (() => {
  const [COUNT, ROWS, STRIDE, LOW, HIGH, OUT, WEIGHTS] = [0, 1, 2, 3, 4, 5, 6];
  const [AT, ROW, VALUE] = [10, 11, 15];
  const half = (part: (four: Code) => Code) =>
    toFloats(
      inTurn(
        [0, 1, 2, 3].map((k) => timesDoubles(toDoubles(part(get(ROW + k))), splatDouble(get(WEIGHTS + k)))),
      ),
    );
  return {
    parameters: [
      ...new Array<typeof TYPES.int>(6).fill(TYPES.int),
      ...new Array<typeof TYPES.double>(4).fill(TYPES.double),
    ],
    locals: [TYPES.int, ...new Array<typeof TYPES.vector>(5).fill(TYPES.vector)],
    code: repeat(
      COUNT,
      ...set(AT, ...get(ROWS)),
      ...[0, 1, 2, 3].flatMap((k) => [
        ...set(ROW + k, ...load(get(AT))),
        ...set(AT, ...addInt(get(AT), get(STRIDE))),
      ]),
      ...set(
        VALUE,
        ...firstHalves(
          half((four) => four),
          half((four) => lastHalf(four, four)),
        ),
      ),
      ...store(
        get(OUT),
        least(
          greatest(load(get(OUT)), least(get(VALUE), loadAll(get(LOW)))),
          greatest(get(VALUE), loadAll(get(HIGH))),
        ),
      ),
      ...[...advance(ROWS, 16), ...advance(LOW, 4), ...advance(HIGH, 4), ...advance(OUT, 16)],
    ),
  };
})();

const kernel = createKernel({ across, bound });

/** The width that the table in memory is for. */
let tableWidth = 0;

interface BoundedSize {
  /** The width of the small plane, from 4 on, as is its height. */
  readonly width: number;
  readonly height: number;
  /** The width of the large plane, of which 4 `width` values are looked at. */
  readonly stride: number;
}

/**
 * Keeps each value of a plane that is four times as large as another from `low` to `high` of the small pixel
 * that it belongs to, or as far beyond them as the small plane's bicubic enlargement goes; in place.
 *
 * @param large [4 h, stride]
 * @param small [h, w]
 * @param low [h, w]
 * @param high [h, w]
 */
export function bounded(
  large: Float32Array,
  small: Float32Array,
  low: Float32Array,
  high: Float32Array,
  { width, height, stride }: BoundedSize,
): void {
  const line = 16 * width;
  const table = 0;
  const rows = table + TABLE_BYTES * width;
  const one = rows + line * height;
  const [lows, highs, out] = [one, one + 4 * width, one + 8 * width];
  const memory = kernel.reserve(out + line);
  if (tableWidth !== width) writeTable(new DataView(memory, table), width);
  tableWidth = width;
  const source = new Float32Array(memory, one, width);
  for (let y = 0; y < height; y++) {
    source.set(small.subarray(y * width, (y + 1) * width));
    kernel.run("across", width, one, table, rows + y * line);
  }
  const { first, weights } = taps(height, SCALE * height, kernels.bicubic, false);
  const bounds = new Float32Array(memory, lows, 2 * width);
  const made = new Float32Array(memory, out, SCALE * width);
  for (let y = 0; y < SCALE * height; y++) {
    const from = Math.floor(y / SCALE) * width;
    if (y % SCALE === 0) {
      bounds.set(low.subarray(from, from + width));
      bounds.set(high.subarray(from, from + width), width);
    }
    const at = y * stride;
    made.set(large.subarray(at, at + SCALE * width));
    const four = weights.subarray(y * TAPS, (y + 1) * TAPS);
    kernel.run("bound", width, rows + first[y]! * line, line, lows, highs, out, ...four);
    large.set(made, at);
  }
}

/** Writes, for each small pixel, what `across` reads: values of its four come in pairs that read the same. */
function writeTable(view: DataView, width: number): void {
  const { first, weights } = taps(width, SCALE * width, kernels.bicubic, false);
  for (let x = 0; x < width; x++) {
    const at = x * TABLE_BYTES;
    for (const which of [0, 1]) {
      const place = SCALE * x + 2 * which;
      view.setInt32(at + 4 * which, 4 * first[place]!, true);
      for (let k = 0; k < TAPS; k++) {
        for (const i of [0, 1]) {
          view.setFloat64(at + 16 * (1 + TAPS * which + k) + 8 * i, weights[(place + i) * TAPS + k]!, true);
        }
      }
    }
  }
}
