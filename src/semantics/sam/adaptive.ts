/**
 * Fewer points where they add nothing. The grid is asked in rounds, every fourth point, every second, all; a
 * point of a later round is left out where the masks found so far say that nothing changes around it: it lies
 * in at least one of them, and the points of the round before that surround it lie in exactly the same ones.
 * So the middle of a surface is asked once in a while, outlines and what no mask covers are asked at every
 * point.
 */

import { isInside, type Runs } from "../runs.js";
import type { Point } from "./grid.js";

/** Distances of the points of each round. Those of a round include those of the rounds before. */
const STRIDES = [4, 2, 1];

/** The first column and row that a round asks. */
const FIRST = 1;

/**
 * Numbers of the points of a grid of n x n in rounds: each point once. One round for a grid too small to
 * gain.
 */
export function roundsOf(n: number): number[][] {
  if (n < 2 * STRIDES[0]) return [Array.from({ length: n * n }, (_, i) => i)];
  const seen = new Set<number>();
  return STRIDES.map((stride) => {
    const round: number[] = [];
    for (let i = 0; i < n * n; i++) {
      if (seen.has(i) || !isOn(i % n, stride) || !isOn(Math.floor(i / n), stride)) continue;
      seen.add(i);
      round.push(i);
    }
    return round;
  });
}

const isOn = (at: number, stride: number) => (at - FIRST) % stride === 0;

/**
 * Chooses of the points of a round those that are worth asking.
 *
 * @param round its place in {@link roundsOf}
 * @param points of the whole grid, n x n, in pixels of the masks
 * @param masks those found in the rounds before
 */
export function worthAsking(
  numbers: readonly number[],
  round: number,
  n: number,
  points: readonly Point[],
  masks: readonly Runs[],
): number[] {
  if (round === 0) return [...numbers];
  const known = new Map<number, string>();
  /** Tells which masks hold a point. */
  function holders(number: number): string {
    let text = known.get(number);
    if (text === undefined) {
      const [x, y] = points[number].map(Math.floor);
      text = masks.flatMap((mask, i) => (isInside(mask, x, y) ? [i] : [])).join();
      known.set(number, text);
    }
    return text;
  }
  const coarse = STRIDES[round - 1];
  const fine = STRIDES[round];
  const around = (at: number) =>
    isOn(at, coarse) ? [at] : [at - fine, at + fine].filter((place) => place >= 0 && place < n);
  return numbers.filter((number) => {
    const own = holders(number);
    if (own === "") return true;
    const rows = around(Math.floor(number / n));
    return around(number % n).some((x) => rows.some((y) => holders(y * n + x) !== own));
  });
}
