/**
 * Masks: which pixels belong to which object, part or region.
 *
 * Masks overlap (a wheel is part of a car), so they are a set of binary images, not a partition. Whatever
 * made them, the noise and the weights need them at the size of the low-resolution image: equations 3 and 4.
 */
import { checkArgument, checkOptions, checkSize, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";

/** M binary masks of one size. */
export interface MaskSet {
  readonly width: number;
  readonly height: number;
  /** The masks, each [H, W]; 1 inside, 0 outside. */
  readonly masks: readonly Uint8Array[];
}

/** A partition, or part of one: each pixel carries the number of its region; 0 is no region. */
export interface LabelMap {
  readonly width: number;
  readonly height: number;
  /** The labels, [H, W]. */
  readonly labels: Int32Array;
}

/**
 * Refuses what is no set of masks.
 * @throws SamsrError of one line that says what was expected and what came
 */
export function checkMaskSet(set: MaskSet): void {
  const expected = "an object with width, height and masks";
  checkArgument("a set of masks", set, isObject(set) && Array.isArray(set.masks), expected);
  checkSize("a set of masks", set.width, set.height);
  const length = set.width * set.height;
  for (const mask of set.masks) {
    checkArgument("a mask", mask, mask instanceof Uint8Array, "a Uint8Array");
    if (mask.length === length) continue;
    throw new SamsrError(
      `a mask of ${set.width} x ${set.height} must have ${length} pixels; got ${mask.length}`,
    );
  }
}

/**
 * Makes one mask for each label over 0 that occurs, in the order of the labels.
 * @throws SamsrError for what is no label map
 */
export function masksFromLabels(map: LabelMap): MaskSet {
  const expected = "an object with width, height and labels, an Int32Array";
  checkArgument("a label map", map, isObject(map) && map.labels instanceof Int32Array, expected);
  const { width, height, labels } = map;
  checkSize("a label map", width, height);
  if (labels.length !== width * height) {
    throw new SamsrError(
      `a label map of ${width} x ${height} must have ${width * height} labels; got ${labels.length}`,
    );
  }
  const byLabel = new Map<number, Uint8Array>();
  for (let p = 0; p < labels.length; p++) {
    const label = labels[p];
    if (label <= 0) continue;
    let mask = byLabel.get(label);
    if (!mask) byLabel.set(label, (mask = new Uint8Array(width * height)));
    mask[p] = 1;
  }
  const masks = [...byLabel].sort(([a], [b]) => a - b).map(([, mask]) => mask);
  return { width, height, masks };
}

/** T of equation 4. */
export const MASK_THRESHOLD = 0.5;

/**
 * Brings masks of any size to the size of the low-resolution image: average pooling (GAP, equation 3), then 1
 * where the average exceeds the threshold (TSD, equation 4). Sizes need not divide: each pixel averages the
 * area it covers.
 *
 * Masks that have the size already stay as they are; masks that vanish in pooling are kept, empty: they add
 * nothing.
 *
 * @param width of the low-resolution image
 * @param height of the low-resolution image
 * @throws SamsrError for what is no set of masks, and for sizes that are none
 */
export function prepareMasks(
  set: MaskSet,
  width: number,
  height: number,
  options: { readonly threshold?: number } = {},
): MaskSet {
  checkMaskSet(set);
  checkSize("prepareMasks", width, height);
  checkOptions("prepareMasks", options, { threshold: "number" });
  const { threshold = MASK_THRESHOLD } = options;
  const sameSize = set.width === width && set.height === height;
  return {
    width,
    height,
    masks: sameSize
      ? set.masks
      : set.masks.map((mask) =>
          Uint8Array.from(poolByArea(mask, set.width, set.height, width, height), (mean) =>
            mean > threshold ? 1 : 0,
          ),
        ),
  };
}

/**
 * Returns a label map at another size: each pixel has the label that covers more than half of the area it
 * stands for, as {@link prepareMasks} has it for each label by itself, and 0 where none does. One pass over
 * the map, however many labels there are.
 */
export function poolLabels(map: LabelMap, width: number, height: number): LabelMap {
  if (map.width === width && map.height === height) return map;
  const columns = areaWeights(map.width, width);
  const rows = areaWeights(map.height, height);
  const labels = new Int32Array(width * height);
  const shares = new Map<number, number>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      shares.clear();
      for (let i = 0; i < rows[y].weights.length; i++) {
        const start = (rows[y].first + i) * map.width + columns[x].first;
        for (let k = 0; k < columns[x].weights.length; k++) {
          const label = map.labels[start + k];
          if (label > 0) {
            shares.set(label, (shares.get(label) ?? 0) + rows[y].weights[i] * columns[x].weights[k]);
          }
        }
      }
      for (const [label, share] of shares) {
        if (Math.fround(share) > MASK_THRESHOLD) labels[y * width + x] = label;
      }
    }
  }
  return { width, height, labels };
}

/**
 * Resamples by area: each output pixel is the mean of the input over the rectangle it stands for. For a whole
 * factor this is average pooling; for enlarging it is the nearest pixel, but for rectangles that straddle
 * two.
 */
export function poolByArea(
  image: ArrayLike<number>,
  width: number,
  height: number,
  outWidth: number,
  outHeight: number,
): Float32Array {
  const columns = areaWeights(width, outWidth);
  const rows = areaWeights(height, outHeight);
  const out = new Float32Array(outWidth * outHeight);
  const line = new Float64Array(width);
  for (let y = 0; y < outHeight; y++) {
    line.fill(0);
    const row = rows[y];
    for (let i = 0; i < row.weights.length; i++) {
      const weight = row.weights[i];
      const start = (row.first + i) * width;
      for (let x = 0; x < width; x++) line[x] += weight * image[start + x];
    }
    for (let x = 0; x < outWidth; x++) {
      const { first, weights } = columns[x];
      let sum = 0;
      for (let i = 0; i < weights.length; i++) sum += weights[i] * line[first + i];
      out[y * outWidth + x] = sum;
    }
  }
  return out;
}

/**
 * Returns for each output position the first input position it overlaps, and the share of each (adding up to
 * 1).
 */
function areaWeights(size: number, outSize: number): { first: number; weights: Float64Array }[] {
  return Array.from({ length: outSize }, (_, i) => {
    // In units of 1 / outSize of an input pixel all borders are integers, so nothing is lost to rounding.
    const start = i * size;
    const end = start + size;
    const first = Math.floor(start / outSize);
    const last = Math.ceil(end / outSize);
    const weights = Float64Array.from({ length: last - first }, (_, k) => {
      const left = Math.max(start, (first + k) * outSize);
      const right = Math.min(end, (first + k + 1) * outSize);
      return (right - left) / size;
    });
    return { first, weights };
  });
}
