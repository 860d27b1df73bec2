/**
 * Superpixels: the finest regions, from Felzenszwalb and Huttenlocher, "Efficient graph-based image
 * segmentation" (IJCV 2004).
 *
 * Neighbouring pixels are joined by edges, weighted by their difference. Edges are taken from the weakest up,
 * as in Kruskal's minimum spanning tree, and join two regions unless the edge is clearly stronger than what
 * holds each of them together. What "clearly" means loosens with 1 / size, so small regions grow easily and
 * large ones need evidence.
 */
import type { ColourPlanes } from "./planes.js";

/** A partition of an image into connected regions. */
export interface Partition {
  readonly width: number;
  readonly height: number;
  /** The labels [H, W], 0..count-1 in the order in which a scan from the top left meets them. */
  readonly labels: Int32Array;
  readonly count: number;
}

/** Weights are sorted by counting: in steps of 1/8 grey level, all above 255 alike. */
const STEPS = 8;
const BUCKETS = 256 * STEPS;

/**
 * Joins pixels to regions whose inner differences are smaller than those between them, by Felzenszwalb and
 * Huttenlocher's method.
 * @param scale k of the paper: how much difference a region of one pixel tolerates, in grey levels; larger
 * gives larger regions
 * @param minimumArea smaller regions are joined to the neighbour that differs least, in pixels
 */
export function superpixels(
  { width, height, planes }: ColourPlanes,
  scale: number,
  minimumArea: number,
): Partition {
  const pixels = width * height;
  const edges = sortedEdges(width, height, planes);
  const parent = new Int32Array(pixels);
  for (let p = 0; p < pixels; p++) parent[p] = p;
  const area = new Int32Array(pixels).fill(1);
  /** Int(C) + k / |C| of the paper, at each region's root. */
  const tolerance = new Float32Array(pixels).fill(scale);

  function find(p: number): number {
    while (parent[p] !== p) {
      parent[p] = parent[parent[p]];
      p = parent[p];
    }
    return p;
  }

  function join(a: number, b: number): number {
    if (area[a] < area[b]) return join(b, a);
    parent[b] = a;
    area[a] += area[b];
    return a;
  }

  // An edge is 2 p for the one from pixel p to the right, 2 p + 1 for the one down.
  const { order, buckets } = edges;
  let open = 0; // refused edges with a region that is still too small are kept, at the front of `order`
  for (let i = 0; i < order.length; i++) {
    const edge = order[i];
    const p = edge >> 1;
    const a = find(p);
    const b = find(edge & 1 ? p + width : p + 1);
    if (a === b) continue;
    const weight = buckets[edge] / STEPS;
    if (weight <= tolerance[a] && weight <= tolerance[b]) {
      const joined = join(a, b);
      tolerance[joined] = weight + scale / area[joined];
    } else if (area[a] < minimumArea || area[b] < minimumArea) order[open++] = edge;
  }
  for (let i = 0; i < open; i++) {
    const edge = order[i];
    const p = edge >> 1;
    const a = find(p);
    const b = find(edge & 1 ? p + width : p + 1);
    if (a !== b && (area[a] < minimumArea || area[b] < minimumArea)) join(a, b);
  }

  const labels = new Int32Array(pixels);
  const numbers = new Int32Array(pixels).fill(-1);
  let count = 0;
  for (let p = 0; p < pixels; p++) {
    const root = find(p);
    if (numbers[root] < 0) numbers[root] = count++;
    labels[p] = numbers[root];
  }
  return { width, height, labels, count };
}

/**
 * Returns all edges between neighbours (4-connected), weakest first; equal ones in scan order, so the result
 * is defined.
 */
function sortedEdges(width: number, height: number, planes: ColourPlanes["planes"]) {
  const [l, u, v] = planes;
  const buckets = new Uint16Array(2 * width * height);
  const starts = new Int32Array(BUCKETS + 1);
  const number = (width - 1) * height + width * (height - 1);

  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      if (x + 1 < width) {
        const dl = l[p] - l[p + 1];
        const du = u[p] - u[p + 1];
        const dv = v[p] - v[p + 1];
        const bucket = Math.min(Math.sqrt(dl * dl + du * du + dv * dv) * STEPS, BUCKETS - 1) | 0;
        buckets[2 * p] = bucket;
        starts[bucket + 1]++;
      }
      if (y + 1 < height) {
        const q = p + width;
        const dl = l[p] - l[q];
        const du = u[p] - u[q];
        const dv = v[p] - v[q];
        const bucket = Math.min(Math.sqrt(dl * dl + du * du + dv * dv) * STEPS, BUCKETS - 1) | 0;
        buckets[2 * p + 1] = bucket;
        starts[bucket + 1]++;
      }
    }
  }
  for (let i = 0; i < BUCKETS; i++) starts[i + 1] += starts[i];
  const order = new Int32Array(number);
  for (let y = 0, p = 0; y < height; y++) {
    for (let x = 0; x < width; x++, p++) {
      if (x + 1 < width) order[starts[buckets[2 * p]]++] = 2 * p;
      if (y + 1 < height) order[starts[buckets[2 * p + 1]]++] = 2 * p + 1;
    }
  }
  return { order, buckets };
}
