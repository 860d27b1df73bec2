/**
 * Masks from files, made by any other program: a folder with one picture a mask, or one picture whose colours are labels.
 * For Node only; everything else in this folder also runs in a browser.
 */
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import sharp from "sharp";
import { SamsrError } from "../base/errors.js";
import type { Variant } from "../diffusion/index.js";
import { type MaskSet, masksFromLabels, prepareMasks } from "./masks.js";

/** More colours than this in a label map mean that it is a photo. */
const MOST_LABELS = 4096;

const PICTURE = /\.(png|webp|tiff?|bmp|gif|jpe?g)$/i;

/**
 * Reads masks and brings them to the size of the low-resolution image.
 *
 * A folder: each picture in it (in its subfolder `masks`, where `samsr masks` puts them, if it has one) is one mask, white (128 or more) inside, black outside; of pictures with alpha that are one
 * colour throughout, the alpha counts. A file: a label map, each colour (or grey level, or palette entry) a region and
 * black none; a picture that is black and white is one mask. All pictures of a folder must have one size; it may be
 * any (such as that of the photo, or 4 times it), pooled and thresholded by {@link prepareMasks}.
 *
 * @param width of the low-resolution image
 * @param height of the low-resolution image
 * @throws SamsrError that names the file
 */
export async function readMasks(
  path: string,
  width: number,
  height: number,
  options: { variant?: Variant; threshold?: number } = {},
): Promise<MaskSet> {
  const facts = await stat(path).catch(() => {
    throw new SamsrError(`${path}: no such file or folder; expected a folder of masks or a label map`);
  });
  const set = facts.isDirectory() ? await readFolder(await folderOfMasks(path)) : await readLabels(path);
  return prepareMasks(set, width, height, options);
}

/** Where `samsr masks` puts the masks below the folder that its overlays and maps are in. */
export const MASKS_FOLDER = "masks";

async function folderOfMasks(folder: string): Promise<string> {
  const inner = join(folder, MASKS_FOLDER);
  const facts = await stat(inner).catch(() => undefined);
  return facts?.isDirectory() ? inner : folder;
}

async function readFolder(folder: string): Promise<MaskSet> {
  const files = (await readdir(folder)).filter((name) => PICTURE.test(name)).sort();
  if (files.length === 0) {
    throw new SamsrError(`${folder}: no masks in this folder; expected one PNG a mask, white inside`);
  }
  let size: { width: number; height: number; name: string } | undefined;
  const masks: Uint8Array[] = [];
  for (const name of files) {
    const picture = await readPicture(join(folder, name));
    size ??= { width: picture.width, height: picture.height, name };
    if (picture.width !== size.width || picture.height !== size.height) {
      throw new SamsrError(
        `${join(folder, name)}: is ${picture.width} x ${picture.height}, but ${size.name} is ${size.width} x ${size.height}; ` +
          "all masks of a folder must have one size",
      );
    }
    masks.push(insideOf(picture));
  }
  return { width: size!.width, height: size!.height, masks };
}

async function readLabels(path: string): Promise<MaskSet> {
  const { width, height, data } = await readPicture(path);
  const labels = new Int32Array(width * height);
  const seen = new Set<number>();
  for (let p = 0; p < labels.length; p++) {
    const label = (data[4 * p] << 16) | (data[4 * p + 1] << 8) | data[4 * p + 2];
    labels[p] = data[4 * p + 3] === 0 ? 0 : label;
    seen.add(label);
    if (seen.size > MOST_LABELS) {
      throw new SamsrError(
        `${basename(path)}: more than ${MOST_LABELS} colours, so this is no label map; expected one colour a region ` +
          "(PNG, not JPEG, and not resized smoothly), or a folder with one PNG a mask",
      );
    }
  }
  return masksFromLabels({ width, height, labels });
}

interface Picture {
  width: number;
  height: number;
  /** RGBA, 8 bit. */
  data: Uint8Array;
}

async function readPicture(path: string): Promise<Picture> {
  try {
    const { data, info } = await sharp(path)
      .toColourspace("srgb")
      .ensureAlpha()
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch (error) {
    throw new SamsrError(`${path}: cannot be read as a picture (${(error as Error).message})`);
  }
}

/** White is inside; a cut-out (one colour, its shape in the alpha) is inside where it is opaque. */
function insideOf({ data }: Picture): Uint8Array {
  const pixels = data.length / 4;
  let [oneColour, transparent] = [true, false];
  for (let p = 0; p < pixels; p++) {
    if (data[4 * p + 3] < 128) transparent = true;
    else if (data[4 * p] < 128) oneColour = false;
  }
  const byAlpha = transparent && oneColour;
  const mask = new Uint8Array(pixels);
  for (let p = 0; p < pixels; p++) {
    const opaque = data[4 * p + 3] >= 128;
    mask[p] = opaque && (byAlpha || data[4 * p] >= 128) ? 1 : 0;
  }
  return mask;
}
