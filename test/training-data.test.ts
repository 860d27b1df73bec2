/** The threads that make batches, as they are built. */
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createBatches } from "../src/train/data/batches.js";
import { openSource } from "../src/train/data/source.js";
import { drawing, temporaryFolder } from "./fixtures/cli.js";

const { startBatches } = (await import(
  new URL("../dist/train/data/threaded-batches.js", import.meta.url).href
)) as typeof import("../src/train/data/threaded-batches.js");

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

beforeAll(async () => {
  for (const [i, width] of [160, 140, 90, 120, 150].entries()) {
    await drawing({ width, height: 100 })
      .png()
      .toFile(path("photos", `${i}.png`));
  }
  writeFileSync(path("photos", "2.png"), "no picture");
  writeFileSync(path("broken", "a.jpg"), "no picture");
  await drawing({ width: 64, height: 64 })
    .png()
    .toFile(path("pairs", "hr", "a.png"));
  await drawing({ width: 16, height: 16 })
    .png()
    .toFile(path("pairs", "lr", "a.png"));
});

const options = { batch: 3, crop: 32, seed: 5 };

const STEPS = [0, 1, 2, 3, 20];

describe("startBatches", () => {
  const blind = () =>
    ({ ...options, folders: [path("photos")], degradation: "real-esrgan", pool: 6 }) as const;
  const here = new Map<number, unknown>();
  beforeAll(async () => {
    const { source } = await openSource(blind(), () => {});
    const batches = createBatches({ source, ...blind() });
    for (const step of STEPS) here.set(step, await batches.at(step));
  });

  // One byte is no room to keep a photo: memory must not show in what is made.
  it.each([
    [1, undefined],
    [3, 1],
  ])(
    "on %i threads, memory %s, gives what batches made on the spot are, in any order",
    async (threads, maxBytes) => {
      const skipped: string[] = [];
      const batches = await startBatches({ ...blind(), threads, maxBytes }, (file) => skipped.push(file));
      try {
        expect([batches.kind, batches.count]).toEqual(["photos", 5]);
        for (const step of [...STEPS, 1]) expect(await batches.at(step)).toEqual(here.get(step));
        expect(skipped).toEqual([path("photos", "2.png")]);
      } finally {
        await batches.close();
      }
      for (const step of [50, 51, 52]) await expect(batches.at(step)).rejects.toThrow("closed");
    },
  );

  it.each([
    [{ folders: ["missing"] }, /missing: cannot read this folder/],
    [{ folders: ["broken"] }, /broken: expected photos .* found none that can be read/],
    [{ folders: ["photos", "pairs"] }, /pairs holds saved pairs \(hr and lr\) and .*photos does not/],
    [
      { folders: ["pairs"], degradation: "mild" } as const,
      /pairs holds saved pairs .* leave out the degradation mild/,
    ],
    [{ folders: ["photos"], crop: 30 }, /crop is 30/],
    [{ folders: ["pairs"], crop: 128 }, /too small for crops of 128/],
  ])("refuses %j", async (given, message) => {
    const folders = given.folders.map((name) => path(name));
    await expect(startBatches({ ...options, ...given, folders })).rejects.toThrow(message);
  });

  it("brings noise and W with each batch where it is asked to", async () => {
    const noise = { kind: "semantic", channels: 48, seed: 5, masks: "regions", variant: "paper" } as const;
    const of = { ...options, crop: 64, folders: [path("photos")], degradation: "bicubic", noise } as const;
    const { source } = await openSource(of, () => {});
    const here = createBatches({ source, ...of });
    const batches = await startBatches({ ...of, threads: 2 });
    try {
      for (const step of [0, 1, 2]) {
        const batch = await batches.at(step);
        expect([batch.noise?.length, batch.weight?.length]).toEqual([3 * 48 * 16 * 16, 3 * 16 * 16]);
        expect(batch).toEqual(await here.at(step));
      }
    } finally {
      await batches.close();
    }
  });

  it("takes saved pairs as they are", async () => {
    const pairs = await startBatches({ ...options, crop: 64, folders: [path("pairs")] });
    expect(pairs.kind).toBe("pairs");
    const { hr, lq } = await pairs.at(0);
    expect([hr.length, lq.length]).toEqual([3 * 3 * 64 * 64, 3 * 3 * 16 * 16]);
    await pairs.close();
  });
});
