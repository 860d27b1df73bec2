import { readdir } from "node:fs/promises";
import { extname, join, relative } from "node:path";
import sharp from "sharp";
import { SamsrError } from "../../base/errors.js";
import type { Raster } from "../../image/raster.js";
import { recognise } from "../../image/recognise.js";
import { recogniseFile } from "../../image/recognise-file.js";

/** A photo held in memory: 8-bit RGB, with the name it has below its folder. */
export interface Photo extends Raster {
  readonly name: string;
}

/** What `loadPhotos` found. */
interface Photos {
  /** Sorted by name within each folder, the folders in the order given. */
  readonly photos: readonly Photo[];
  /** Files that look like images by name and could not be decoded, each with the reason. */
  readonly skipped: readonly { readonly file: string; readonly reason: string }[];
}

interface LoadOptions {
  /** The most photos, spread evenly over all that there are; default: all. */
  readonly limit?: number;
  /** Refuse to hold more than this many bytes of pixels. Default: 4 GiB. */
  readonly maxBytes?: number;
  /** How many files are decoded at a time. Default: 3. */
  readonly concurrency?: number;
}

const EXTENSIONS = new Set([".jpg", ".jpeg", ".png", ".webp", ".avif", ".tif", ".tiff", ".gif"]);

/**
 * Decodes every image below one or more folders into memory: 8-bit sRGB, upright, alpha dropped.
 *
 * @throws SamsrError when a folder cannot be read, holds no image that can be decoded, or holds too many
 */
export async function loadPhotos(
  folders: string | readonly string[],
  { limit = Number.POSITIVE_INFINITY, maxBytes = 4 * 2 ** 30, concurrency = 3 }: LoadOptions = {},
): Promise<Photos> {
  const list = typeof folders === "string" ? [folders] : folders;
  const found = (await Promise.all(list.map(listImages))).flat();
  const files = spread(found, limit);

  const decoded = new Array<Photo | undefined>(files.length);
  const skipped: { file: string; reason: string }[] = [];
  let next = 0;
  let bytes = 0;
  const worker = async () => {
    while (next < files.length) {
      const at = next++;
      const { path, name } = files[at];
      try {
        decoded[at] = { name, ...(await decodeRgb(path)) };
      } catch (error) {
        skipped.push({ file: path, reason: error instanceof Error ? error.message : String(error) });
        continue;
      }
      bytes += decoded[at].data.length;
      if (bytes > maxBytes) {
        throw new SamsrError(
          `${list.join(", ")}: the photos take more than ${Math.round(maxBytes / 2 ** 20)} MiB of memory: ` +
            `choose fewer with \`limit\`, or raise \`maxBytes\``,
        );
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, concurrency) }, worker));

  const photos = decoded.filter((photo) => photo !== undefined);
  if (photos.length === 0) {
    const why =
      skipped.length > 0 ? `${skipped.length} could not be decoded, the first: ${skipped[0].reason}` : "";
    throw new SamsrError(
      `${list.join(", ")}: expected photos (JPEG, PNG, WebP, AVIF, TIFF) in or below this folder, ` +
        "found none" +
        (why && ` that can be read (${why})`),
    );
  }
  return { photos, skipped };
}

/** What is decoded here; any other file is not handed to a decoder, whatever its name. */
const FORMATS: readonly string[] = ["jpeg", "png", "webp", "avif", "tiff", "gif"];

/**
 * Looks at a file's first bytes.
 * @throws SamsrError for one that is no photo, such as a drawing in XML that is called .png
 */
export async function demandPhoto(file: string | Uint8Array): Promise<void> {
  const name = typeof file === "string" ? file : "the input";
  const kind = await (typeof file === "string" ? recogniseFile(file) : recognise(file));
  if (kind?.format !== undefined && FORMATS.includes(kind.format)) return;
  throw new SamsrError(
    `${name} is ${kind?.name ?? "no picture"}; expected JPEG, PNG, WebP, AVIF, TIFF or GIF`,
  );
}

/**
 * Decodes one image file, by its path or its bytes, to 8-bit sRGB, upright; grey becomes RGB, a colour
 * profile is applied, alpha dropped.
 */
export async function decodeRgb(file: string | Uint8Array): Promise<Raster> {
  await demandPhoto(file);
  const { data, info } = await sharp(file)
    .autoOrient()
    .toColourspace("srgb")
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: 3, data };
}

interface ImageFile {
  readonly path: string;
  /** Relative to the folder, with forward slashes. */
  readonly name: string;
}

/**
 * Lists the image files below a folder, by extension, sorted by name (code units, so the same everywhere).
 */
export async function listImages(folder: string): Promise<ImageFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((error: Error) => {
    throw new SamsrError(`${folder}: cannot read this folder of photos (${error.message})`);
  });
  return entries
    .filter(
      (entry) =>
        (entry.isFile() || entry.isSymbolicLink()) && EXTENSIONS.has(extname(entry.name).toLowerCase()),
    )
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return { path, name: relative(folder, path).replaceAll("\\", "/") };
    })
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Returns at most `limit` items, evenly spread over the list, in its order. */
export function spread<T>(items: readonly T[], limit: number): T[] {
  if (items.length <= limit) return [...items];
  return Array.from({ length: limit }, (_, i) => items[Math.floor((i * items.length) / limit)]);
}
