/**
 * Masks from files, made by any other program: a folder with one picture a mask, or one picture whose colours
 * are labels. A mask becomes its outline as soon as it is read, so that thousands of them take little memory.
 * For Node only; everything else in this folder also runs in a browser.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { checkOptions, checkSize, checkText } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { decode, type Limits, type Raster, recogniseFile } from "../image/index.js";
import { LIMIT_TYPES } from "../image/limits.js";
import { type LabelMap, type MaskSet, poolLabels, prepareMasks } from "./masks.js";
import { pixelsOf, type Runs, runsOf, runsOfLabels } from "./runs.js";

/**
 * More colours than this in a label map mean that it is a photo. Grey of 16 bits may have as many as it
 * holds.
 */
const MOST_COLOURS = 4096;

/** Endings of files that mean to be masks: one that is none is refused, where another file is passed over. */
const PICTURE = /\.(png|webp|tiff?|bmp|gif|jpe?g|svg)$/i;

/**
 * Reads masks and brings them to the size of the low-resolution image, as {@link readMaskRuns} does.
 *
 * @param width of the low-resolution image
 * @param height of the low-resolution image
 * @returns their pixels: a byte for each, of every mask
 * @throws SamsrError that names the file
 */
export async function readMasks(
  path: string,
  width: number,
  height: number,
  limits: Limits = {},
): Promise<MaskSet> {
  checkText("the path of masks", path);
  checkSize("readMasks", width, height);
  checkOptions("readMasks", limits, LIMIT_TYPES);
  const runs = await readMaskRuns(path, width, height, limits);
  return { width, height, masks: runs.map((mask) => pixelsOf(mask)) };
}

/**
 * Reads masks as their outlines, in the size of the low-resolution image (pooled and thresholded by equations
 * 3 and 4).
 *
 * A folder: each picture in it (in its subfolder `masks`, where `samsr masks` puts them, if it has one) is
 * one mask, white (128 or more) inside, black outside; of pictures with alpha that are one colour throughout,
 * the alpha counts. All pictures of a folder must have one size; it may be any (such as that of the photo, or
 * 4 times it). A file: a label map, each colour, palette entry, or grey level of 8 or 16 bits a region and
 * black none; a picture that is black and white is one mask. Masks are raster pictures; drawings such as SVG
 * are refused.
 *
 * @param width of the low-resolution image
 * @param height of the low-resolution image
 * @throws SamsrError that names the file, also for one over the limits
 */
export async function readMaskRuns(
  path: string,
  width: number,
  height: number,
  limits: Limits = {},
): Promise<Runs[]> {
  const facts = await stat(path).catch(() => {
    throw new SamsrError(`${path}: no such file or folder; expected a folder of masks or a label map`);
  });
  if (facts.isDirectory()) return readFolder(await folderOfMasks(path), { width, height }, limits);
  const map = labelsOf(await read(path, limits), path);
  const regions = runsOfLabels(poolLabels(map, width, height));
  return [...regions].sort(([a], [b]) => a - b).map(([, runs]) => runs);
}

/**
 * Returns a hash of all files that {@link readMaskRuns} may read for a path, in hexadecimal.
 * @throws SamsrError when there is nothing at the path
 */
export async function hashOfMasks(path: string): Promise<string> {
  const facts = await stat(path).catch(() => {
    throw new SamsrError(`${path}: no such file or folder; expected a folder of masks or a label map`);
  });
  const folder = facts.isDirectory() ? await folderOfMasks(path) : undefined;
  const names = folder === undefined ? [path] : (await readdir(folder)).sort();
  const hash = createHash("sha256");
  for (const name of names) {
    const file = folder === undefined ? path : join(folder, name);
    // Nobody writes to a pipe that lies there, and a device never ends.
    const isFile = await stat(file).then(
      (facts) => facts.isFile(),
      () => false,
    );
    const bytes = isFile ? await readFile(file).catch(() => undefined) : undefined;
    if (bytes) hash.update(JSON.stringify([basename(name), bytes.length])).update(bytes);
  }
  return hash.digest("hex");
}

/** Where `samsr masks` puts the masks below the folder that its overlays and maps are in. */
export const MASKS_FOLDER = "masks";

