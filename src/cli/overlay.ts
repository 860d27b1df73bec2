/** Semantics as pictures for people: regions as colours over the photo, maps as shades. */
import { createRaster, type Raster, toTensor } from "../image/index.js";
import type { Coverage, LabelMap, MaskSet } from "../semantics/index.js";

type Colour = readonly [red: number, green: number, blue: number];

/**
 * Spreads masks over as few maps as will do, so that no two in one map overlap: the largest first, each on the
 * first map that has room for it. Nested masks come out as levels, from the whole to its parts.
 */
export function levelsOf({ width, height, masks }: MaskSet): LabelMap[] {
  const areas = masks.map((mask) => mask.reduce((sum, inside) => sum + inside, 0));
  const order = masks.map((_, i) => i).sort((a, b) => areas[b]! - areas[a]! || a - b);
  const levels: LabelMap[] = [];
  for (const i of order) {
    if (areas[i] === 0) continue;
    const mask = masks[i]!;
    const isFree = ({ labels }: LabelMap) => mask.every((inside, p) => !inside || labels[p] === 0);
    let level = levels.find(isFree);
    if (level === undefined) levels.push((level = { width, height, labels: new Int32Array(width * height) }));
    for (let p = 0; p < mask.length; p++) if (mask[p]) level.labels[p] = i + 1;
  }
  return levels;
}

/** The photo in grey, each region tinted in a colour of its own with a line around it, the rest dimmed. */
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

/** HSL to RGB with full saturation, 0..255. */
function fromHue(hue: number, lightness: number): Colour {
  const reach = Math.min(lightness, 1 - lightness);
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return 255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return [channel(0), channel(8), channel(4)];
}

/** BT.601 luma, 0..255. */
function lumaOf(photo: Raster): Float32Array {
  const planar = toTensor(photo);
  const pixels = photo.width * photo.height;
  return Float32Array.from({ length: pixels }, (_, p) => {
    const luma = 0.299 * planar[p]! + 0.587 * planar[pixels + p]! + 0.114 * planar[2 * pixels + p]!;
    return 127.5 * (luma + 1);
  });
}

/** From dark to bright, so that more always looks like more, on paper without colour too. */
const ramp: readonly Colour[] = [
  [20, 20, 60],
  [120, 30, 120],
  [230, 90, 60],
  [255, 220, 120],
  [255, 255, 230],
];

/** Coverage in steps from dark blue (nothing covers the pixel) to pale yellow (the most masks do). */
export function coveragePicture({ width, height, counts }: Coverage): Raster {
  const out = createRaster(width, height, 3);
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const shades = Array.from({ length: most + 1 }, (_, count) => shade(count / most));
  for (let p = 0; p < counts.length; p++) out.data.set(shades[counts[p]!]!, 3 * p);
  return out;
}

function shade(share: number): Colour {
  const place = share * (ramp.length - 1);
  const i = Math.min(Math.floor(place), ramp.length - 2);
  const mix = (c: 0 | 1 | 2) => ramp[i]![c] + (place - i) * (ramp[i + 1]![c] - ramp[i]![c]);
  return [mix(0), mix(1), mix(2)];
}

/** A map with values 0..1 as grey. */
export function greyPicture(map: Float32Array, width: number, height: number): Raster {
  const out = createRaster(width, height, 1);
  for (let p = 0; p < map.length; p++) out.data[p] = 255 * map[p]! + 0.5;
  return out;
}
