/**
 * Regions: masks without a neural network.
 *
 * Segment Anything returns overlapping masks (whole, part, subpart) and keeps those that are stable: that hardly change
 * when the threshold on the network's output moves. The same idea works on a classical segmentation hierarchy. Superpixels
 * (superpixels.ts) are merged into a partition tree (partition-tree.ts), in which each region lives on a range of the scale
 * lambda. A region is kept when it is neither tiny nor nearly everything, when what it is at a somewhat smaller scale and
 * at a somewhat larger one are nearly the same set of pixels (the stability score), and when no better region is nearly the
 * same (non-maximum suppression). What is kept nests, so a pixel's coverage is its depth.
 *
 * It needs no download and takes tens of milliseconds; it knows colour and shape, and nothing of objects.
 */
import type { Coverage } from "./coverage.js";
import type { LabelMap, MaskSet } from "./masks.js";
import { type PartitionTree, partitionTree } from "./partition-tree.js";
import { type RgbImage, toPlanes } from "./planes.js";
import { type Partition, superpixels } from "./superpixels.js";

export interface RegionOptions {
  /** Smallest region, as a share of the picture, but at least 16 pixels; default 0.001. */
  minimumArea?: number;
  /** Largest region, as a share of the picture; default 0.7. */
  maximumArea?: number;
  /** Smallest stability score, 0..1; default 0.75. */
  stability?: number;
  /** Of two kept regions, the smaller has at most this share of the larger; default 0.7. */
  overlap?: number;
  /** Smallest scale at which a region still stands out, in squared grey levels times pixels; default 1000. */
  contrast?: number;
}

/** What the segmentation found. */
export interface Regions {
  width: number;
  height: number;
  /** Number of masks. */
  count: number;
  coverage: Coverage;
  /** All masks. Memory is count x width x height bytes: for pictures and tests; {@link coverage} needs none of it. */
  masks(): MaskSet;
  /** For each depth of nesting one map, from the whole to the smallest parts; labels are numbers of masks, from 1. */
  levels(): LabelMap[];
}

/** k of the superpixels: small, since the tree is the better judge. */
const SUPERPIXEL_SCALE = 25;

/** The smallest area of a superpixel, in pixels. */
const SUPERPIXEL_AREA = 6;

/** In a large picture a superpixel has at least this fraction of it: their number sets what the tree costs. */
const SUPERPIXELS = 16000;

/** The stability score compares lambda / this with lambda x this. Lambda grows with contrast squared. */
const SCALE_OFFSET = 1.4;

/** Segments a low-resolution image into nested regions. Deterministic. */
export function segmentRegions(image: RgbImage, options: RegionOptions = {}): Regions {
  const planes = toPlanes(image);
  const pixels = planes.width * planes.height;
  const partition = superpixels(planes, SUPERPIXEL_SCALE, Math.max(SUPERPIXEL_AREA, pixels / SUPERPIXELS));
  const tree = partitionTree(partition, planes);
  const kept = selectRegions(tree, pixels, options);
  return collect(tree, partition, kept, image.width, image.height);
}

/** Numbers of the nodes that are kept: 1 for the first in tree order (children before parents); 0 for the others. */
export function selectRegions(tree: PartitionTree, pixels: number, options: RegionOptions = {}): Int32Array {
  const {
    minimumArea = 0.001,
    maximumArea = 0.7,
    stability = 0.75,
    overlap = 0.7,
    contrast = 1000,
  } = options;
  const { parent, area, birth } = tree;
  const smallest = Math.max(16, minimumArea * pixels);
  const largest = maximumArea * pixels;
  const candidates: { node: number; score: number; life: number }[] = [];
  for (let node = 0; node < parent.length - 1; node++) {
    const death = birth[parent[node]];
    if (area[node] < smallest || area[node] > largest || death < contrast) continue;
    const born = Math.max(birth[node], 1);
    const score = stabilityScore(tree, node, Math.sqrt(born * death));
    if (score >= stability) candidates.push({ node, score, life: death / born });
  }
  candidates.sort((p, q) => q.score - p.score || q.life - p.life || p.node - q.node);

  const kept = new Int32Array(parent.length);
  for (const { node } of candidates) if (!hasDouble(tree, kept, node, overlap)) kept[node] = 1;
  let number = 0;
  for (let node = 0; node < kept.length; node++) if (kept[node]) kept[node] = ++number;
  return kept;
}

