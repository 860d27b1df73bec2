import { totalmem } from "node:os";
import { SamsrError } from "../../base/errors.js";
import type { Raster } from "../../image/raster.js";
import { decodeRgb, listImages } from "./photos.js";
import type { PhotoStore } from "./samples.js";

/** What makes an 8-bit RGB picture of a file. */
export type Decode = (file: string) => Promise<Raster>;

/** The bytes of decoded photos that are kept: 4 GiB, or an eighth of the machine's memory if that is less. */
export const KEPT_PHOTO_BYTES = Math.min(4 * 2 ** 30, totalmem() / 8);

interface PhotoStoreOptions {
  /** Decoded photos are kept up to this many bytes; default: {@link KEPT_PHOTO_BYTES}. */
  readonly maxBytes?: number;
  /** How a file is decoded; default: `decodeRgb`. */
  readonly decode?: Decode;
  /** Told once of every photo that cannot be decoded. */
  readonly onSkipped?: (file: string, reason: string) => void;
}

/**
 * Photos below one or more folders. What cannot be decoded is stood in for by the next photo that can, so a
 * damaged file neither stops a run nor makes it depend on when it was found.
 *
 * @throws SamsrError when a folder cannot be read or there is no photo that can be
 */
export async function openPhotoStore(
  folders: readonly string[],
  { maxBytes, decode, onSkipped }: PhotoStoreOptions = {},
): Promise<PhotoStore> {
  const files = (await Promise.all(folders.map(listImages))).flat().map(({ path }) => path);
  const nothing =
    `${folders.join(", ")}: expected photos (JPEG, PNG, WebP, AVIF, TIFF) in or ` +
    "below this folder, found none";
  if (files.length === 0) throw new SamsrError(nothing);
  const photos = cachedPhotos(files, maxBytes, decode);
  const store = withStandIns(photos, (index, reason) => onSkipped?.(files[index], reason));
  await store.at(0).catch((error: Error) => {
    throw new SamsrError(`${nothing} that can be read (the first: ${error.message})`, { cause: error });
  });
  return store;
}

/**
 * Photos that are decoded when they are first asked for and kept while there is room; the one that was asked
 * for longest ago goes first. Photos in use are held beside that. `at` rejects when a photo cannot be
 * decoded.
 */
export function cachedPhotos(
  files: readonly string[],
  maxBytes = KEPT_PHOTO_BYTES,
  decode: Decode = decodeRgb,
): PhotoStore {
  // In the order of use, the oldest first; a photo in the making has no size yet.
  const kept = new Map<number, { readonly photo: Promise<Raster>; bytes: number }>();
  let bytes = 0;
  const trim = () => {
    for (const [index, entry] of kept) {
      if (bytes <= maxBytes) return;
      if (entry.bytes === 0) continue;
      kept.delete(index);
      bytes -= entry.bytes;
    }
  };
  return {
    count: files.length,
    async at(index) {
      const found = kept.get(index);
      const entry = found ?? { photo: decode(files[index]), bytes: 0 };
      kept.delete(index);
      kept.set(index, entry);
      if (found) return found.photo;
      try {
        const photo = await entry.photo;
        entry.bytes = photo.data.length;
        bytes += entry.bytes;
        trim();
        return photo;
      } catch (error) {
        kept.delete(index);
        throw error;
      }
    },
  };
}

/** Replaces a photo that cannot be had by the one after it, always the same. */
export function withStandIns(
  photos: PhotoStore,
  onSkipped: (index: number, reason: string) => void,
): PhotoStore {
  const damaged = new Map<number, Error>();
  return {
    count: photos.count,
    async at(index) {
      for (let i = 0; i < photos.count; i++) {
        const candidate = (index + i) % photos.count;
        if (damaged.has(candidate)) continue;
        try {
          return await photos.at(candidate);
        } catch (error) {
          if (damaged.has(candidate)) continue;
          damaged.set(candidate, error as Error);
          onSkipped(candidate, (error as Error).message);
        }
      }
      throw [...damaged.values()][0];
    },
  };
}
