/** Pictures as MUSIQ sees them: patches at three sizes, each with its place. */
import { kernels, resizePlanar } from "../../image/resize.js";
import { GRID, PATCH } from "./musiq.js";

interface MusiqPatches {
  /** How many there are. */
  readonly count: number;
  /** The pixels of the patches, [count, 3, 32, 32]. */
  readonly data: Float32Array;
  /** The place of each patch: row times 10 plus column of its place on a grid of 10 x 10. */
  readonly spatial: readonly number[];
  /** The scale of each patch: 0 for the smallest size, 2 for the picture's own. */
  readonly scale: readonly number[];
}

/** A picture of three planes. */
interface PlanarPicture {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Returns the patches of a picture at its own size and with its longer side brought to each of `sides`,
 * smallest first.
 * @param picture RGB in [-1, 1], plane by plane
 */
export function musiqPatches(picture: PlanarPicture, sides: readonly number[]): MusiqPatches {
  const sizes = [...sides.map((side) => resizedTo(picture, side)), picture];
  const cut = sizes.map(cutPatches);
  const count = cut.reduce((sum, { spatial }) => sum + spatial.length, 0);
  const data = new Float32Array(count * PATCH_SIZE);
  let at = 0;
  for (const part of cut) {
    data.set(part.data, at);
    at += part.data.length;
  }
  return {
    ...{ count, data },
    spatial: cut.flatMap(({ spatial }) => spatial),
    scale: cut.flatMap(({ spatial }, scale) => spatial.map(() => scale)),
  };
}

const PATCH_SIZE = 3 * PATCH * PATCH;

/** Returns the picture with its longer side of this length, by bicubic (a = -0.75) without antialias. */
export function resizedTo({ data, width, height }: PlanarPicture, side: number): PlanarPicture {
  const ratio = side / Math.max(width, height);
  const to = { width: roundToEven(width * ratio), height: roundToEven(height * ratio) };
  const options = { kernel: kernels.bicubic, antialias: false };
  return { ...to, data: resizePlanar(data, { channels: 3, width, height }, to, options) };
}

/** Halves to the even neighbour, and never to nothing. */
function roundToEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  const up = rest > 0.5 || (rest === 0.5 && down % 2 === 1);
  return Math.max(1, up ? down + 1 : down);
}

/**
 * Cuts patches row after row, over the picture with zeros around it up to whole patches: half before, the odd
 * one after.
 */
function cutPatches({ data, width, height }: PlanarPicture) {
  const [columns, rows] = [width, height].map((side) => Math.ceil(side / PATCH));
  const left = Math.floor((columns * PATCH - width) / 2);
  const top = Math.floor((rows * PATCH - height) / 2);
  const patches = new Float32Array(rows * columns * PATCH_SIZE);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < height; y++) {
      const [row, v] = [Math.floor((y + top) / PATCH), (y + top) % PATCH];
      for (let x = 0; x < width; ) {
        const [column, u] = [Math.floor((x + left) / PATCH), (x + left) % PATCH];
        const run = Math.min(PATCH - u, width - x);
        const from = (c * height + y) * width + x;
        const to = ((row * columns + column) * 3 + c) * PATCH * PATCH + v * PATCH + u;
        patches.set(data.subarray(from, from + run), to);
        x += run;
      }
    }
  }
  const [down, across] = [rows, columns].map(gridPlaces);
  return { data: patches, spatial: down.flatMap((v) => across.map((u) => v * GRID + u)) };
}

/** Tells where each of `count` lies on the grid, in single precision as nearest resizing has it. */
function gridPlaces(count: number): number[] {
  const step = Math.fround(GRID / count);
  return Array.from({ length: count }, (_, i) => Math.min(GRID - 1, Math.floor(Math.fround(i * step))));
}