/** IoU of the largest part of the node that is one region at lambda / {@link SCALE_OFFSET} with what it lies in at lambda times it. */
function stabilityScore(
  { parent, heavyChild, area, birth }: PartitionTree,
  node: number,
  lambda: number,
): number {
  let part = node;
  while (heavyChild[part] >= 0 && birth[part] > lambda / SCALE_OFFSET) part = heavyChild[part];
  let whole = node;
  while (parent[whole] >= 0 && birth[parent[whole]] <= lambda * SCALE_OFFSET) whole = parent[whole];
  return area[part] / area[whole];
}

/** Whether a kept region above or below the node has an IoU of more than `overlap` with it. */
function hasDouble(tree: PartitionTree, kept: Int32Array, node: number, overlap: number): boolean {
  const { parent, heavyChild, area } = tree;
  for (let up = parent[node]; up >= 0 && area[node] > overlap * area[up]; up = parent[up])
    if (kept[up]) return true;
  // Below, only the heavier child can hold more than this share (for any share of at least one half).
  for (let down = heavyChild[node]; down >= 0 && area[down] > overlap * area[node]; down = heavyChild[down])
    if (kept[down]) return true;
  return false;
}

/** Turns kept nodes into coverage, and into masks on demand. */
function collect(
  { leaves, parent }: PartitionTree,
  partition: Partition,
  kept: Int32Array,
  width: number,
  height: number,
): Regions {
  // From the root down: how many kept regions contain each node, itself included.
  const depth = new Uint16Array(parent.length);
  for (let node = parent.length - 1; node >= 0; node--) {
    depth[node] = (parent[node] >= 0 ? depth[parent[node]] : 0) + (kept[node] ? 1 : 0);
  }
  // The picture may have been shrunk: each pixel looks up the nearest one of the partition.
  const columns = Int32Array.from({ length: width }, (_, x) =>
    Math.floor(((x + 0.5) * partition.width) / width),
  );
  const leafAt = (x: number, y: number) =>
    partition.labels[Math.floor(((y + 0.5) * partition.height) / height) * partition.width + columns[x]];
  function paint<T extends Int32Array | Uint16Array>(out: T, value: ArrayLike<number>): T {
    for (let y = 0, p = 0; y < height; y++) for (let x = 0; x < width; x++, p++) out[p] = value[leafAt(x, y)];
    return out;
  }

  const count = kept.reduce((a, b) => Math.max(a, b), 0);
  const coverage = { width, height, counts: paint(new Uint16Array(width * height), depth) };

  function levels(): LabelMap[] {
    const deepest = depth.subarray(0, leaves).reduce((a, b) => Math.max(a, b), 0);
    return Array.from({ length: deepest }, (_, level) => {
      const region = new Int32Array(leaves); // the kept region at this depth over each leaf, if there is one
      for (let leaf = 0; leaf < leaves; leaf++) {
        for (let node = leaf; node >= 0; node = parent[node])
          if (kept[node] && depth[node] === level + 1) region[leaf] = kept[node];
      }
      return { width, height, labels: paint(new Int32Array(width * height), region) };
    });
  }

  function masks(): MaskSet {
    const all = Array.from({ length: count }, () => new Uint8Array(width * height));
    for (const { labels } of levels())
      for (let p = 0; p < labels.length; p++) if (labels[p]) all[labels[p] - 1][p] = 1;
    return { width, height, masks: all };
  }

  return { width, height, count, coverage, masks, levels };
}
