import { describe, expect, it } from "vitest";
import type { Batch } from "./batches.js";
import { createBatches } from "./batches.js";
import type { SampleSource } from "./samples.js";
import { permutation, pool, shuffle } from "./shuffle.js";

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const sorted = (values: number[]) => [...values].sort((a, b) => a - b);

describe("shuffle", () => {
  it("visits every photo once an epoch, each epoch in an order of its own", () => {
    const order = shuffle(37, 5);
    const epochs = [0, 1, 2, 900].map((epoch) => range(37 * epoch, 37 * (epoch + 1)).map(order));
    for (const epoch of epochs) expect(sorted(epoch)).toEqual(range(0, 37));
    expect(new Set(epochs.map(String)).size).toBe(4);
    expect(range(0, 37).map(shuffle(37, 6))).not.toEqual(epochs[0]);
  });

  it("is the same wherever one begins", () => {
    const whole = range(0, 500).map(shuffle(37, 5));
    for (const start of [1, 36, 37, 38, 333]) {
      expect(range(start, 500).map(shuffle(37, 5))).toEqual(whole.slice(start));
    }
    const order = shuffle(37, 5);
    for (const n of [499, 0, 250, 37, 36]) expect(order(n)).toBe(whole[n]);
  });

  it("puts every photo at every place equally often", () => {
    // 6000 orders of 3: each of the 6 is expected 1000 times, with a deviation of 29.
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = permutation(3, 1, i).join("");
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(5 * 29);
  });
});

describe("pool", () => {
  it("is a permutation of each window, and of 1 changes nothing", () => {
    const order = range(0, 60).map(pool(20, 3));
    for (const start of [0, 20, 40]) {
      expect(sorted(order.slice(start, start + 20))).toEqual(range(start, start + 20));
    }
    expect(order).not.toEqual(range(0, 60));
    expect(range(0, 60).map(pool(1, 3))).toEqual(range(0, 60));
  });
});

describe("createBatches", () => {
  /** Says which photo it is asked for, and the first number of its random stream. */
  const telling: SampleSource = {
    count: 10,
    sample: async (index, crop, random) => ({
      hr: new Float32Array(3 * crop * crop).fill(index),
      lq: new Float32Array((3 * crop * crop) / 16).fill(random.next()),
    }),
  };
  const make = (poolSize?: number) =>
    createBatches({ source: telling, batch: 4, crop: 4, seed: 7, pool: poolSize });
  const told = ({ hr, lq }: Batch) => range(0, 4).map((n) => `${hr[48 * n]} ${lq[3 * n]}`);

  it("visits every photo once an epoch, across batches", async () => {
    const batches = await Promise.all(range(0, 5).map((step) => make().at(step)));
    const visited = batches.flatMap((batch) => range(0, 4).map((n) => batch.hr[48 * n]));
    expect(sorted(visited.slice(0, 10))).toEqual(range(0, 10));
    expect(sorted(visited.slice(10))).toEqual(range(0, 10));
  });

  it("makes the same samples with a pool, in other company", async () => {
    const all = async (poolSize?: number) =>
      (await Promise.all(range(0, 10).map(async (step) => told(await make(poolSize).at(step))))).flat();
    const [plain, pooled] = [await all(), await all(20)];
    expect(pooled).not.toEqual(plain);
    expect([...pooled].sort()).toEqual([...plain].sort());
    expect(told(await make(20).at(7))).toEqual(pooled.slice(28, 32));
  });
});
