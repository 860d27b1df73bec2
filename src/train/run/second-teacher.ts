/**
 * The pictures of a second teacher: any installed model that enlarges, or another program's results in a
 * folder. What it makes of a small picture is a function of that picture, so it is made once, for all steps
 * and all runs, and kept in the cache's folder as PNG under a hash of weights and picture. The small pictures
 * therefore have to stay the same: they are those of saved pairs.
 */

import { createHash } from "node:crypto";
import { mkdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { SamsrError } from "../../base/errors.js";
import { cacheFolder } from "../../base/room.js";
import { SCALE } from "../../base/scale.js";
import { isModelOf, type UpscalingModel } from "../../checkpoints/index.js";
import { type InstalledModel, loadModelWeights } from "../../checkpoints/store/index.js";
import { encodeToFile } from "../../image/index.js";
import { ONNX_FILE } from "../../networks/index.js";
import { hashOfFile } from "../../semantics/sam/segmenter.js";
import { createUpscaler } from "../../upscale/index.js";
import { kindOf } from "../../upscale/kinds/index.js";
import { findUpscalingModel } from "../../upscale/model.js";
import { decodeRgb, listImages } from "../data/photos.js";
import { holdsPairs, listPairs } from "../data/saved-pairs.js";
import { hashOfWeights } from "./hash-of-weights.js";
import type { TrainingRun } from "./training-run.js";

/** Changes with what is made of a picture before it is enlarged. */
const VERSION = 1;

/** Between two reports, in milliseconds. */
const REPORT_EVERY = 10_000;

type Pair = Awaited<ReturnType<typeof listPairs>>[number];

/**
 * Returns what the second teacher makes of every small picture of folders of saved pairs; what is not kept
 * yet is made, one picture after the other.
 * @param secondTeacher an installed model's name, a model's folder or its file of weights, or a folder of
 *   pictures by the names of the pairs
 * @returns the file of each, in the order of the pairs
 * @throws SamsrError for photos in place of pairs, a model that does not enlarge by 4, a picture that a
 *   folder lacks or has at another size; the signal's reason, and the same call goes on after the last
 *   picture that is whole
 */
export async function secondTeacherPictures(
  secondTeacher: string,
  folders: readonly string[],
  run: Pick<TrainingRun, "report" | "signal" | "threads" | "device">,
): Promise<readonly string[]> {
  for (const folder of folders) {
    if (await holdsPairs(folder)) continue;
    throw new SamsrError(
      `${folder}: a second teacher needs pairs, whose small pictures stay the same; ` +
        `"samsr degrade ${folder} -o PAIRS --degradation blind --crop 256 --per-photo 4" makes some`,
    );
  }
  const pairs = (await Promise.all(folders.map(listPairs))).flat();
  if (await isFolderOfPictures(secondTeacher)) return givenPictures(secondTeacher, pairs);
  return madePictures(await findUpscalingModel(secondTeacher), pairs, run);
}

async function isFolderOfPictures(path: string): Promise<boolean> {
  const [folder, model] = await Promise.all(
    [path, join(path, "model.json")].map((place) => stat(place).catch(() => undefined)),
  );
  return folder?.isDirectory() === true && model === undefined;
}

/** Results of any program, by the names of the pairs without their endings. */
async function givenPictures(folder: string, pairs: readonly Pair[]): Promise<readonly string[]> {
  const stem = (name: string) => name.replace(/\.[^./]*$/, "");
  const files = new Map((await listImages(folder)).map(({ path, name }) => [stem(name), path]));
  return Promise.all(
    pairs.map(async ({ hr, name }) => {
      const path = files.get(stem(name));
      if (path === undefined)
        throw new SamsrError(`${folder}: has no picture called ${stem(name)}, for ${hr}`);
      const [own, large] = await Promise.all([path, hr].map((file) => sharp(file).metadata()));
      if (own.width === large.width && own.height === large.height) return path;
      throw new SamsrError(
        `${path} has ${own.width} x ${own.height} pixels, and ${hr} ${large.width} x ` +
          `${large.height}; expected the same`,
      );
    }),
  );
}

async function madePictures(
  model: InstalledModel<UpscalingModel>,
  pairs: readonly Pair[],
  {
    report = () => {},
    signal,
    threads,
    device,
  }: Pick<TrainingRun, "report" | "signal" | "threads" | "device">,
): Promise<readonly string[]> {
  const { name } = model.description;
  const { scale } = kindOf(model.description);
  if (scale !== SCALE) {
    throw new SamsrError(
      `the second teacher ${name} enlarges by ${scale}; expected one that does by ${SCALE}`,
    );
  }
  const folder = join(cacheFolder(), "second-teacher");
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: Error) => {
    throw new SamsrError(
      `${folder}: pictures cannot be kept there (${error.message}); set SAMSR_CACHE to another`,
    );
  });
  const identity = await identityOf(model);
  const files: string[] = [];
  let [made, reported] = [0, Date.now()];
  const tell = () => {
    report(
      `${name}: ${files.length} of ${pairs.length} pictures (${files.length - made} of them made before)`,
    );
    reported = Date.now();
  };
  let upscaler: Awaited<ReturnType<typeof createUpscaler>> | undefined;
  try {
    for (const { lr } of pairs) {
      signal?.throwIfAborted();
      const bytes = await readFile(lr);
      const key = createHash("sha256").update(identity).update(bytes).digest("hex");
      const file = join(folder, `${key}.png`);
      if (!(await stat(file).catch(() => undefined))) {
        upscaler ??= await createUpscaler({ model, threads, device });
        const { raster } = await upscaler.upscale(await decodeRgb(bytes), {}, { signal });
        await encodeToFile(raster, file, { format: "png", overwrite: true, signal });
        made++;
      }
      files.push(file);
      if (Date.now() - reported > REPORT_EVERY) tell();
    }
  } finally {
    await upscaler?.close();
  }
  tell();
  return files;
}

/** Returns all that decides what a model makes of a picture: how it is run, and its weights. */
async function identityOf(model: InstalledModel<UpscalingModel>): Promise<string> {
  const { name: _, summary: _s, licence: _l, source: _o, weights, ...deciding } = model.description;
  // A file that was named may be one of two that belong together, so what counts is what is read of it.
  const numbers = model.place === "file" && !isModelOf(model.description, ONNX_FILE);
  const hashOf = async (part: string, file: string) =>
    numbers ? hashOfWeights(await loadModelWeights(model, part)) : hashOfFile(join(model.folder, file));
  const hashes = await Promise.all(
    Object.entries<string>(weights).map(async ([part, file]) => [part, await hashOf(part, file)]),
  );
  return JSON.stringify([VERSION, deciding, hashes]);
}
