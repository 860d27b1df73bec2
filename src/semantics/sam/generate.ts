/**
 * Automatic masks (Kirillov et al., "Segment Anything", ICCV 2023, section 5 and appendix B): a grid of
 * points over the image and, if asked, over crops of it; three masks a point; what the network is unsure of,
 * what is unstable, what ends at the edge of a crop and what was found twice is left out. Filters and their
 * order are those of the public generator, so with the same weights and options the same masks come out in
 * the same order.
 *
 * Memory: which masks stay is settled when the last point of a crop has been asked, since a better mask may
 * come late. Held until then are a box and two scores for each mask that passed the filters, and outlines
 * (runs.ts) only of those that would stay if nothing more came. A mask that lost to one which later lost
 * itself is decoded again. So there are never more outlines than masks without doubles, besides one batch of
 * the decoder's logits.
 */
import type { Raster } from "../../image/raster.js";
import { areaOf, boxOf, pixelsOf, runsOf } from "../runs.js";
import { nms } from "./boxes.js";
import { masksOfCrop } from "./crop-masks.js";
import { cropsOf } from "./grid.js";
import { type ResolvedSamOptions, resolveSamOptions, type SamOptions } from "./options.js";
import { removeSmallRegions } from "./small-regions.js";
import type { FindContext, Generated, SamMask, SamNetwork } from "./types.js";

/**
 * Finds all masks of an image.
 *
 * @param image 8-bit RGB (see `toRgb`)
 * @throws SamsrError for options that make no sense; what the context throws
 */
export async function generateMasks(
  image: Raster,
  network: SamNetwork,
  given: SamOptions = {},
  context: FindContext = {},
): Promise<Generated> {
  const options = resolveSamOptions(given);
  const crops = cropsOf(image, options);
  const points = crops.reduce((sum, { pointsPerSide }) => sum + pointsPerSide ** 2, 0);
  const found: SamMask[] = [];
  let [asked, done] = [0, 0];
  for (const crop of crops) {
    const inCrop = await masksOfCrop(image, crop, network, options, {
      async checkpoint() {
        await context.checkpoint?.();
        context.signal?.throwIfAborted();
      },
      progress(value) {
        context.progress?.({ done: done + value.done, total: points });
      },
    });
    found.push(...inCrop.masks);
    asked += inCrop.asked;
    done += crop.pointsPerSide ** 2;
  }
  const masks = crops.length > 1 ? betweenCrops(found, options.cropNmsThresh) : found;
  return { masks: withoutSmallRegions(masks, options), asked, points };
}

/** Drops what was found in two crops; the smaller crop sees it better. */
function betweenCrops(masks: SamMask[], threshold: number): SamMask[] {
  const scores = masks.map(({ cropBox: [x0, y0, x1, y1] }) => Math.fround(1 / ((x1 - x0) * (y1 - y0))));
  return nms(
    masks.map(({ box }) => box),
    scores,
    threshold,
  ).map((i) => masks[i]);
}

/** Fills small holes, drops small islands, then what has become a double; masks that needed no change win. */
function withoutSmallRegions(
  masks: SamMask[],
  { minMaskRegionArea, boxNmsThresh, cropNmsThresh }: ResolvedSamOptions,
): SamMask[] {
  if (minMaskRegionArea === 0) return masks;
  const tidied = masks.map((mask) => {
    const { width, height } = mask.runs;
    const before = pixelsOf(mask.runs);
    const after = removeSmallRegions(before, width, height, minMaskRegionArea);
    if (after === before) return { mask, unchanged: 1 };
    const runs = runsOf(after, width, height);
    return { mask: { ...mask, runs, box: boxOf(runs), area: areaOf(runs) }, unchanged: 0 };
  });
  return nms(
    tidied.map(({ mask }) => boxOf(mask.runs)),
    tidied.map(({ unchanged }) => unchanged),
    Math.max(boxNmsThresh, cropNmsThresh),
  ).map((i) => tidied[i].mask);
}
