import { describe, expect, it } from "vitest";
import { createFairQueue, type Queued } from "./fair-queue.js";

const jobs = (owner: string, count: number, seconds = 1): Queued[] =>
  Array.from({ length: count }, (_, i) => ({ id: `${owner}${i}`, owner, seconds }));

describe("the fair queue", () => {
  it("gives one job of a newcomer the next turn but one, whatever another has waiting", () => {
    const queue = createFairQueue();
    for (const job of jobs("a", 1000)) queue.add(job);
    for (let i = 0; i < 5; i++) expect(queue.take()?.id).toBe(`a${i}`);
    queue.add({ id: "b", owner: "b", seconds: 1 });
    expect(queue.placeOf("b")).toBeLessThan(2);
    expect([queue.take()?.id, queue.take()?.id]).toContain("b");
  });

  it("shares time, not turns", () => {
    const queue = createFairQueue();
    for (const job of [...jobs("a", 100, 1), ...jobs("b", 100, 2)]) queue.add(job);
    const spent = { a: 0, b: 0 };
    for (let i = 0; i < 60; i++) {
      const { owner, seconds } = queue.take()!;
      spent[owner as "a" | "b"] += seconds;
    }
    expect(Math.abs(spent.a - spent.b)).toBeLessThanOrEqual(2);
  });

  it("does not keep an owner's small job behind its hundred large ones", () => {
    const queue = createFairQueue();
    for (const job of jobs("large", 100, 60)) queue.add({ ...job, owner: "a" });
    queue.take();
    queue.add({ id: "small", owner: "a", seconds: 0.2 });
    expect(queue.take()?.id).toBe("small");
  });

  it("charges what was taken, not what was claimed", () => {
    const queue = createFairQueue();
    for (const job of [...jobs("liar", 10, 0.1), ...jobs("b", 10, 1)]) queue.add(job);
    queue.correct(queue.take()!, 5);
    expect(Array.from({ length: 5 }, () => queue.take()!.owner)).toEqual(["b", "b", "b", "b", "b"]);
  });

  it("says the order in which it gives jobs out", () => {
    const queue = createFairQueue();
    const all = [...jobs("a", 7, 3), ...jobs("b", 4, 1), ...jobs("c", 5, 0.3)];
    for (const job of all) queue.add(job);
    const said = new Map(all.map(({ id }) => [queue.placeOf(id), id]));
    expect(Array.from({ length: 16 }, () => queue.take()!.id)).toEqual(
      Array.from({ length: 16 }, (_, place) => said.get(place)),
    );
    expect([queue.take(), queue.size]).toEqual([undefined, 0]);
  });

  it("passes over what does not fit, takes back, removes and counts", () => {
    const queue = createFairQueue();
    for (const job of [...jobs("a", 2), ...jobs("b", 1)]) queue.add(job);
    const job = queue.take(({ owner }) => owner !== "a")!;
    expect(job.id).toBe("b0");
    queue.putBack(job);
    expect([queue.countOf("a"), queue.countOf("b"), queue.size]).toEqual([2, 1, 3]);
    expect(queue.remove("a0")?.id).toBe("a0");
    expect(queue.remove("a0")).toBeUndefined();
    expect([queue.take()?.id, queue.take()?.id].sort()).toEqual(["a1", "b0"]);
    expect(queue.countOf("a")).toBe(0);
  });
});
