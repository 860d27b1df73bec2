import { expect, it } from "vitest";
import { normalTable, philox, seedKey } from "../base/random.js";
import { LANES, noiseRows } from "./noise-rows.js";

/** One pixel's 8 channels by the plain generator. */
function pixel(seed: number, [x, y, group, domain]: readonly number[]): Float32Array {
  const words = new Uint32Array(4);
  philox(x!, y!, group!, domain!, ...seedKey(seed), words);
  return Float32Array.from({ length: LANES }, (_, i) => {
    const word = words[i >> 1]!;
    return normalTable()[i % 2 ? word >>> 16 : word & 0xffff]!;
  });
}

it("draws what the generator gives at each address, times the factors", () => {
  for (const [seed, domain] of [
    [1, 7],
    [2 ** 52 + 12345, 0xfe000001],
  ]) {
    const factorsOf = (y: number, x: number, out: Float64Array) =>
      out.forEach((_, i) => (out[i] = Math.sqrt(y + x + i)));
    const rows = noiseRows({ seed, domain, width: 40, factorsOf });
    rows.draw(5, 100_000, 3, 9);
    for (let x = 0; x < 9; x++) {
      const expected = pixel(seed, [3 + x, 100_000, 5, domain]).map((z) => z * Math.sqrt(100_003 + x));
      for (let lane = 0; lane < LANES; lane++) expect(rows.values(lane)[x]).toBe(expected[lane]);
    }
  }
});

it("sums values and squares in their order, and standardises in double precision", () => {
  const rows = noiseRows({ seed: 3, domain: 1, width: 21 });
  rows.draw(0, 4, 0, 21);
  const before = Array.from({ length: LANES }, (_, lane) => rows.values(lane).slice());
  const moments = rows.moments().slice();
  before.forEach((values, lane) => {
    expect(values).toHaveLength(21);
    expect(moments[lane]).toBe(values.reduce((all, value) => all + value, 0));
    expect(moments[LANES + lane]).toBe(values.reduce((all, value) => all + value * value, 0));
    rows.standardise(lane, 0.1, 1 / 3);
    expect(rows.values(lane)).toEqual(values.map((value) => (value - 0.1) * (1 / 3)));
  });
});

it("keeps what it needs when another asks for longer rows", () => {
  const narrow = noiseRows({ seed: 1, domain: 1, width: 8 });
  narrow.draw(0, 0, 0, 8);
  const first = narrow.values(0).slice();
  noiseRows({ seed: 1, domain: 1, width: 100_000 }).draw(0, 1, 0, 100_000);
  narrow.draw(0, 0, 0, 8);
  expect(narrow.values(0)).toEqual(first);
});
