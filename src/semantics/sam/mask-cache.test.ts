import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cacheFolder, makeRoom } from "../../base/room.js";
import { seal } from "../../base/sealed-file.js";
import { createRaster } from "../../image/raster.js";
import { cacheKey, readCached, writeCached } from "./mask-cache.js";
import { resolveSamOptions } from "./options.js";
import type { Generated } from "./types.js";

/** The names of its files. */
const OWN_NAME = /^[0-9a-f]{64}\.masks$/;

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

/** A key, and the names of the files that the cache would have for such. */
const key = (word: string) => createHash("sha256").update(word).digest("hex");
const file = (word: string) => join(folder, `${key(word)}.masks`);
const size = { width: 40, height: 30 };
const write = (word: string, masks = generated) => writeCached(key(word), masks, folder);
const read = (word: string, of = size) => readCached(key(word), of, folder);

describe("masks in files", () => {
  it("come back as they were, and nothing comes for another key", async () => {
    await write("a", generated);
    expect(await read("a")).toEqual(generated);
    expect(await read("b")).toBeUndefined();
    await write("none", { masks: [], asked: 1, points: 1 });
    expect(await read("none")).toEqual({ masks: [], asked: 1, points: 1 });
  });

  it("are not believed when damaged, anywhere, and can be written again", async () => {
    const path = file("a");
    const whole = await readFile(path);
    for (const at of [0, 31, 32, 60, whole.length - 1]) {
      const bytes = Buffer.from(whole);
      bytes[at] ^= 1;
      await writeFile(path, bytes);
      expect(await read("a")).toBeUndefined();
    }
    for (const length of [0, 10, 40]) {
      await writeFile(path, whole.subarray(0, length));
      expect(await read("a")).toBeUndefined();
    }
    await write("a", generated);
    expect(await read("a")).toEqual(generated);
  });

  it("take a bounded room: those not used for longest go", async () => {
    for (const [i, word] of ["old", "older", "new"].entries()) {
      await write(word);
      const day = new Date(2020, 0, [20, 10, 30][i]);
      await utimes(file(word), day, day);
    }
    await read("older"); // and with that it is the newest
    const size = (await readFile(file("old"))).length;
    for (const word of ["a", "none"]) await rm(file(word));
    await makeRoom(folder, OWN_NAME, 2 * size);
    const left = (await readdir(folder)).map((name) => join(folder, name));
    expect(left.sort()).toEqual([file("new"), file("older")].sort());
  });

  it("are for this user alone", async () => {
    const below = join(folder, "private", "below");
    await writeCached(key("a"), generated, below);
    expect((await stat(below)).mode & 0o777).toBe(0o700);
    expect((await stat(join(below, `${key("a")}.masks`))).mode & 0o777).toBe(0o600);
  });

  it("are read from, and removed with, no file of another form, and no link is followed", async () => {
    const others = ["holiday.masks", `${key("x").toUpperCase()}.masks`, `${key("x")}.masks~`, "a.txt"];
    const place = join(folder, "others");
    await mkdir(place);
    for (const name of others) await writeFile(join(place, name), "precious");
    await mkdir(join(place, `${key("folder")}.masks`));
    await write("linked");
    await symlink(file("linked"), join(place, `${key("linked")}.masks`));
    await makeRoom(place, OWN_NAME, 0);
    expect(await readdir(place)).toHaveLength(others.length + 2);
    expect(await readCached(key("linked"), size, place)).toBeUndefined();
    await writeCached(key("linked"), { masks: [], asked: 0, points: 0 }, place);
    expect(await read("linked")).toEqual(generated);
    expect(await readCached("../others/x", size, folder)).toBeUndefined();
    await writeCached("../escaped", generated, place);
    expect(await readdir(folder)).not.toContain("escaped.masks");
  });

  it("are not believed where they are no masks of the picture, whatever their sum says", async () => {
    expect(await read("linked", { width: 30, height: 40 })).toBeUndefined();
    const store = async (json: unknown, steps: readonly number[] = []) => {
      const text = Buffer.from(typeof json === "string" ? json : JSON.stringify(json));
      const whole = Buffer.alloc(4 + text.length + 4 * steps.length);
      whole.writeUInt32LE(text.length);
      text.copy(whole, 4);
      steps.forEach((step, i) => whole.writeUInt32LE(step, 4 + text.length + 4 * i));
      await pack(whole);
    };
    const pack = (whole: Buffer) => {
      return writeFile(file("made"), seal(deflateRawSync(whole)));
    };
    const { runs: _, ...mask } = { ...generated.masks[1], edges: 2 };
    const facts = { asked: 1, points: 1, size: [40, 30] };
    await store({ ...facts, facts: [mask] }, [3, 5]);
    expect((await read("made"))?.masks[0].runs.edges).toEqual(Uint32Array.of(3, 8));
    const begun = process.memoryUsage.rss();
    for (const [json, steps] of [
      ["[".repeat(100_000), []],
      [null, []],
      [{ ...facts, facts: [null] }, []],
      [{ ...facts, facts: [{ ...mask, edges: 2 ** 31 }] }, [3, 5]],
      [{ ...facts, facts: [{ ...mask, edges: 1.5 }] }, [3, 5]],
      [{ ...facts, facts: [{ ...mask, edges: 4 }] }, [3, 5]],
      [{ ...facts, facts: [{ ...mask, edges: 1 }] }, [3]],
      [{ ...facts, facts: [mask] }, [3, 0]],
      [{ ...facts, facts: [mask] }, [3, 1200]],
      [{ ...facts, facts: [mask] }, [3, 5, 7]],
      [{ ...facts, facts: [{ ...mask, box: [1, 2, 3] }] }, [3, 5]],
      [{ ...facts, facts: [{ ...mask, area: "many" }] }, [3, 5]],
      [{ ...facts, asked: -1, facts: [] }, []],
      [{ ...facts, size: [2 ** 30, 2 ** 30], facts: [mask] }, [3, 5]],
    ] as [unknown, number[]][]) {
      await store(json, steps);
      expect(await read("made"), JSON.stringify(json).slice(0, 200)).toBeUndefined();
    }
    // 80 MB of nothing, in 80 KB.
    await pack(Buffer.alloc(80e6));
    expect(await read("made")).toBeUndefined();
    expect(process.memoryUsage.rss() - begun).toBeLessThan(400e6);
  });

  it("are not kept where nothing can be written, without a word", async () => {
    await writeFile(join(folder, "file"), "");
    await writeCached(key("a"), generated, join(folder, "file", "below"));
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
