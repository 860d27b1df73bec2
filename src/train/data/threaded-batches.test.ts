import { beforeEach, describe, expect, it, vi } from "vitest";
import { startBatches } from "./threaded-batches.js";

/** Threads that say what is asked of them; number n finds 10 damaged in opening, and in making what its step says. */
const threads: { opened: unknown[]; steps: number[]; closed: boolean }[] = [];
let refusing = -1;

vi.mock("../../runtime/index.js", () => ({
  startThread: () => {
    const thread = { opened: [] as unknown[], steps: [] as number[], closed: false };
    const number = threads.push(thread) - 1;
    const skip = (file: string) => [{ file, reason: "damaged" }];
    return {
      async call(name: string, args: { step: number }) {
        if (name === "open") {
          thread.opened.push(args);
          if (number === refusing) throw new Error(`thread ${number} refuses`);
          return { kind: "photos", count: 5, skipped: skip("first.png") };
        }
        thread.steps.push(args.step);
        const batch = { hr: Float32Array.of(args.step), lq: new Float32Array(0) };
        return { batch, skipped: skip(args.step < 4 ? "early.png" : "late.png") };
      },
      async close() {
        thread.closed = true;
      },
    };
  },
}));

beforeEach(() => {
  threads.length = 0;
  refusing = -1;
});

const options = { folders: ["photos"], batch: 1, crop: 32, seed: 5 };

describe("startBatches", () => {
  it("has thread s mod n make step s, two for each ahead, and shares out the memory", async () => {
    const batches = await startBatches({ ...options, threads: 3, maxBytes: 300 });
    for (let step = 0; step < 3; step++) expect((await batches.at(step)).hr[0]).toBe(step);
    expect(threads.map(({ steps }) => steps)).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
    for (const { opened } of threads) expect(opened).toEqual([{ ...options, maxBytes: 100 }]);
  });

  it("tells of a damaged file once, whichever threads find it", async () => {
    const skipped: string[] = [];
    const batches = await startBatches({ ...options, threads: 2 }, (file) => skipped.push(file));
    for (let step = 0; step < 6; step++) await batches.at(step);
    expect(skipped).toEqual(["first.png", "early.png", "late.png"]);
  });

  it("ends every thread on closing, and when one of them cannot open", async () => {
    const batches = await startBatches({ ...options, threads: 3 });
    await batches.close();
    expect(threads.map(({ closed }) => closed)).toEqual([true, true, true]);
    threads.length = 0;
    refusing = 1;
    await expect(startBatches({ ...options, threads: 3 })).rejects.toThrow("thread 1 refuses");
    expect(threads.map(({ closed }) => closed)).toEqual([true, true, true]);
  });
});
