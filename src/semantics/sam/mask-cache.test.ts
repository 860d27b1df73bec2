import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createRaster } from "../../image/raster.js";
import { cacheFolder, cacheKey, makeRoom, readCached, writeCached } from "./mask-cache.js";
import { resolveSamOptions } from "./options.js";
import type { Generated } from "./types.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "samsr-cache-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const generated: Generated = {
  asked: 60,
  points: 64,
  masks: [Number.NaN, 0.97].map((stabilityScore, i) => ({
    runs: { width: 40, height: 30, edges: Uint32Array.of(3, 17, 43 + i, 1200) },
    box: [3, 0, 17, 29],
    area: 1171 - i,
    predictedIou: 0.9,
    stabilityScore,
    point: [10.5, 7.25],
    cropBox: [0, 0, 40, 30],
  })),
};

describe("masks in files", () => {
  it("come back as they were, and nothing comes for another key", async () => {
    await writeCached("a", generated, folder);
    expect(await readCached("a", folder)).toEqual(generated);
    expect(await readCached("b", folder)).toBeUndefined();
    await writeCached("none", { masks: [], asked: 1, points: 1 }, folder);
    expect(await readCached("none", folder)).toEqual({ masks: [], asked: 1, points: 1 });
  });

  it("are not believed when damaged, anywhere, and can be written again", async () => {
    const path = join(folder, "a.masks");
    const whole = await readFile(path);
    for (const at of [0, 31, 32, 60, whole.length - 1]) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1;
      await writeFile(path, bytes);
      expect(await readCached("a", folder)).toBeUndefined();
    }
    for (const length of [0, 10, 40]) {
      await writeFile(path, whole.subarray(0, length));
      expect(await readCached("a", folder)).toBeUndefined();
    }
    await writeCached("a", generated, folder);
    expect(await readCached("a", folder)).toEqual(generated);
  });

  it("take a bounded room: those not used for longest go", async () => {
    for (const [i, key] of ["old", "older", "new"].entries()) {
      await writeCached(key, generated, folder);
      const day = new Date(2020, 0, [20, 10, 30][i]);
      await utimes(join(folder, `${key}.masks`), day, day);
    }
    await readCached("older", folder); // and with that it is the newest
    const size = (await readFile(join(folder, "old.masks"))).length;
    for (const key of ["a", "none"]) await rm(join(folder, `${key}.masks`));
    await makeRoom(folder, 2 * size);
    expect((await readdir(folder)).sort()).toEqual(["new.masks", "older.masks"]);
  });

  it("are not kept where nothing can be written, without a word", async () => {
    await writeFile(join(folder, "file"), "");
    await writeCached("a", generated, join(folder, "file", "below"));
  });

  it("have names that pixels, size, weights and options decide, but not the size of batches", () => {
    const options = resolveSamOptions();
    const picture = createRaster(4, 2, 3);
    const changed = createRaster(4, 2, 3);
    changed.data[5] = 1;
    const keys = [
      cacheKey(picture, "w", options),
      cacheKey(changed, "w", options),
      cacheKey(createRaster(2, 4, 3), "w", options),
      cacheKey(picture, "v", options),
      cacheKey(picture, "w", { ...options, boxNmsThresh: 0.6 }),
      cacheKey(picture, "w", { ...options, adaptive: true }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(cacheKey(picture, "w", { ...options, pointsPerBatch: 8 })).toBe(keys[0]);
  });

  it("lie where the platform keeps such things, or where SAMSR_CACHE says", () => {
    expect(cacheFolder({ SAMSR_CACHE: "/x" })).toBe("/x");
    expect(cacheFolder({ XDG_CACHE_HOME: "/c" }, "linux")).toBe(join("/c", "samsr"));
    expect(cacheFolder({ XDG_CACHE_HOME: "relative" }, "linux")).toMatch(/\.cache.samsr$/);
    expect(cacheFolder({}, "darwin")).toMatch(/Library.Caches.samsr$/);
    expect(cacheFolder({ LOCALAPPDATA: "L" }, "win32")).toBe(join("L", "samsr", "cache"));
  });
});
