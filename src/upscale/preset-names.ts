/** Settings that go together, by a name. */
export const PRESETS = ["published"] as const;

/**
 * `published`: as the authors measure. Their command's seed; Segment Anything asked about the latent; variant
 * `release`; tiles of 512 pixels with a stride of 448, each a picture by itself, overlaps averaged, or of 256
 * with a stride of 224, which they name for GPUs with less memory; no border left out of PSNR and SSIM.
 * Whatever else is said stands over it.
 */
export type Preset = (typeof PRESETS)[number];

/** The seed of the released command. */
export const PUBLISHED_SEED = 12345;

/**
 * The pixels along every edge that the released code leaves out of PSNR and SSIM; this project leaves out 4.
 */
export const PUBLISHED_BORDER = 0;
