import { describe, expect, it } from "vitest";
import { runsOf } from "../runs.js";
import { roundsOf, worthAsking } from "./adaptive.js";
import type { Point } from "./grid.js";

const N = 16;
/** Points at the centres of squares of 10 x 10 pixels. */
const points = Array.from({ length: N * N }, (_, i): Point => [10 * (i % N) + 5, 10 * Math.floor(i / N) + 5]);
const draw = (inside: (x: number, y: number) => boolean) => {
  const side = 10 * N;
  const mask = Uint8Array.from({ length: side * side }, (_, p) =>
    inside(p % side, Math.floor(p / side)) ? 1 : 0,
  );
  return runsOf(mask, side, side);
};

describe("the adaptive grid", () => {
  it("asks every fourth point, every second, all: each point in one round", () => {
    const rounds = roundsOf(N);
    expect(rounds.map((round) => round.length)).toEqual([16, 48, 192]);
    expect(new Set(rounds.flat()).size).toBe(N * N);
    expect(rounds[0].slice(0, 5)).toEqual([17, 21, 25, 29, 81]);
    expect(roundsOf(5)).toEqual([Array.from({ length: 25 }, (_, i) => i)]);
  });

  it("asks all where nothing is covered, and none where one mask covers everything", () => {
    for (const [round, numbers] of roundsOf(N).entries()) {
      expect(worthAsking(numbers, round, N, points, [])).toEqual(numbers);
      const all = [draw(() => true)];
      expect(worthAsking(numbers, round, N, points, all)).toEqual(round === 0 ? numbers : []);
    }
  });

  it("asks along an outline between masks, and not inside them", () => {
    // Two halves; the outline runs between the columns 7 and 8.
    const halves = [draw((x) => x < 80), draw((x) => x >= 80)];
    const [, , last] = roundsOf(N);
    const columns = new Set(worthAsking(last, 2, N, points, halves).map((number) => number % N));
    // Column 8 lies between the columns 7 and 9 of the round before.
    expect([...columns]).toEqual([8]);
  });
});
