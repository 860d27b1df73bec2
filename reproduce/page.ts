/**
 * A page of 24 pictures as people have them, each by several models side by side, to look at: what no figure
 * tells. Of each picture a square is shown, so that a row fits on a screen at full size.
 */
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import sharp from "sharp";
import { SamsrError } from "../src/base/errors.js";
import { type GalleryPicture, galleryPage } from "../src/evaluate/gallery.js";
import { createMethods } from "../src/evaluate/methods.js";
import { encodeToFile, type Raster, writeFileAtomically } from "../src/image/index.js";
import { crop } from "../src/image/raster.js";
import type { DegradationName } from "../src/train/data/degradations.js";
import { degradedPair } from "../src/train/data/degraded-pair.js";
import { decodeRgb } from "../src/train/data/photos.js";
import { createUpscaler } from "../src/upscale/index.js";

/** A picture below the folder of data, small already, or made small by a degradation. */
interface Shown {
  readonly file: string;
  readonly degradation?: DegradationName;
  /** The middle of the square that is shown, from 0 to 1 across and down; default: the picture's. */
  readonly at?: readonly [number, number];
}

/** Faces, fur, lettering, drawings, foliage, grain and heavy JPEG are among them. */
export const PICTURES: readonly Shown[] = [
  ...["0014.jpg", "cat1.jpeg", "oldphoto2.png", "OST_009.png", "lion1.jpeg", "Lincoln.png"],
  ...["tiger.png", "dog1.jpeg", "ppt3.png", "comic1.png", "building.png", "oldphoto6.png"],
]
  .map((name): Shown => ({ file: `test/RealSet65/${name}` }))
  .concat(
    ["Canon_001", "Canon_010", "Canon_027", "Nikon_005", "Nikon_020", "Nikon_041"].map((name) => ({
      file: `test/RealSR/${name}_LR4.png`,
    })),
    [
      { file: "val/cid22/1418519.png", degradation: "bicubic" },
      { file: "val/cid22/3637739.png", degradation: "mild" },
      { file: "val/cid22/844297.png", degradation: "real-esrgan" },
      { file: "val/cid22/2253934.png", degradation: "real-esrgan" },
      { file: "val/cid22/6292444.png", degradation: "mild" },
      { file: "val/cid22/159550.png", degradation: "real-esrgan" },
    ],
  );

/** Of the square, in small pixels. */
const SIDE = 128;
/** Between two squares of a row, in large pixels. */
const GAP = 4;
/** Of the degradations, as the model's card has them. */
const SEED = 1;

export interface PageOptions {
  /** The folder of data, with test/RealSet65, test/RealSR and val. */
  readonly data: string;
  /** Names of models, or their folders, in the order of the columns. */
  readonly models: readonly string[];
  readonly out: string;
  readonly threads?: number;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Writes OUT/index.html, with every result as OUT/COLUMN/PICTURE.png, and OUT/rows/PICTURE.png, all results
 * of a picture beside each other: bicubic first, then the models.
 * @throws SamsrError when a picture or a model is missing, or two models have the same name
 */
export async function makePage({ data, models, out, threads, say, signal }: PageOptions): Promise<void> {
  const columns = models.map((name) => basename(name));
  if (new Set(["bicubic", "rows", ...columns]).size !== columns.length + 2)
    throw new SamsrError(
      `--models: expected names that differ, and not bicubic or rows, not ${columns.join(", ")}`,
    );
  const small: [string, Raster][] = [];
  for (const shown of PICTURES)
    small.push([basename(shown.file).replace(/\.[^.]+$/, ""), await squareOf(data, shown)]);
  const made = new Map(small.map(([name]) => [name, new Map<string, Raster>()]));

  const bicubic = createMethods(["bicubic"]).get("bicubic")!;
  for (const [name, lq] of small) made.get(name)!.set("bicubic", await bicubic(lq));
  for (const [i, model] of models.entries()) {
    const upscaler = await createUpscaler({ model, threads });
    try {
      for (const [name, lq] of small) {
        made.get(name)!.set(columns[i], (await upscaler.upscale(lq, {}, { signal })).raster);
        say(`${columns[i]}: ${name}`);
      }
    } finally {
      await upscaler.close();
    }
  }
  const pictures: GalleryPicture[] = [];
  for (const [name, results] of made) {
    const sources = new Map<string, { source: string; figures: string }>();
    for (const [column, raster] of results) {
      await mkdir(join(out, column), { recursive: true });
      await encodeToFile(raster, join(out, column, `${name}.png`), { format: "png", overwrite: true });
      sources.set(column, { source: `${column}/${name}.png`, figures: "" });
    }
    await writeRow([...results.values()], join(out, "rows", `${name}.png`));
    const [{ width, height }] = results.values();
    pictures.push({ name, width, height, results: sources });
  }
  const html = galleryPage(["bicubic", ...columns].join(", "), "", pictures);
  await writeFileAtomically(join(out, "index.html"), new TextEncoder().encode(html), { overwrite: true });
}

async function squareOf(
  data: string,
  { file, degradation, at: [across, down] = [0.5, 0.5] }: Shown,
): Promise<Raster> {
  const photo = await decodeRgb(join(data, file)).catch((error: Error) => {
    throw new SamsrError(`${join(data, file)}: cannot be read as a picture (${error.message})`);
  });
  const options = degradation && { degradation, seed: SEED };
  const small = options ? (await degradedPair(photo, basename(file), 0, options)).lr : photo;
  const [width, height] = [small.width, small.height].map((side) => Math.min(side, SIDE));
  const x = Math.round((small.width - width) * across);
  const y = Math.round((small.height - height) * down);
  return crop(small, { x, y, width, height });
}

async function writeRow(results: readonly Raster[], path: string): Promise<void> {
  const [{ width, height }] = results;
  const inputs = results.map(({ data }, i) => ({
    input: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    raw: { width, height, channels: 3 as const },
    ...{ left: i * (width + GAP), top: 0 },
  }));
  const whole = {
    width: results.length * (width + GAP) - GAP,
    height,
    channels: 3 as const,
    background: "white",
  };
  await mkdir(join(path, ".."), { recursive: true });
  await sharp({ create: whole }).composite(inputs).png().toFile(path);
}
