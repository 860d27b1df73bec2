/** How crops are made of photos. */
export const CROP_WAYS = ["cut", "rescaled"] as const;

/**
 * `cut`: a square of the crop's size at a random place, rather where there is something to see, turned eight
 * ways. `rescaled`: a square as large as the photo's shorter side, at a random place, made as small as the
 * crop by averaging areas, and flipped left to right half of the time: `rescale_gt` and `use_hflip` of
 * ResShift's, SinSR's and SAMSR's published configurations.
 */
export type CropWay = (typeof CROP_WAYS)[number];
