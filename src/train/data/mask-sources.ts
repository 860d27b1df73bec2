/** Where the masks come from that the coverage network learns. Any program's masks will do: what is learnt is a count. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import type { Random } from "../../base/random.js";
import type { Raster, Region } from "../../image/raster.js";
import { averagePool, coverageOfRuns, segmentRegions } from "../../semantics/index.js";
import { readMaskRuns } from "../../semantics/mask-files.js";
import type { Segmenter } from "../../semantics/sam/segmenter.js";
import { enlargedPicture } from "../../upscale/semantics.js";
import type { Photo } from "./photos.js";

/** A low-resolution picture and where in which photo it lies. */
export interface MaskedPicture {
  readonly photo: Photo;
  readonly region: Region;
  /** 8-bit RGB, of any size; shows the region. */
  readonly lq: Raster;
}

export interface MaskSource {
  /** All that decides its masks: counts that were kept are used again while this is the same. */
  readonly name: string;
  /** The expected number of masks over each pixel of `lq`, [h, w]; `random` is the picture's own stream. */
  coverage(picture: MaskedPicture, random: Random): Promise<Float32Array>;
}

/**
 * Regions, on average over `passes` copies of the picture with Gaussian noise of `deviation` grey levels.
 *
 * A partition tree decides every merge by a comparison, so a change below a grey level may swap two merges. What a
 * network can learn is what stays, the expectation.
 */
export function regionsSource({ passes, deviation }: { passes: number; deviation: number }): MaskSource {
  return {
    name: `regions, ${passes} passes, noise ${deviation}`,
    async coverage({ lq }, random) {
      const { width, height, data } = lq;
      const pixels = width * height;
      const counts = new Float32Array(pixels);
      for (let pass = 0; pass < passes; pass++) {
        const noisy = random.normals(new Float32Array(3 * pixels));
        for (let c = 0, at = 0; c < 3; c++) {
          for (let p = 0; p < pixels; p++, at++) noisy[at] = (data[3 * p + c] + deviation * noisy[at]) / 255;
        }
        const { coverage } = segmentRegions({ width, height, data: noisy });
        for (let p = 0; p < pixels; p++) counts[p] += coverage.counts[p] / passes;
      }
      return counts;
    },
  };
}

/** Segment Anything, asked as `samsr upscale --masks sam` asks it: on the bicubic enlargement. @param name of its model */
export function samSource(segmenter: Pick<Segmenter, "masksOf">, name: string): MaskSource {
  return {
    name: `Segment Anything ${name}`,
    async coverage({ lq }) {
      const { masks } = await segmenter.masksOf(enlargedPicture(lq));
      const { counts } = coverageOfRuns(
        masks.map(({ runs }) => runs),
        lq,
        "paper",
      );
      return Float32Array.from(counts);
    },
  };
}

/**
 * Masks that another program made of the photos: for `cats/one.jpg` the folder `cats/one` (one picture a mask) or the label
 * map `cats/one.png`, below the given folder.
 */
export function maskFilesSource(folder: string): MaskSource {
  return {
    name: `files in ${folder}`,
    async coverage({ photo, region, lq }) {
      const base = join(folder, photo.name.replace(/\.[^./]*$/, ""));
      const path = await firstThatExists([base, `${base}.png`]);
      if (path === undefined) {
        throw new SamsrError(
          `${base}: no masks of the photo ${photo.name}; expected a folder of masks or a label map ${base}.png`,
        );
      }
      const { counts } = coverageOfRuns(await readMaskRuns(path, photo.width, photo.height), photo);
      const cut = new Float32Array(region.width * region.height);
      for (let y = 0; y < region.height; y++) {
        const start = (region.y + y) * photo.width + region.x;
        cut.set(counts.subarray(start, start + region.width), y * region.width);
      }
      return averagePool(cut, region.width, region.height, lq.width, lq.height);
    },
  };
}

async function firstThatExists(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) {
    const exists = await stat(path).then(
      () => true,
      () => false,
    );
    if (exists) return path;
  }
  return undefined;
}
