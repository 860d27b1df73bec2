/**
 * The partition tree: which regions merge with which, and at what scale.
 *
 * Regions are merged pair by pair until one is left, and every merge is recorded as a node with two children
 * (Salembier and Garrido, "Binary partition tree", 2000). Which pair comes next follows the full lambda
 * schedule (Koepfler, Lopez, Morel 1994; Robinson, Redding, Crisp 2002) for Mumford and Shah's piecewise
 * constant model: a segmentation costs the squared error of painting each region in its mean colour, plus
 * lambda times the length of all borders. Merging a and b pays off once lambda reaches
 *
 *     (|a| |b| / (|a| + |b|)) |mean_a - mean_b|^2 / length of their common border
 *
 * and the pair with the smallest such lambda goes first. So lambda is a scale with a meaning, contrast
 * squared times width: strips along blurred edges, with much border and little inside, go early; large or
 * distinct regions live long.
 *
 * One thing is changed: one of the two factors |mean_a - mean_b| is replaced by the mean difference across
 * the border itself (twice it, as the smoothing spreads an edge over two pixels). A smooth gradient, such as
 * an evening sky, has different means but no border, and would otherwise be cut into arbitrary bands.
 */
import type { ColourPlanes } from "./planes.js";
import type { Partition } from "./superpixels.js";

/** Nodes 0..leaves-1 are the regions of the partition; each later one is the union of its two children. */
export interface PartitionTree {
  readonly leaves: number;
  /** The parent of every node; -1 for the root, which is the last. */
  readonly parent: Int32Array;
  /** The area in pixels. */
  readonly area: Int32Array;
  /** The lambda at which the node came to be; 0 for leaves. Never smaller than its children's. */
  readonly birth: Float64Array;
}

/** How many pixels the smoothing spreads an edge over. */
const EDGE_WIDTH = 2;

/** Builds the tree of a partition of these planes. */
export function partitionTree(partition: Partition, { planes }: ColourPlanes): PartitionTree {
  const { labels, count: leaves, width, height } = partition;
  const nodes = 2 * leaves - 1;
  const parent = new Int32Array(nodes).fill(-1);
  const area = new Int32Array(nodes);
  const birth = new Float64Array(nodes);
  const colours = planes.map((plane) => {
    const sums = new Float64Array(nodes);
    for (let p = 0; p < plane.length; p++) sums[labels[p]] += plane[p];
    return sums;
  });
  for (let p = 0; p < labels.length; p++) area[labels[p]]++;
  const [l, u, v] = colours;
  for (const sums of colours) for (let r = 0; r < leaves; r++) sums[r] /= area[r];

  // borders[a].get(b) is the common border of a and b; both directions share one object.
  const borders: Map<number, Border>[] = Array.from({ length: leaves }, () => new Map());
  function touch(p: number, q: number): void {
    const a = labels[p];
    const b = labels[q];
    if (a === b) return;
    let border = borders[a].get(b);
    if (!border) {
      border = { length: 0, contrast: 0 };
      borders[a].set(b, border);
      borders[b].set(a, border);
    }
    border.length++;
    const dl = planes[0][p] - planes[0][q];
    const du = planes[1][p] - planes[1][q];
    const dv = planes[2][p] - planes[2][q];
    border.contrast += Math.sqrt(dl * dl + du * du + dv * dv);
  }
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      if (x + 1 < width) touch(p, p + 1);
      if (y + 1 < height) touch(p, p + width);
    }
  }

  const queue = mergeQueue();
  function propose(a: number, b: number, border: Border): void {
    const dl = l[a] - l[b];
    const du = u[a] - u[b];
    const dv = v[a] - v[b];
    const weight = (area[a] * area[b]) / (area[a] + area[b]) / border.length;
    const step = (EDGE_WIDTH * border.contrast) / border.length;
    queue.push(weight * Math.sqrt(dl * dl + du * du + dv * dv) * step, a, b);
  }
  for (let a = 0; a < leaves; a++) for (const [b, border] of borders[a]) if (a < b) propose(a, b, border);

  for (let node = leaves; node < nodes; node++) {
    let merge = queue.pop();
    // Proposals of regions that are gone.
    while (parent[merge.a] >= 0 || parent[merge.b] >= 0) merge = queue.pop();
    const { lambda, a, b } = merge;
    parent[a] = node;
    parent[b] = node;
    area[node] = area[a] + area[b];
    birth[node] = Math.max(lambda, birth[a], birth[b]);
    for (const sums of colours) sums[node] = (sums[a] * area[a] + sums[b] * area[b]) / area[node];

    const [many, few] =
      borders[a].size >= borders[b].size ? [borders[a], borders[b]] : [borders[b], borders[a]];
    for (const [neighbour, border] of few) {
      const other = many.get(neighbour);
      if (other) {
        other.length += border.length;
        other.contrast += border.contrast;
      } else many.set(neighbour, border);
    }
    many.delete(a);
    many.delete(b);
    borders[node] = many;
    for (const [neighbour, border] of many) {
      const theirs = borders[neighbour];
      theirs.delete(a);
      theirs.delete(b);
      theirs.set(node, border);
      propose(node, neighbour, border);
    }
  }
  return { leaves, parent, area, birth };
}

/** Where two regions touch. */
interface Border {
  /** The length of a border in pixel edges. */
  length: number;
  /** Sum of the differences across it. */
  contrast: number;
}

/**
 * Returns a binary heap of proposals, smallest lambda first; equal ones by age, so that the tree is defined.
 */
function mergeQueue() {
  const lambdas: number[] = [];
  const heap: number[] = []; // indices into the three arrays
  const as: number[] = [];
  const bs: number[] = [];
  const before = (i: number, j: number) => lambdas[i] < lambdas[j] || (lambdas[i] === lambdas[j] && i < j);
  return {
    push(lambda: number, a: number, b: number): void {
      const index = lambdas.push(lambda) - 1;
      as.push(a);
      bs.push(b);
      let at = heap.push(index) - 1;
      while (at > 0) {
        const above = (at - 1) >> 1;
        if (before(heap[above], index)) break;
        heap[at] = heap[above];
        at = above;
      }
      heap[at] = index;
    },
    pop(): { lambda: number; a: number; b: number } {
      const top = heap[0];
      const index = heap.pop()!;
      if (heap.length > 0) {
        let at = 0;
        for (;;) {
          let below = 2 * at + 1;
          if (below >= heap.length) break;
          if (below + 1 < heap.length && before(heap[below + 1], heap[below])) below++;
          if (before(index, heap[below])) break;
          heap[at] = heap[below];
          at = below;
        }
        heap[at] = index;
      }
      return { lambda: lambdas[top], a: as[top], b: bs[top] };
    },
  };
}
