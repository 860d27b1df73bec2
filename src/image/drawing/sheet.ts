/** Pictures side by side on one sheet, each with a line of text below. */

import { createRaster, type Raster, toRgb } from "../raster.js";
import { resample } from "../resample.js";
import { drawText, sizeOfText } from "./lettering.js";
import { nearest } from "./strip.js";

export interface Panel {
  readonly label: string;
  /** Draws a picture of any size; they are drawn one at a time, since a photo's own size may be large. */
  draw(): Raster | Promise<Raster>;
}

/**
 * Longer sides of panels lie between these: larger ones are shrunk, smaller ones get pixels of whole squares.
 */
const [SMALLEST, LARGEST] = [240, 480];
const MARGIN = 12;
const LETTERS = 2;

/** Returns the sheet, 8-bit RGB on white. All pictures have one size. */
export async function sheetOf(panels: readonly Panel[]): Promise<Raster> {
  const pictures: Raster[] = [];
  for (const panel of panels) pictures.push(await toPanelSize(toRgb(await panel.draw())));
  const { width, height } = pictures[0];
  const text = sizeOfText("", LETTERS).height;
  const across = Math.max(width, ...panels.map(({ label }) => sizeOfText(label, LETTERS).width));
  const sheet = createRaster(MARGIN + panels.length * (across + MARGIN), height + text + 3 * MARGIN, 3);
  sheet.data.fill(255);
  for (const [i, picture] of pictures.entries()) {
    const left = MARGIN + i * (across + MARGIN);
    for (let y = 0; y < height; y++) {
      const row = picture.data.subarray(3 * y * width, 3 * (y + 1) * width);
      sheet.data.set(row, 3 * ((MARGIN + y) * sheet.width + left));
    }
    drawText(sheet, panels[i].label, left, height + 2 * MARGIN, LETTERS);
  }
  return sheet;
}

async function toPanelSize(picture: Raster): Promise<Raster> {
  const longest = Math.max(picture.width, picture.height);
  if (longest < SMALLEST) return nearest(picture, Math.floor(SMALLEST / longest));
  const shrink = Math.min(1, LARGEST / longest);
  const side = (size: number) => Math.max(1, Math.round(size * shrink));
  return resample(picture, side(picture.width), side(picture.height));
}
