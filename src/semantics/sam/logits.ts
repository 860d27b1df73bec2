/**
 * From the decoder's small map of logits to a mask of the image's size.
 *
 * The public implementation enlarges the map bilinearly to the network's input (S x S), cuts the padding off, resizes that
 * bilinearly to the image, and compares three times with a threshold. Both resizes together read three neighbouring logits
 * along each axis, so a pixel is a weighted mean of 3 x 3 of them. Where all nine lie on one side of every threshold, so
 * does every pixel that reads them: only pixels near an outline are worked out, and the enlarged map is never there.
 * Pixels are in the thousands where the image has millions.
 */
import type { Box } from "./boxes.js";
import type { Runs } from "./runs.js";

/** Which three values along an axis each output position reads. */
interface Taps {
  /** By output position; rising. */
  first: Int32Array;
  /** [output, 3] */
  weights: Float64Array;
  /** By first value, where the outputs begin that read from there on; one more than there are values. */
  starts: Int32Array;
}

/** How maps of logits become masks of one crop. */
export interface Enlargement {
  /** Side of the map. */
  side: number;
  across: Taps;
  down: Taps;
  crop: Box;
  image: { width: number; height: number };
}

/**
 * @param side of the map of logits
 * @param input side of the network's input, S, and of it what the crop takes
 * @param crop in pixels of the image
 */
export function enlargementOf(
  side: number,
  input: { size: number; width: number; height: number },
  crop: Box,
  image: { width: number; height: number },
): Enlargement {
  const across = tapsOf(side, input.size, input.width, crop[2] - crop[0]);
  const down = tapsOf(side, input.size, input.height, crop[3] - crop[1]);
  return { side, across, down, crop, image };
}

/** What one map of logits says. */
export interface MaskFacts {
  /** Of the whole image; null when it was not wanted. */
  runs: Runs | null;
  /** Of the mask in the crop, in pixels of the image; 0 0 0 0 of the crop for an empty one. */
  box: Box;
  area: number;
  /** Pixels over the upper threshold, divided by those over the lower one; NaN when there are none. */
  stabilityScore: number;
}

/**
 * The mask of logits over 0.
 *
 * @param logits [side, side]
 * @param offset of the stability score
 * @param smallestScore no runs are made when the stability score is less; -Infinity makes them always
 */
export function maskOfLogits(
  logits: Float32Array,
  enlargement: Enlargement,
  offset: number,
  smallestScore: number,
): MaskFacts {
  const { side, across, down, crop, image } = enlargement;
  const lowest = extremesOf(logits, side, Math.min);
  const highest = extremesOf(logits, side, Math.max);
  const width = across.first.length;
  const lines = [0, 1, 2].map(() => new Float64Array(width));
  let [above, below, area] = [0, 0, 0];
  let [x0, y0, x1, y1] = [width, down.first.length, -1, -1];
  const edges: number[] = [];

  /** Notes that [start, end) of row y is inside. */
  function inside(y: number, start: number, end: number): void {
    area += end - start;
    if (start < x0) x0 = start;
    if (end - 1 > x1) x1 = end - 1;
    if (y < y0) y0 = y;
    y1 = y;
    const at = (crop[1] + y) * image.width + crop[0];
    if (edges.length > 0 && edges[edges.length - 1] === at + start) edges[edges.length - 1] = at + end;
    else edges.push(at + start, at + end);
  }

  for (let r = 0; r < side; r++) {
    const [top, bottom] = [down.starts[r], down.starts[r + 1]];
    if (top === bottom) continue;
    // Along x first, for the columns near an outline: three lines of logits as wide as the crop.
    const kinds = new Uint8Array(side);
    for (let c = 0; c < side; c++) {
      const [left, right] = [across.starts[c], across.starts[c + 1]];
      if (left === right) continue;
      const at = r * side + c;
      kinds[c] = lowest[at] > offset ? ALL : highest[at] <= -offset ? NONE : MIXED;
      if (kinds[c] !== MIXED) continue;
      for (let k = 0; k < 3; k++) {
        const row = Math.min(r + k, side - 1) * side;
        const [a, b] = [logits[row + c], logits[row + Math.min(c + 1, side - 1)]];
        const d = logits[row + Math.min(c + 2, side - 1)];
        for (let x = left, w = 3 * left; x < right; x++, w += 3) {
          lines[k][x] = across.weights[w] * a + across.weights[w + 1] * b + across.weights[w + 2] * d;
        }
      }
    }
    for (let y = top; y < bottom; y++) {
      const [w0, w1, w2] = down.weights.subarray(3 * y, 3 * y + 3);
      for (let c = 0; c < side; c++) {
        const [left, right] = [across.starts[c], across.starts[c + 1]];
        if (left === right || kinds[c] === NONE) continue;
        if (kinds[c] === ALL) {
          above += right - left;
          below += right - left;
          inside(y, left, right);
          continue;
        }
        let start = -1;
        for (let x = left; x < right; x++) {
          const value = w0 * lines[0][x] + w1 * lines[1][x] + w2 * lines[2][x];
          if (value > offset) above++;
          if (value > -offset) below++;
          if (value > 0 === start >= 0) continue;
          if (start >= 0) inside(y, start, x);
          start = start >= 0 ? -1 : x;
        }
        if (start >= 0) inside(y, start, right);
      }
    }
  }
  const stabilityScore = Math.fround(above / below);
  const wanted = smallestScore === Number.NEGATIVE_INFINITY || stabilityScore >= smallestScore;
  const runs = wanted ? { ...image, edges: Uint32Array.from(edges) } : null;
  const box: Box = x1 < 0 ? [0, 0, 0, 0] : [x0, y0, x1, y1];
  return {
    runs,
    box: [crop[0] + box[0], crop[1] + box[1], crop[0] + box[2], crop[1] + box[3]],
    area,
    stabilityScore,
  };
}

