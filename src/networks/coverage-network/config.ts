import { checked, type Filled, list, section, whole } from "../../base/fields.js";
import type { Shapes } from "../shapes.js";

export const config = checked(
  section("The coverage network.", {
    channels: list(
      "Channels of each level, from half the image's size down by halves.",
      whole("A width.", 1, 4096),
      2,
      10,
    ),
    blocks: list(
      "Residual blocks of each level; but for the last level as many on the way down as on the way up.",
      whole("A count.", 0, 100),
      2,
      10,
    ),
    groups: whole("Groups of the normalisation; divides all channels.", 1, 4096),
  }),
  ({ channels, blocks, groups }, at) => {
    if (blocks.length !== channels.length) {
      return `${at("blocks")} has ${blocks.length} levels, ${at("channels")} ${channels.length}`;
    }
    const odd = channels.find((width) => width % groups !== 0);
    return odd === undefined
      ? undefined
      : `${at("groups")} ${groups} does not divide ${odd} of ${at("channels")}`;
  },
);

export type CoverageNetworkConfig = Filled<typeof config>;

/**
 * The first level's pixels are blocks of STEM_BLOCK x STEM_BLOCK, laid out in channels: the image's own size
 * costs no convolution.
 */
export const STEM_BLOCK = 2;

/** The bundled `coverage-tiny`. */
export const COVERAGE_TINY: CoverageNetworkConfig = {
  channels: [16, 48, 72, 112],
  blocks: [1, 2, 2, 1],
  groups: 8,
};

/**
 * Returns the configuration of a coverage network, from the shapes of its tensors; undefined where nothing of
 * one is there. Groups leave no trace in a shape, so they are {@link COVERAGE_TINY}'s.
 */
export function coverageConfigOf(shapes: Shapes): CoverageNetworkConfig | undefined {
  const channels: number[] = [];
  const counted: number[] = [];
  for (;;) {
    const level = channels.length;
    const weight = shapes.get(level === 0 ? "stem.weight" : `reduce.${level}.weight`);
    if (!weight) break;
    channels.push(weight[0]);
    let count = 0;
    while (shapes.has(`down.${level}.${count}.conv1.weight`)) count++;
    counted.push(count);
  }
  // One level would have a stem and a head and nothing else to know it by.
  if (channels.length < 2) return undefined;
  return { channels, blocks: counted, groups: COVERAGE_TINY.groups };
}

/** Returns the number that the sides of the image must divide by: every level whole. */
export function coverageMultiple({ channels }: CoverageNetworkConfig): number {
  return STEM_BLOCK * 2 ** (channels.length - 1);
}
