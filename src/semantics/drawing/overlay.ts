/** Semantics as pictures for people: regions as colours over the photo, maps as shades. */

import { type Colour, heat } from "../../image/drawing/colour-map.js";
import { createRaster, type Raster, toTensor } from "../../image/raster.js";
import type { LabelMap } from "../masks.js";
import { areaOf, type Runs } from "../runs.js";

/** Nobody looks at more; masks that overlap a hundredfold would fill the memory. */
const MOST_LEVELS = 12;

/**
 * Spreads masks over as few maps as will do, so that no two in one map overlap: the largest first, each on
 * the first map that has room for it. Nested masks come out as levels, from the whole to its parts. What
 * finds no room on {@link MOST_LEVELS} maps is left out.
 */
export function levelsOf(masks: readonly Runs[]): LabelMap[] {
  const levels: LabelMap[] = [];
  for (const i of largestFirst(masks)) {
    const mask = masks[i]!;
    const { width, height } = mask;
    let level = levels.find(({ labels }) => isFree(labels, mask));
    if (level === undefined && levels.length === MOST_LEVELS) continue;
    if (level === undefined) levels.push((level = { width, height, labels: new Int32Array(width * height) }));
    paint(level.labels, mask, i + 1);
  }
  return levels;
}

/** Returns all masks in one map, smaller ones over larger ones. */
export function topmostOf(
  masks: readonly Runs[],
  { width, height }: { width: number; height: number },
): LabelMap {
  const labels = new Int32Array(width * height);
  for (const i of largestFirst(masks)) paint(labels, masks[i]!, i + 1);
  return { width, height, labels };
}

/** Returns the numbers of the masks that are not empty. */
function largestFirst(masks: readonly Runs[]): number[] {
  const areas = masks.map(areaOf);
  const order = masks.map((_, i) => i).filter((i) => areas[i]! > 0);
  return order.sort((a, b) => areas[b]! - areas[a]! || a - b);
}

function isFree(labels: Int32Array, { edges }: Runs): boolean {
  for (let i = 0; i < edges.length; i += 2) {
    for (let p = edges[i]!; p < edges[i + 1]!; p++) if (labels[p] !== 0) return false;
  }
  return true;
}

function paint(labels: Int32Array, { edges }: Runs, label: number): void {
  for (let i = 0; i < edges.length; i += 2) labels.fill(label, edges[i], edges[i + 1]);
}

/**
 * Draws the photo in grey, each region tinted in a colour of its own with a line around it, the rest dimmed.
 */
export function overlay(photo: Raster, { width, height, labels }: LabelMap): Raster {
  const out = createRaster(width, height, 3);
  const luma = lumaOf(photo);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      const label = labels[p]!;
      const colour = label === 0 ? black : colourOf(label);
      const atEdge =
        (x + 1 < width && labels[p + 1] !== label) || (y + 1 < height && labels[p + width] !== label);
      const tint = atEdge ? 1 : label === 0 ? 0.6 : 0.5;
      for (let c = 0; c < 3; c++) out.data[3 * p + c] = luma[p]! * (1 - tint) + colour[c]! * tint;
    }
  }
  return out;
}

const black: Colour = [0, 0, 0];

/** Hues a golden angle apart: neighbours in number are far apart in colour. */
function colourOf(label: number): Colour {
  return fromHue((label * 137.508) % 360, 0.55 + 0.1 * (label % 3));
}

/** Converts a hue and a lightness of HSL with full saturation to RGB, 0..255. */
function fromHue(hue: number, lightness: number): Colour {
  const reach = Math.min(lightness, 1 - lightness);
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

/** Returns BT.601 luma, 0..255. */
function lumaOf(photo: Raster): Float32Array {
  const planar = toTensor(photo);
  const pixels = photo.width * photo.height;
  return Float32Array.from({ length: pixels }, (_, p) => {
    const luma = 0.299 * planar[p]! + 0.587 * planar[pixels + p]! + 0.114 * planar[2 * pixels + p]!;
    return 127.5 * (luma + 1);
  });
}

/** Returns a map with values from 0 to `most` as colours, dark to bright. */
export function heatPicture(
  values: ArrayLike<number>,
  { width, height }: { width: number; height: number },
  most = 1,
): Raster {
  const out = createRaster(width, height, 3);
  for (let p = 0; p < values.length; p++) out.data.set(heat(values[p]! / most), 3 * p);
  return out;
}
