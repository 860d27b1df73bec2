import { describe, expect, it } from "vitest";
import { createRandom, normalDistribution, normalQuantile, normalTable, philox } from "./random.js";

function hex(counter: number[], key: number[]): string {
  const out = new Uint32Array(4);
  philox(counter[0], counter[1], counter[2], counter[3], key[0], key[1], out);
  return Array.from(out, (word) => word.toString(16).padStart(8, "0")).join(" ");
}

describe("philox", () => {
  // Known answers published with the Random123 library (philox4x32, 10 rounds).
  it("gives the published known answers", () => {
    const ones = 0xffffffff;
    expect(hex([0, 0, 0, 0], [0, 0])).toBe("6627e8d5 e169c58d bc57ac4c 9b00dbd8");
    expect(hex([ones, ones, ones, ones], [ones, ones])).toBe("408f276d 41c83b0e a20bc7c6 6d5451fd");
    expect(hex([0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0])).toBe(
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    );
  });
});

describe("normals", () => {
  it("inverts the distribution function", () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12);
    expect(normalQuantile(1e-5)).toBeCloseTo(-4.264890793922825, 12);
    expect(normalQuantile(0.5)).toBeCloseTo(0, 15);
    expect(normalDistribution(-3.0001) / normalDistribution(-2.9999)).toBeCloseTo(Math.exp(-0.000657), 5);
  });

  it("has a table of mean 0, variance 1 and kurtosis near 3", () => {
    const table = normalTable();
    let [mean, variance, fourth] = [0, 0, 0];
    for (const z of table) {
      mean += z / table.length;
      variance += z ** 2 / table.length;
      fourth += z ** 4 / table.length;
    }
    expect(mean).toBeCloseTo(0, 12);
    expect(variance).toBeCloseTo(1, 7);
    expect(Math.abs(fourth - 3)).toBeLessThan(5e-3);
    expect(table[65535]).toBeGreaterThan(4.2);
    expect(table[65535]).toBeLessThan(4.4);
  });

  it("has in its table what the quantiles of all levels are", () => {
    const table = normalTable();
    const quantiles = Float64Array.from(table, (_, i) => normalQuantile((i + 0.5) / table.length));
    const scale = Math.sqrt(table.length / quantiles.reduce((sum, z) => sum + z * z, 0));
    expect(table.every((level, i) => level === Math.fround(quantiles[i] * scale))).toBe(true);
  });
});

describe("createRandom", () => {
  it("depends on seed and stream, high seed bits included", () => {
    const first = (seed: number, stream?: number) => createRandom(seed, stream).word();
    expect(first(1)).toBe(first(1));
    expect(new Set([first(1), first(2), first(1, 1), first(1 + 2 ** 32), first(-1)]).size).toBe(5);
  });

  it("resumes from a position", () => {
    const random = createRandom(5, 2);
    for (let i = 0; i < 7; i++) random.next();
    const saved = random.position;
    const after = [
      random.next(),
      random.normal(),
      random.integer(1000),
      ...random.normals(new Float32Array(5)),
    ];
    const resumed = createRandom(5, 2);
    resumed.position = saved;
    const again = [
      resumed.next(),
      resumed.normal(),
      resumed.integer(1000),
      ...resumed.normals(new Float32Array(5)),
    ];
    expect(again).toEqual(after);
    expect(resumed.position).toBe(saved + 6);
  });

  it("draws integers evenly and normals of unit variance", () => {
    const random = createRandom(11);
    const counts = new Float64Array(10);
    for (let i = 0; i < 100_000; i++) counts[random.integer(10)]++;
    let chi2 = 0;
    for (const count of counts) chi2 += (count - 10_000) ** 2 / 10_000;
    expect(chi2).toBeLessThan(27.9); // 99.9 % point of chi-square with 9 degrees of freedom
    const z = random.normals(new Float32Array(100_001));
    const mean = z.reduce((sum, value) => sum + value, 0) / z.length;
    const variance = z.reduce((sum, value) => sum + value * value, 0) / z.length;
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(Math.abs(variance - 1)).toBeLessThan(0.02);
  });
});
