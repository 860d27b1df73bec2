/** Coverage by masks in files, made by any other program. For Node only. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import type { Limits } from "../../image/index.js";
import { coverageOfRuns } from "../coverage-of-runs.js";
import { readMaskRuns } from "../mask-files.js";
import type { CoverageSource } from "./source.js";

/**
 * Makes the source of a path: a folder of masks or a label map, as {@link readMaskRuns} reads them. Of a
 * picture it looks at the size alone, to which masks are pooled and thresholded (equations 3 and 4).
 * @throws SamsrError, from `find`, that names the file that is missing or cannot be read
 */
export function filesSource(path: string, limits: Limits = {}): CoverageSource {
  return {
    async find({ width, height }) {
      const masks = await readMaskRuns(path, width, height, limits);
      return {
        coverage: coverageOfRuns(masks, { width, height }),
        masks: () => masks.map((runs) => ({ runs })),
      };
    },
  };
}

/**
 * Tells where the masks of a photo lie below a folder of masks for many photos: for `cats/one.jpg` the folder
 * `cats/one` (one picture a mask) or else the label map `cats/one.png`.
 * @param photo the photo's name below its own folder, with forward slashes
 * @throws SamsrError when there is neither
 */
export async function masksOfPhoto(folder: string, photo: string): Promise<string> {
  const base = join(folder, photo.replace(/\.[^./]*$/, ""));
  for (const path of [base, `${base}.png`]) {
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  throw new SamsrError(
    `${base}: no masks of the photo ${photo}; expected a folder of masks or a label map ${base}.png`,
  );
}