const [NONE, MIXED, ALL] = [0, 1, 2];

/** The least or the largest of the 3 x 3 values from each on, as far as there are any. */
function extremesOf(map: Float32Array, side: number, of: (a: number, b: number) => number): Float32Array {
  const rows = new Float32Array(map.length);
  const out = new Float32Array(map.length);
  for (let i = 0; i < map.length; i++) {
    const left = side - 1 - (i % side);
    rows[i] = of(map[i], of(map[i + Math.min(1, left)], map[i + Math.min(2, left)]));
  }
  for (let i = 0; i < map.length; i++) {
    const one = i + side < map.length ? i + side : i;
    const two = one + side < map.length ? one + side : one;
    out[i] = of(rows[i], of(rows[one], rows[two]));
  }
  return out;
}

/** The taps of `side` values enlarged to `size`, of which the first `kept` become `out`. */
function tapsOf(side: number, size: number, kept: number, out: number): Taps {
  const enlarge = bilinear(side, size);
  const resize = bilinear(kept, out);
  const first = new Int32Array(out);
  const weights = new Float64Array(3 * out);
  for (let i = 0; i < out; i++) {
    const { low, high, share: second } = resize(i);
    const from = enlarge(low).low;
    first[i] = from;
    for (const [position, share] of [
      [low, 1 - second],
      [high, second],
    ]) {
      const tap = enlarge(position);
      weights[3 * i + tap.low - from] += share * (1 - tap.share);
      weights[3 * i + tap.high - from] += share * tap.share;
    }
  }
  const starts = new Int32Array(side + 1).fill(out);
  for (let i = out - 1; i >= 0; i--) starts[first[i]] = i;
  for (let v = side - 1; v >= 0; v--) starts[v] = Math.min(starts[v], starts[v + 1]);
  return { first, weights, starts };
}

/**
 * PyTorch's bilinear taps with half-pixel centres and no antialias: the two values that an output reads, and the share of
 * the second. Positions are rounded to float32 as there.
 */
function bilinear(from: number, to: number): (i: number) => { low: number; high: number; share: number } {
  const scale = Math.fround(from / to);
  return (i) => {
    const position = Math.max(0, Math.fround(scale * (i + 0.5) - 0.5));
    const low = Math.min(Math.floor(position), from - 1);
    return { low, high: Math.min(low + 1, from - 1), share: position - low };
  };
}
