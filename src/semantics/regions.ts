/**
 * Regions: masks without a neural network.
 *
 * Segment Anything returns overlapping masks: wholes, parts and parts of those. The same comes out of a
 * classical segmentation hierarchy. Superpixels (superpixels.ts) are merged into a partition tree
 * (partition-tree.ts), in which each region lives on a range of the scale lambda. The tree is cut at a ladder
 * of scales, and of each cut the regions that are neither tiny nor a large part of the picture are masks. So
 * what stands out for long is a mask of several cuts, and a pixel's coverage is the number of scales at which
 * it belongs to something of middling size: high where the picture is rich in detail, 0 in skies and walls.
 *
 * Coverage has to say the same of a picture and of the same picture with a little noise. Picking single
 * regions out of the tree (by how stable each is, leaving out doubles) does not: noise of one grey level
 * leaves a correlation of 0.40 with the coverage before, on 30 photos made small by 4. Cuts leave 0.94, since
 * their sum hardly minds which of two merges came first.
 *
 * It needs no download and takes tens of milliseconds; it knows colour and shape, and nothing of objects.
 */
import { checkArgument, checkOptions, type OptionType } from "../base/arguments.js";
import type { Coverage } from "./coverage.js";
import type { LabelMap, MaskSet } from "./masks.js";
import { type PartitionTree, partitionTree } from "./partition-tree.js";
import { type RgbImage, toColourPlanes } from "./planes.js";
import { type Partition, superpixels } from "./superpixels.js";

export interface RegionOptions {
  /** Smallest region, as a share of the picture, but at least 16 pixels; default 0.001. */
  readonly minimumArea?: number;
  /** Largest region, as a share of the picture; default 0.07. */
  readonly maximumArea?: number;
  /**
   * The first and the last scale of the ladder, in squared grey levels times pixels; default 500 and 100,000.
   */
  readonly scales?: readonly [number, number];
  /** Scales in the ladder, each the same multiple of the one before; default 12. */
  readonly cuts?: number;
}

/** What the segmentation found. */
export interface Regions {
  readonly width: number;
  readonly height: number;
  /** Number of masks; a region that is one at several scales counts at each. */
  readonly count: number;
  readonly coverage: Coverage;
  /**
   * Makes all masks. Their memory is count x width x height bytes: for pictures and tests; {@link coverage}
   * needs none of it.
   */
  masks(): MaskSet;
  /**
   * Makes for each scale that has masks one map, from the largest to the smallest; labels are numbers of
   * masks, from 1.
   */
  levels(): LabelMap[];
}

/** The scale k of the superpixels: small, since the tree is the better judge. */
const SUPERPIXEL_SCALE = 10;

/** The smallest area of a superpixel, in pixels. */
const SUPERPIXEL_AREA = 6;

/**
 * The most superpixels of a picture, each at least this fraction of it: their number sets what the tree
 * costs.
 */
const SUPERPIXELS = 16000;

const OPTIONS = {
  minimumArea: "number",
  maximumArea: "number",
  scales: "object",
  cuts: "number",
} as const satisfies Record<keyof RegionOptions, OptionType>;

/**
 * Segments a low-resolution image into nested regions, always into the same ones.
 * @throws SamsrError for what is no image, and for options that make no sense
 */
export function segmentRegions(image: RgbImage, options: RegionOptions = {}): Regions {
  checkOptions("segmentRegions", options, OPTIONS);
  checkLadder(options);
  const planes = toColourPlanes(image);
  const pixels = planes.width * planes.height;
  const partition = superpixels(planes, SUPERPIXEL_SCALE, Math.max(SUPERPIXEL_AREA, pixels / SUPERPIXELS));
  const tree = partitionTree(partition, planes);
  const cuts = ladder(options).map((scale) => cutAt(tree, scale, areaRange(pixels, options)));
  return collect(cuts, partition, image.width, image.height);
}

/**
 * Refuses a ladder of scales without steps.
 * @throws SamsrError unless the ladder has steps
 */
function checkLadder({ scales, cuts = 1 }: RegionOptions): void {
  const positive = (scale: unknown) => typeof scale === "number" && scale > 0;
  const pair =
    scales === undefined || (Array.isArray(scales) && scales.length === 2 && scales.every(positive));
  checkArgument("segmentRegions: scales", scales, pair, "two numbers over 0");
  const whole = Number.isInteger(cuts) && cuts >= 1 && cuts <= 1000;
  checkArgument("segmentRegions: cuts", cuts, whole, "a whole number from 1 to 1000");
}

function ladder({ scales: [first, last] = [500, 100_000], cuts = 12 }: RegionOptions): number[] {
  return Array.from({ length: cuts }, (_, i) => first * (last / first) ** (cuts > 1 ? i / (cuts - 1) : 0));
}

function areaRange(pixels: number, { minimumArea = 0.001, maximumArea = 0.07 }: RegionOptions) {
  return { smallest: Math.max(16, minimumArea * pixels), largest: maximumArea * pixels };
}

/** Returns for each leaf the node that it lies in at this scale, or -1 where that is no mask. */
export function cutAt(
  { leaves, parent, area, birth }: PartitionTree,
  scale: number,
  { smallest, largest }: { smallest: number; largest: number },
): Int32Array {
  // From the root down: a node is cut out where its parent comes to be only later.
  const top = new Int32Array(parent.length);
  for (let node = parent.length - 1; node >= 0; node--) {
    const above = parent[node];
    top[node] = above >= 0 && birth[above] <= scale ? top[above] : node;
  }
  return top.slice(0, leaves).map((node) => (area[node] >= smallest && area[node] <= largest ? node : -1));
}

/** Turns cuts into coverage, and into masks on demand. */
function collect(cuts: readonly Int32Array[], partition: Partition, width: number, height: number): Regions {
  // Masks are numbered cut by cut, and within a cut in the order of their first leaf.
  let count = 0;
  const numbered = cuts.map((cut) => {
    const numbers = new Map<number, number>();
    return cut.map((node) => {
      if (node < 0) return 0;
      if (!numbers.has(node)) numbers.set(node, ++count);
      return numbers.get(node)!;
    });
  });
  const depth = new Uint16Array(partition.count);
  for (const cut of numbered) for (let leaf = 0; leaf < depth.length; leaf++) if (cut[leaf]) depth[leaf]++;

  // The picture may have been shrunk: each pixel looks up the nearest one of the partition.
  const columns = Int32Array.from({ length: width }, (_, x) =>
    Math.floor(((x + 0.5) * partition.width) / width),
  );
  function paint<T extends Int32Array | Uint16Array>(out: T, value: ArrayLike<number>): T {
    for (let y = 0, p = 0; y < height; y++) {
      const row = Math.floor(((y + 0.5) * partition.height) / height) * partition.width;
      for (let x = 0; x < width; x++, p++) out[p] = value[partition.labels[row + columns[x]]];
    }
    return out;
  }
  const coverage = { width, height, counts: paint(new Uint16Array(width * height), depth) };

  function levels(): LabelMap[] {
    return numbered
      .filter((cut) => cut.some((number) => number > 0))
      .toReversed()
      .map((cut) => ({ width, height, labels: paint(new Int32Array(width * height), cut) }));
  }

  function masks(): MaskSet {
    const all = Array.from({ length: count }, () => new Uint8Array(width * height));
    for (const { labels } of levels())
      for (let p = 0; p < labels.length; p++) if (labels[p]) all[labels[p] - 1][p] = 1;
    return { width, height, masks: all };
  }

  return { width, height, count, coverage, masks, levels };
}
