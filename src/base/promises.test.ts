import { describe, expect, it } from "vitest";
import { createChannel, createQueue, madeAhead, once, remember } from "./promises.js";

const wait = (ms: number) => new Promise((done) => setTimeout(done, ms));

describe("createQueue", () => {
  it.each([1, 2])("has %i under way at once, begun in order, and survives a failure", async (lanes) => {
    const inTurn = createQueue(lanes);
    const begun: number[] = [];
    let under = 0;
    let most = 0;
    const work = (n: number) => async () => {
      begun.push(n);
      most = Math.max(most, ++under);
      await wait(5);
      under--;
      if (n === 1) throw new Error("one");
      return n;
    };
    const results = await Promise.allSettled([0, 1, 2, 3].map((n) => inTurn(work(n))));
    expect(results.map((r) => (r.status === "fulfilled" ? r.value : "failed"))).toEqual([0, "failed", 2, 3]);
    expect(begun).toEqual([0, 1, 2, 3]);
    expect(most).toBe(lanes);
  });
});

describe("remember and once", () => {
  it("make each thing once, and a failed one again", async () => {
    const known = new Map<string, Promise<string>>();
    let calls = 0;
    const make = async (key: string) => {
      if (++calls === 1) throw new Error("not yet");
      return `${key} ${calls}`;
    };
    const get = (key: string) => remember(known, key, () => make(key));
    await expect(Promise.all([get("a"), get("a")])).rejects.toThrow("not yet");
    expect(calls).toBe(1);
    expect(await get("a")).toBe("a 2");
    expect(await get("a")).toBe("a 2");
    expect(await get("b")).toBe("b 3");
  });

  it("do not forget what was put in the place of the failed one", async () => {
    const known = new Map<string, Promise<number>>();
    const failing = remember(known, "a", async () => {
      await wait(2);
      throw new Error("late");
    });
    known.set("a", Promise.resolve(7));
    await expect(failing).rejects.toThrow("late");
    expect(await remember(known, "a", async () => 8)).toBe(7);
  });

  it("tell what was begun, without beginning it", async () => {
    const one = once(async () => 1);
    expect(one.begun()).toBeUndefined();
    expect(await one()).toBe(1);
    expect(await one.begun()).toBe(1);
  });
});

describe("createChannel", () => {
  it("gives one reader the values in order, and says when each is taken", async () => {
    const { values, push, end } = createChannel<number>();
    const told: string[] = [];
    const pushes = [1, 2].map((n) => push(n).then(() => told.push(`taken ${n}`)));
    for await (const value of values) {
      await wait(1);
      told.push(`read ${value}`);
      if (value === 1) void push(3);
      if (value === 3) end();
      if (value === 2) await wait(5);
    }
    await Promise.all(pushes);
    expect(told).toEqual(["taken 1", "read 1", "taken 2", "read 2", "read 3"]);
  });

  it("fails for both sides", async () => {
    const torn = new Error("torn");
    const { values, push, fail } = createChannel<number>();
    const waiting = push(1);
    fail(torn);
    await expect(waiting).rejects.toBe(torn);
    await expect(push(2)).rejects.toBe(torn);
    await expect(values[Symbol.asyncIterator]().next()).rejects.toBe(torn);
  });
});

describe("madeAhead", () => {
  it.each([0, 1, 2])("begins %i more than what is waited for, and throws in turn", async (ahead) => {
    const begun: number[] = [];
    const make = async (n: number) => {
      begun.push(n);
      if (n === 3) throw new Error("three");
      return 10 * n;
    };
    const seen: number[] = [];
    const walk = async () => {
      for await (const made of madeAhead([0, 1, 2, 3, 4], make, ahead)) {
        expect(begun).toHaveLength(Math.min(made / 10 + 1 + ahead, 5));
        seen.push(made);
      }
    };
    await expect(walk()).rejects.toThrow("three");
    expect(seen).toEqual([0, 10, 20]);
  });
});
