/** What the coverage network is taught: counts by any program's masks, since what is learnt is a count. */
import type { Random } from "../../base/random.js";
import type { Raster, Region } from "../../image/raster.js";
import { createCoverageSource, type FindMasks, poolByArea } from "../../semantics/index.js";
import { filesSource, masksOfPhoto } from "../../semantics/sources/files.js";
import type { Photo } from "./photos.js";

/** A low-resolution picture and where in which photo it lies. */
interface MaskedPicture {
  readonly photo: Photo;
  readonly region: Region;
  /** The small picture, 8-bit RGB of any size, which shows the region. */
  readonly lq: Raster;
}

/** Where the counts come from that are learnt. */
export interface CoverageTarget {
  /** All that decides its counts: those that were kept are used again while this is the same. */
  readonly name: string;
  /**
   * Returns the expected number of masks over each pixel of `lq`, [h, w]; `random` is the picture's own
   * stream.
   */
  coverage(picture: MaskedPicture, random: Random): Promise<Float32Array>;
}

/**
 * Regions, on average over `passes` copies of the picture with Gaussian noise of `deviation` grey levels.
 *
 * A partition tree decides every merge by a comparison, so a change below a grey level may swap two merges.
 * What a network can learn is what stays, the expectation.
 */
export function regionsTarget({ passes, deviation }: { passes: number; deviation: number }): CoverageTarget {
  const source = createCoverageSource("regions");
  return {
    name: `regions, ${passes} passes, noise ${deviation}`,
    async coverage({ lq: { width, height, data } }, random) {
      const pixels = width * height;
      const counts = new Float32Array(pixels);
      for (let pass = 0; pass < passes; pass++) {
        const planes = random.normals(new Float32Array(3 * pixels));
        for (let c = 0, at = 0; c < 3; c++) {
          for (let p = 0; p < pixels; p++, at++)
            planes[at] = (data[3 * p + c] + deviation * planes[at]) / 255;
        }
        const { coverage } = await source.find({ width, height, planes });
        for (let p = 0; p < pixels; p++) counts[p] += coverage.counts[p] / passes;
      }
      return counts;
    },
  };
}

/**
 * Makes Segment Anything the target, asked as `samsr upscale --masks sam` asks it: on the bicubic
 * enlargement.
 * @param name of its model
 */
export function samTarget(findMasks: FindMasks, name: string): CoverageTarget {
  const source = createCoverageSource("sam", { networks: { findMasks } });
  return {
    name: `Segment Anything ${name}`,
    async coverage({ lq }) {
      const { coverage } = await source.find(lq);
      return Float32Array.from(coverage.counts);
    },
  };
}

/** Masks that another program made of the photos, found by {@link masksOfPhoto} below the given folder. */
export function filesTarget(folder: string): CoverageTarget {
  return {
    name: `files in ${folder}`,
    async coverage({ photo, region, lq }) {
      const { coverage } = await filesSource(await masksOfPhoto(folder, photo.name)).find(photo);
      const cut = new Float32Array(region.width * region.height);
      for (let y = 0; y < region.height; y++) {
        const start = (region.y + y) * photo.width + region.x;
        cut.set(coverage.counts.subarray(start, start + region.width), y * region.width);
      }
      return poolByArea(cut, region.width, region.height, lq.width, lq.height);
    },
  };
}
