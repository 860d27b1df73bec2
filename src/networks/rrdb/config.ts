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
