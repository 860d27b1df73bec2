/** Segment Anything with all it needs in Node: found, loaded when first needed, its masks kept in files. */

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { once } from "../../base/promises.js";
import { readCheckpoint } from "../../checkpoints/open.js";
import { locateWeights } from "../../checkpoints/store/stored-weights.js";
import type { Raster } from "../../image/raster.js";
import type { Device } from "../../runtime/index.js";
import { findSam } from "./find-sam.js";
import { generateMasks } from "./generate.js";
import { cacheKey, readCached, writeCached } from "./mask-cache.js";
import { createSamSessions, type SamSessions } from "./network.js";
import { resolveSamOptions, type SamOptions } from "./options.js";
import type { FindContext, Generated } from "./types.js";

/** What finds masks in a picture; one in Node is made by {@link createSegmenter}. */
export interface Segmenter {
  /**
   * Finds the masks of a picture.
   * @param picture 8-bit RGB
   */
  masksOf(picture: Raster, options?: SamOptions, context?: FindContext): Promise<Generated>;
  release(): Promise<void>;
}

export interface SegmenterOptions {
  /** The Segment Anything, as `findSam` takes it; default: the one model that is installed. */
  readonly sam?: string;
  readonly device?: Device | "auto";
  readonly threads?: number;
  /** Whether masks are looked for and kept in the cache; default true. */
  readonly cache?: boolean;
}

/**
 * Creates what finds masks by Segment Anything. Nothing is read until the first masks are asked for; masks
 * that are in the cache need no network at all.
 *
 * @example
 * const segmenter = createSegmenter({ sam: "sam_vit_b_01ec64.pth" });
 * const { masks } = await segmenter.masksOf(toRgb(raster), { pointsPerSide: 16 });
 * await segmenter.release();
 */
export function createSegmenter({ sam, device, threads, cache = true }: SegmenterOptions = {}): Segmenter {
  const file = once(() => findSam(sam));
  const identity = once(async () => hashOfFile((await file()).path));
  const network = once(async (): Promise<SamSessions> => {
    const { name, path, config } = await file();
    // Half a gigabyte stays in its file where ONNX Runtime can read it there.
    const stored = await locateWeights(path).catch(() => undefined);
    const usable = stored?.tensors.has("image_encoder.pos_embed") ? stored : undefined;
    const weights = usable?.tensors ?? (await readCheckpoint(path));
    return createSamSessions(weights, config, { name, device, threads, weightsFolder: usable?.folder });
  });

  return {
    async masksOf(picture, given, context) {
      const options = resolveSamOptions(given);
      await file();
      if (!cache) return generateMasks(picture, await network(), options, context);
      const key = cacheKey(picture, await identity(), options);
      const known = await readCached(key, picture);
      if (known) return known;
      const generated = await generateMasks(picture, await network(), options, context);
      await writeCached(key, generated);
      return generated;
    },
    async release() {
      await network
        .begun()
        ?.then((opened) => opened.release())
        .catch(() => {});
    },
  };
}

/** Returns the SHA-256 of a file, in hexadecimal: what its weights are known by. */
export async function hashOfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest("hex");
}
