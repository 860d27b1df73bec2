import { describe, expect, it } from "vitest";
import { prefetch } from "./prefetch.js";

function counting() {
  const asked: number[] = [];
  const make = async (index: number) => {
    asked.push(index);
    if (index === 7) throw new Error("no photo");
    return 10 * index;
  };
  return { asked, make };
}

describe("prefetch", () => {
  it("begins what comes next, makes each once, and follows a jump", async () => {
    const { asked, make } = counting();
    const ahead = prefetch(make, { ahead: 2 });
    for (const index of [0, 1, 2, 20, 21]) expect(await ahead.at(index)).toBe(10 * index);
    expect(asked).toEqual([0, 1, 2, 3, 4, 20, 21, 22, 23]);
  });

  it("begins nothing past the end", async () => {
    const { asked, make } = counting();
    const ahead = prefetch(make, { ahead: 2, end: 3 });
    for (const index of [0, 1, 2]) await ahead.at(index);
    expect(asked).toEqual([0, 1, 2]);
  });

  it("hands an error to the one who asks", async () => {
    const ahead = prefetch(counting().make, { ahead: 3 });
    await ahead.at(5);
    await ahead.at(6);
    await expect(ahead.at(7)).rejects.toThrow("no photo");
    expect(await ahead.at(8)).toBe(80);
  });

  it("waits for what nobody asked for, whatever becomes of it", async () => {
    let done = 0;
    const make = async (index: number) => {
      if (index > 0) await new Promise((resolve) => setTimeout(resolve, 20));
      done++;
      if (index === 2) throw new Error("no photo");
      return index;
    };
    const ahead = prefetch(make, { ahead: 2 });
    await ahead.at(0);
    await ahead.settle();
    expect(done).toBe(3);
  });
});
