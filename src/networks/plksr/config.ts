/** The configurations of PLKSR and of RealPLKSR, and how they are read off the shapes of their tensors. */
import { checked, type Filled, oneOf, section, whole } from "../../base/fields.js";
import { countOf, isSize, majority, type Shapes, scaleOf, sides } from "../shapes.js";

/** What both have. */
export const shared = {
  channels: whole("Features.", 1, 4096),
  blocks: whole("Blocks.", 1, 1000),
  large: whole("Channels that the large kernel sees.", 1, 4096),
  kernel: whole("The side of the large kernel, odd.", 1, 101),
  attention: oneOf("Whether blocks weigh their elements.", "yes", "no"),
  scale: whole("How many times larger its pictures are.", 1, 8),
};

type Shared = { readonly channels: number; readonly large: number; readonly kernel: number };

/** Returns what no field alone tells: the large kernel sees some of the channels, and has a middle. */
export function sharedComplaint(
  { channels, large, kernel }: Shared,
  at: (key: string) => string,
): string | undefined {
  if (large >= channels) return `${at("large")} ${large} must be below ${at("channels")} ${channels}`;
  return kernel % 2 === 1 ? undefined : `${at("kernel")} must be odd, not ${kernel}`;
}

const MIXERS = ["DCCM", "CCM", "ICCM"] as const;

export const config = checked(
  section("PLKSR.", {
    ...shared,
    mixer: oneOf("Which of the mixer's two convolutions are 3 x 3: both, the first, the second.", ...MIXERS),
  }),
  sharedComplaint,
);
export type PlksrConfig = Filled<typeof config>;

const MOST_BLOCKS = 1000;

/**
 * Reads what both have, off the shapes; `tail` is how far the last convolution's number is beyond the last
 * block's.
 */
export function readShared(shapes: Shapes, tail: number) {
  const blocks = Math.max(1, countOf(shapes, /^feats\.(\d+)\.(?!weight$|bias$)/, MOST_BLOCKS) - 1);
  const last = new RegExp(`^feats\\.${blocks + tail}\\.(weight|bias)$`);
  const kernels = sides(shapes, /^feats\.\d+\.lk\.conv\.weight$/, 2);
  return {
    channels:
      majority([
        ...sides(shapes, /^feats\.0\.(weight|bias)$/, 0),
        ...sides(shapes, /^feats\.\d+\.refine\.(weight|bias)$/, 0),
      ]) ?? 64,
    blocks,
    large: majority(sides(shapes, /^feats\.\d+\.lk\.conv\.(weight|bias)$/, 0)) ?? 16,
    kernel: majority(kernels.filter((side) => isSize(side, 101))) ?? 17,
    attention: anyOf(shapes, /^feats\.\d+\.attn\.f\.0\./) ? ("yes" as const) : ("no" as const),
    scale: scaleOf(sides(shapes, last, 0, 3)),
  };
}

export function anyOf(shapes: Shapes, name: RegExp): boolean {
  return [...shapes.keys()].some((key) => name.test(key));
}

/** Reads PLKSR off the shapes of its tensors; undefined where nothing of it is there. */
export function readPlksr(shapes: Shapes): { config: PlksrConfig } | undefined {
  if (!anyOf(shapes, /^feats\.\d+\.channe_mixer\./)) return undefined;
  const side = (place: number) =>
    majority(sides(shapes, new RegExp(`^feats\\.\\d+\\.channe_mixer\\.${place}\\.weight$`), 2)) ?? 3;
  const mixer = side(2) === 1 ? "CCM" : side(0) === 1 ? "ICCM" : "DCCM";
  return { config: { ...readShared(shapes, 1), mixer } };
}

/**
 * Tells how far tiles of either overlap: a block sees half its large kernel and its small ones, and what is
 * many blocks away hardly matters.
 */
export function reachOf({ kernel, blocks }: Pick<PlksrConfig, "kernel" | "blocks">): number {
  return Math.min(32, blocks * ((kernel >> 1) + 3));
}
