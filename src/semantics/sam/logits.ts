/**
 * The way from the decoder's small map of logits to a mask of the image's size.
 *
 * The public implementation enlarges the map bilinearly to the network's input (S x S), cuts the padding off,
 * resizes that bilinearly to the image, and compares three times with a threshold. Both resizes together read
 * three neighbouring logits along each axis, so a pixel is a weighted mean of 3 x 3 of them. Where all nine
 * lie on one side of every threshold, so does every pixel that reads them: only pixels near an outline are
 * worked out, and the enlarged map is never there. Pixels are in the thousands where the image has millions.
 */
import type { Box, Runs } from "../runs.js";

/** Which three values along an axis each output position reads. */
interface Taps {
  /** The first value that each output reads; rising. */
  readonly first: Int32Array;
  /** The weights of the three values, [output, 3]. */
  readonly weights: Float64Array;
  /**
   * For each first value the place where the outputs begin that read from there on; one more than there are
   * values.
   */
  readonly starts: Int32Array;
}

/** How maps of logits become masks of one crop. */
export interface Enlargement {
  /** Side of the map. */
  readonly side: number;
  readonly across: Taps;
  readonly down: Taps;
  readonly crop: Box;
  readonly image: { width: number; height: number };
}

/**
 * Prepares the bilinear enlargements from a map of logits to the pixels of a crop.
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
interface MaskFacts {
  /** Runs of the mask of the whole image; null when it was not wanted. */
  readonly runs: Runs | null;
  /**
   * The box around the mask in the crop, in pixels of the image; that of an empty one is 0 0 0 0 of the crop.
   */
  readonly box: Box;
  readonly area: number;
  /** Pixels over the upper threshold, divided by those over the lower one; NaN when there are none. */
  readonly stabilityScore: number;
}

/**
 * Returns the mask of logits over 0.
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
  const kinds = kindsOf(logits, side, offset);
  const [width, height] = [across.first.length, down.first.length];
  const lines = [0, 1, 2].map(() => new Float64Array(width));
  const stretches = new Int32Array(3 * side);
  let [above, below, area] = [0, 0, 0];
  let [x0, y0, x1, y1] = [width, height, -1, -1];
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

  /** Works out the pixels [left, right) of row y. */
  function traceRow(y: number, left: number, right: number): void {
    const [w0, w1, w2] = [down.weights[3 * y], down.weights[3 * y + 1], down.weights[3 * y + 2]];
    const [a, b, c] = lines;
    let start = -1;
    for (let x = left; x < right; x++) {
      const value = w0 * a[x] + w1 * b[x] + w2 * c[x];
      if (value > offset) above++;
      if (value > -offset) below++;
      if (value > 0 === start >= 0) continue;
      if (start >= 0) inside(y, start, x);
      start = start >= 0 ? -1 : x;
    }
    if (start >= 0) inside(y, start, right);
  }

  for (let r = 0; r < side; r++) {
    const [top, bottom] = [down.starts[r], down.starts[r + 1]];
    if (top === bottom) continue;
    // All rows that read from logit r on have the same stretches of one kind.
    let count = 0;
    for (let c = 0; c < side; c++) {
      const [left, right] = [across.starts[c], across.starts[c + 1]];
      const kind = kinds[r * side + c];
      if (left === right || kind === NONE) continue;
      if (count > 0 && stretches[count - 3] === kind && stretches[count - 1] === left) {
        stretches[count - 1] = right;
      } else {
        stretches[count++] = kind;
        stretches[count++] = left;
        stretches[count++] = right;
      }
      if (kind === MIXED) enlargeLines(logits, side, r, across, left, right, lines);
    }
    for (let y = top; y < bottom; y++) {
      for (let i = 0; i < count; i += 3) {
        const [left, right] = [stretches[i + 1], stretches[i + 2]];
        if (stretches[i] === MIXED) traceRow(y, left, right);
        else {
          above += right - left;
          below += right - left;
          inside(y, left, right);
        }
      }
    }
  }
  const stabilityScore = Math.fround(above / below);
  const wanted = smallestScore === Number.NEGATIVE_INFINITY || stabilityScore >= smallestScore;
  const runs = wanted ? { ...image, edges: Uint32Array.from(edges) } : null;
  if (x1 < 0) [x0, y0, x1, y1] = [0, 0, 0, 0];
  const box: Box = [crop[0] + x0, crop[1] + y0, crop[0] + x1, crop[1] + y1];
  return { runs, box, area, stabilityScore };
}

/** Columns [left, right) of the three lines of logits from r on, enlarged along x. */
function enlargeLines(
  logits: Float32Array,
  side: number,
  r: number,
  { first, weights }: Taps,
  left: number,
  right: number,
  lines: Float64Array[],
): void {
  const c = first[left];
  const [one, two] = [Math.min(c + 1, side - 1), Math.min(c + 2, side - 1)];
  for (let k = 0; k < 3; k++) {
    const row = Math.min(r + k, side - 1) * side;
    const line = lines[k];
    const [v0, v1, v2] = [logits[row + c], logits[row + one], logits[row + two]];
    for (let x = left, w = 3 * left; x < right; x++, w += 3) {
      line[x] = weights[w] * v0 + weights[w + 1] * v1 + weights[w + 2] * v2;
    }
  }
}

/** The sides of the thresholds on which the pixels lie that read 3 x 3 logits. */
const [NONE, MIXED, ALL] = [0, 1, 2];

/** Returns the kind of the 3 x 3 logits from each on, as far as there are any; NaN is mixed. */
function kindsOf(logits: Float32Array, side: number, offset: number): Uint8Array {
  // Of each logit one bit: over the upper threshold; and another: not over the lower one.
  const bits = new Uint8Array(logits.length);
  for (let i = 0; i < logits.length; i++) {
    bits[i] = (logits[i] > offset ? 1 : 0) | (logits[i] <= -offset ? 2 : 0);
  }
  // What three neighbours share, in place: along x, then along y.
  for (let row = 0; row < bits.length; row += side) {
    for (let i = row; i < row + side - 1; i++)
      bits[i] &= bits[i + 1] & (i + 2 < row + side ? bits[i + 2] : 3);
  }
  for (let i = 0; i < bits.length - side; i++) {
    bits[i] &= bits[i + side] & (i + 2 * side < bits.length ? bits[i + 2 * side] : 3);
  }
  for (let i = 0; i < bits.length; i++) bits[i] = bits[i] & 1 ? ALL : bits[i] & 2 ? NONE : MIXED;
  return bits;
}

/** Returns the taps of `side` values enlarged to `size`, of which the first `kept` become `out`. */
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
 * Returns PyTorch's bilinear taps with half-pixel centres and no antialias: the two values that an output
 * reads, and the share of the second. Positions are rounded to float32 as there.
 */
function bilinear(from: number, to: number): (i: number) => { low: number; high: number; share: number } {
  const scale = Math.fround(from / to);
  return (i) => {
    const position = Math.max(0, Math.fround(scale * (i + 0.5) - 0.5));
    const low = Math.min(Math.floor(position), from - 1);
    return { low, high: Math.min(low + 1, from - 1), share: position - low };
  };
}