async function folderOfMasks(folder: string): Promise<string> {
  const inner = join(folder, MASKS_FOLDER);
  const facts = await stat(inner).catch(() => undefined);
  return facts?.isDirectory() ? inner : folder;
}

async function readFolder(
  folder: string,
  target: { width: number; height: number },
  limits: Limits,
): Promise<Runs[]> {
  let first: { width: number; height: number; name: string } | undefined;
  const masks: Runs[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const path = join(folder, name);
    if (name.startsWith(".") || !(await isMask(path))) continue;
    const picture = await read(path, limits);
    const { width, height } = picture;
    first ??= { width, height, name };
    if (width !== first.width || height !== first.height) {
      throw new SamsrError(
        `${path}: is ${width} x ${height}, but ${first.name} is ${first.width} x ${first.height}; ` +
          "all masks of a folder must have one size",
      );
    }
    const set = prepareMasks({ width, height, masks: [insideOf(picture)] }, target.width, target.height);
    masks.push(runsOf(set.masks[0], target.width, target.height));
  }
  if (masks.length === 0) {
    throw new SamsrError(`${folder}: no masks in this folder; expected one PNG a mask, white inside`);
  }
  return masks;
}

/** Tells whether a file of a folder is a mask, or means to be one. */
async function isMask(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  if (PICTURE.test(path)) return !facts?.isDirectory();
  return facts?.isFile() === true && (await recogniseFile(path).catch(() => undefined)) !== undefined;
}

async function read(path: string, limits: Limits): Promise<Raster> {
  return (await decode(path, limits)).raster;
}

/** Numbers for the colours of a picture, rising as they do; 0 for black and for what is transparent. */
function labelsOf({ width, height, channels, data }: Raster, path: string): LabelMap {
  const labels = new Int32Array(width * height);
  const deep = data instanceof Uint16Array;
  const colours = channels >= 3 ? 3 : 1;
  const most = deep && colours === 1 ? 65536 : MOST_COLOURS;
  const base = deep ? 65536 : 256;
  const colourAt = (p: number) => {
    const at = p * channels;
    if (channels > colours && data[at + colours] === 0) return 0;
    let colour = 0;
    for (let c = 0; c < colours; c++) colour = colour * base + data[at + c];
    return colour;
  };
  const numbers = new Map<number, number>();
  for (let p = 0; p < labels.length; p++) {
    const colour = colourAt(p);
    if (numbers.has(colour)) continue;
    numbers.set(colour, 0);
    if (numbers.size > most) {
      throw new SamsrError(
        `${basename(path)}: more than ${most} colours, so this is no label map; expected one ` +
          "colour a region " +
          "(PNG, not JPEG, and not resized smoothly), or a folder with one PNG a mask",
      );
    }
  }
  const rising = [...numbers.keys()].filter((colour) => colour > 0).sort((a, b) => a - b);
  for (const [i, colour] of rising.entries()) numbers.set(colour, i + 1);
  for (let p = 0; p < labels.length; p++) labels[p] = numbers.get(colourAt(p))!;
  return { width, height, labels };
}

/**
 * Returns what is inside a mask: white is; a cut-out (one colour, its shape in the alpha) is inside where it
 * is opaque.
 */
function insideOf({ width, height, channels, data }: Raster): Uint8Array {
  const half = data instanceof Uint16Array ? 32768 : 128;
  const inside = new Uint8Array(width * height);
  const alpha = channels === 2 || channels === 4 ? channels - 1 : undefined;
  if (alpha === undefined) {
    for (let p = 0, at = 0; p < inside.length; p++, at += channels) if (data[at] >= half) inside[p] = 1;
    return inside;
  }
  let [oneColour, transparent] = [true, false];
  for (let p = 0, at = 0; p < inside.length; p++, at += channels) {
    if (data[at + alpha] < half) transparent = true;
    else if (data[at] < half) oneColour = false;
  }
  const byAlpha = transparent && oneColour;
  for (let p = 0, at = 0; p < inside.length; p++, at += channels) {
    if (data[at + alpha] >= half && (byAlpha || data[at] >= half)) inside[p] = 1;
  }
  return inside;
}
