import { beforeEach, describe, expect, it, vi } from "vitest";
import type { News } from "./shared-photos.js";
import { startBatches } from "./threaded-batches.js";

/**
 * Threads that say what is asked of them; each decodes a photo of 100 bytes a step, and finds the same files
 * damaged.
 */
const threads: { opened: unknown[]; steps: number[]; news: string[]; closed: boolean }[] = [];
let refusing = -1;

vi.mock("../../runtime/index.js", () => ({
  startThread: () => {
    const thread = { opened: [] as unknown[], steps: [] as number[], news: [] as string[], closed: false };
    const number = threads.push(thread) - 1;
    const skip = (file: string) => [{ file, reason: "damaged" }];
    return {
      async call(name: string, args: { step: number; news?: News }) {
        if (name === "open") {
          thread.opened.push(args);
          if (number === refusing) throw new Error(`thread ${number} refuses`);
          return { kind: "photos", count: 5, skipped: skip("first.png") };
        }
        thread.steps.push(args.step);
        thread.news.push(...(args.news?.photos.map(({ file }) => file) ?? []));
        const photo = {
          file: `${args.step}.png`,
          width: 10,
          height: 10,
          channels: 1,
          data: new Uint8Array(100),
        };
        const batch = { hr: Float32Array.of(args.step), lq: new Float32Array(0) };
        return { batch, skipped: skip(args.step < 4 ? "early.png" : "late.png"), decoded: [photo] };
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
  it("has thread s mod n make step s, two for each ahead", async () => {
    const batches = await startBatches({ ...options, threads: 3, maxBytes: 300 });
    for (let step = 0; step < 3; step++) expect((await batches.at(step)).hr[0]).toBe(step);
    expect(threads.map(({ steps }) => steps)).toEqual([
      [0, 3, 6],
      [1, 4, 7],
      [2, 5, 8],
    ]);
    for (const { opened } of threads) expect(opened).toEqual([{ ...options, maxBytes: 300, shared: true }]);
  });

  it("tells the threads of each other's photos, as many as there is memory for", async () => {
    const batches = await startBatches({ ...options, threads: 2, maxBytes: 300 });
    for (let step = 0; step < 20; step++) await batches.at(step);
    for (const { news } of threads) expect(news).toEqual(["0.png", "1.png", "2.png"]);
    threads.length = 0;
    const alone = await startBatches({ ...options, maxBytes: 300 });
    for (let step = 0; step < 20; step++) await alone.at(step);
    expect(threads[0].opened).toEqual([{ ...options, maxBytes: 300, shared: false }]);
    expect(threads[0].news).toEqual([]);
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
