/**
 * The semantics of one picture as pictures: one sheet to look at, its parts in the picture's own size to be
 * flipped through, and the masks one by one.
 */
import { type Panel, sheetOf } from "../../image/drawing/sheet.js";
import { createRaster, type Raster, toRgb } from "../../image/index.js";
import { type Coverage, semanticWeight, summarise } from "../coverage.js";
import { prepareMasks } from "../masks.js";
import type { Noise } from "../noise.js";
import { pixelsOf, type Runs, runsOf } from "../runs.js";
import { heatPicture, levelsOf, overlay, topmostOf } from "./overlay.js";

/** Noise has unit variance; this many grey levels show one standard deviation. */
const GREYS_A_DEVIATION = 50;

/** Lines of noise made at once: all channels are drawn, though three are shown. */
const NOISE_LINES = 16;

/** What is to be drawn. */
interface DrawnSemantics {
  readonly photo: Raster;
  /** The masks, in the photo's size or that of its enlargement. */
  readonly masks: readonly Runs[];
  readonly coverage: Coverage;
  readonly noise: Noise;
}

/** A picture by its name, made when it is asked for, since many of a large photo would fill the memory. */
interface NamedPicture {
  readonly name: string;
  draw(): Raster | Promise<Raster>;
}

/**
 * Returns the pictures of a photo's semantics, by name: `masks-1`, `masks-2`, ... (its masks, from wholes to
 * their parts, each in a colour of its own over the photo), `coverage`, `weight`, `noise`, and `sheet` with
 * the photo and all of these side by side. All but the sheet have the photo's size.
 */
export function picturesOfSemantics({ photo, masks, coverage, noise }: DrawnSemantics): NamedPicture[] {
  const { maximum } = summarise(coverage);
  const inPhoto = masks.map((runs) => inSizeOf(photo, runs));
  const maps = {
    coverage: {
      label: `coverage: 0 to ${maximum}`,
      draw: () => heatPicture(coverage.counts, photo, Math.max(maximum, 1)),
    },
    weight: { label: "weight W: 0 to 1", draw: () => heatPicture(semanticWeight(coverage), photo) },
    noise: { label: "noise", draw: () => noisePicture(noise) },
  } satisfies Record<string, Panel>;
  const panels: Panel[] = [
    { label: `photo, ${photo.width} x ${photo.height}`, draw: () => toRgb(photo) },
    { label: `masks: ${masks.length}`, draw: () => overlay(photo, topmostOf(inPhoto, photo)) },
    ...Object.values(maps),
  ];
  return [
    ...levelsOf(inPhoto).map((level, i) => ({ name: `masks-${i + 1}`, draw: () => overlay(photo, level) })),
    ...Object.entries(maps).map(([name, { draw }]) => ({ name, draw })),
    { name: "sheet", draw: () => sheetOf(panels) },
  ];
}

/** Returns a mask in its own size, 8-bit grey: white inside, black outside. */
export function maskPicture(runs: Runs): Raster {
  const { width, height } = runs;
  return { width, height, channels: 1, data: pixelsOf(runs, 255) };
}

/**
 * Returns a mask of the enlargement in the picture's size, as equations 3 and 4 have it; others are there
 * already.
 */
function inSizeOf({ width, height }: Raster, runs: Runs): Runs {
  if (runs.width === width && runs.height === height) return runs;
  const { masks } = prepareMasks({ ...runs, masks: [pixelsOf(runs)] }, width, height);
  return runsOf(masks[0], width, height);
}

/**
 * Returns the first three channels (of 48: red, green, blue of each pixel's upper left quarter), grey at 0.
 */
function noisePicture(noise: Noise): Raster {
  const { width, height } = noise;
  const out = createRaster(width, height, 3);
  for (let top = 0; top < height; top += NOISE_LINES) {
    const lines = Math.min(NOISE_LINES, height - top);
    const strip = noise.fill(0, top, width, lines);
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < lines * width; i++) {
        const grey = 128 + GREYS_A_DEVIATION * strip[c * lines * width + i]!;
        out.data[3 * (top * width + i) + c] = Math.max(0, Math.min(255, grey));
      }
    }
  }
  return out;
}
