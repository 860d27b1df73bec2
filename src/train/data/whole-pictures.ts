/**
 * The pictures of folders as masks are sought in them: photos made small, or the small pictures of saved
 * pairs.
 */
import type { Raster } from "../../image/raster.js";
import type { PlanarPicture } from "../../semantics/index.js";
import { reducedPhoto, smallPicture } from "./photo-coverage.js";
import { listImages } from "./photos.js";
import { holdsPairs, listPairs } from "./saved-pairs.js";

/** A picture by its file. */
export interface WholePicture {
  readonly path: string;
  /** The picture's name below its folder, with forward slashes. */
  readonly name: string;
  /** Returns the decoded picture as masks are sought in it. */
  small(raster: Raster): PlanarPicture;
}

/**
 * Lists the pictures of folders of photos or of saved pairs, in the order in which samples number them.
 * @throws SamsrError when a folder cannot be read, or pairs do not match
 */
export async function wholePictures(folders: readonly string[]): Promise<WholePicture[]> {
  const pairs = (await Promise.all(folders.map(holdsPairs))).some(Boolean);
  if (!pairs) {
    const photos = (await Promise.all(folders.map(listImages))).flat();
    return photos.map((photo) => ({ ...photo, small: reducedPhoto }));
  }
  const lists = await Promise.all(folders.map(listPairs));
  return lists.flat().map(({ lr, name }) => ({ path: lr, name, small: smallPicture }));
}
