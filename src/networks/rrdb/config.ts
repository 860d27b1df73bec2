import { checked, type Filled, oneOf, section, whole } from "../../base/fields.js";

/** How projects spell the names of its tensors, all of them with the same network. */
const SPELLINGS = ["new", "trunk", "old"] as const;

export const config = checked(
  section("The RRDB network.", {
    spelling: oneOf(
      "The names of its tensors: Real-ESRGAN's (new), ESRGAN's and BSRGAN's (trunk), those of " +
        "ESRGAN's first files (old).",
      ...SPELLINGS,
    ),
    features: whole("Channels between the blocks.", 1, 1024),
    growth: whole("Channels that a convolution of a dense block adds.", 1, 1024),
    blocks: whole("Residual-in-residual blocks.", 1, 200),
    unshuffle: whole("The picture's pixels become channels, so many a side.", 1, 8),
    doublings: whole("Enlargements by 2 at the end.", 0, 4),
  }),
  ({ unshuffle, doublings }, at) => {
    const scale = 2 ** doublings / unshuffle;
    return Number.isInteger(scale) && scale <= 8
      ? undefined
      : `${at("unshuffle")} ${unshuffle} and ${at("doublings")} ${doublings} enlarge by ${scale}; ` +
          "expected a whole number from 1 to 8";
  },
);

export type RrdbConfig = Filled<typeof config>;

/** Tells how many times larger its pictures are. */
export function rrdbScale({ unshuffle, doublings }: RrdbConfig): number {
  return 2 ** doublings / unshuffle;
}

/** The dense blocks in one residual block, and the convolutions in one dense block. */
export const DENSE_BLOCKS = 3;
export const CONVOLUTIONS = 5;

/**
 * Tells how far tiles overlap, in pixels of the small picture. A pixel of the result depends on all within
 * 350, but less on each further one: of RealESRGAN_x4plus, with tiles of 96 over two photos of 144 x 144,
 * what differs from the picture in one piece is, in levels of 255, on average, and in the column that differs
 * most:
 *
 *     overlap 0   0.75 (1.9) and 3.27 (11.1)
 *             16  0.46 (1.0) and 1.99 (6.1)
 *             24  0.35 (0.8) and 1.54 (4.8)
 *             32  0.26 (0.6) and 1.23 (3.5)
 *             48  0.15 (0.3) and 0.95 (3.3)
 *
 * It falls evenly, and work grows ever faster: tiles of 128 with overlaps of 16, 32 and 48 take 1.31, 1.78
 * and 2.56 times the work of the picture in one piece.
 */
export function rrdbReach({ blocks, unshuffle }: RrdbConfig): number {
  return Math.min(32, blocks * DENSE_BLOCKS * CONVOLUTIONS) * Math.min(2, unshuffle);
}
