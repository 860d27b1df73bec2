import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import type { FindMasks } from "../../semantics/index.js";
import { runsOf } from "../../semantics/index.js";
import { COUNT_STEPS, type CoverageSampleOptions, coverageSamples } from "./coverage-samples.js";
import { type CoverageTarget, filesTarget, regionsTarget, samTarget } from "./coverage-targets.js";
import { mildDegradation, mildValidation } from "./degrade.js";
import type { Photo } from "./photos.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-coverage-"));
afterAll(() => rmSync(directory, { recursive: true }));
let folders = 0;
const folder = () => join(directory, `samples${folders++}`);

/** A bright disc on a dark ground. */
function disc(name: string, width: number, height: number): Photo {
  const data = new Uint8Array(3 * width * height);
  for (let p = 0; p < width * height; p++) {
    const inside = Math.hypot((p % width) - width / 2, Math.floor(p / width) - height / 2) < height / 4;
    data.fill(inside ? 220 : 40, 3 * p, 3 * p + 3);
  }
  return { name, width, height, channels: 3, data };
}

/** Counts the bright pixels once, and how often it was asked. */
function brightTarget(): CoverageTarget & { asked: number } {
  return {
    name: "bright pixels",
    asked: 0,
    async coverage({ lq }) {
      this.asked++;
      return Float32Array.from({ length: lq.width * lq.height }, (_, p) => (lq.data[3 * p] > 128 ? 1 : 0));
    },
  };
}

const options = (more: Partial<CoverageSampleOptions> = {}): CoverageSampleOptions => ({
  photos: [disc("wide.png", 200, 120), disc("tall.png", 120, 200)],
  target: brightTarget(),
  width: 28,
  height: 20,
  variants: 2,
  seed: 1,
  degradation: mildDegradation(mildValidation),
  folder: folder(),
  ...more,
});

describe("samples of coverage", () => {
  it("keep picture and counts together, however the picture is laid", async () => {
    const samples = await coverageSamples(options({ variants: 4 }));
    expect(samples.count).toBe(8);
    for (let i = 0; i < samples.count; i++) {
      const [image, counts] = [samples.image(i), samples.counts(i)];
      expect(image).toHaveLength(3 * 28 * 20);
      expect([...counts]).toEqual(
        [...image.subarray(0, counts.length)].map((v) => (v > 128 ? COUNT_STEPS : 0)),
      );
      expect(counts.some((count) => count > 0)).toBe(true);
    }
    expect(new Set(Array.from({ length: 8 }, (_, i) => String(samples.image(i)))).size).toBe(8);
  });

  it("are found again where they were kept, and made anew where anything decides otherwise", async () => {
    const kept = folder();
    const first = options({ folder: kept });
    const made = await coverageSamples(first);
    const again = brightTarget();
    const found = await coverageSamples({ ...first, target: again });
    expect(again.asked).toBe(0);
    expect(found.image(3)).toEqual(made.image(3));
    expect(found.counts(3)).toEqual(made.counts(3));
    for (const change of [{ seed: 2 }, { width: 32 }, { photos: first.photos.slice(0, 1) }]) {
      const target = brightTarget();
      await coverageSamples({ ...first, ...change, target });
      expect(target.asked).toBeGreaterThan(0);
    }
  });

  it("leave whole files when they are interrupted, and go on after them", async () => {
    const controller = new AbortController();
    const kept = folder();
    const target = brightTarget();
    const report = () => controller.abort();
    const run = coverageSamples(options({ folder: kept, target, report, signal: controller.signal }));
    await expect(run).rejects.toThrow(/aborted/);
    expect(readdirSync(kept)).toHaveLength(1);
    const rest = brightTarget();
    await coverageSamples(options({ folder: kept, target: rest }));
    expect([target.asked, rest.asked]).toEqual([2, 2]);
  });
});

describe("masks to learn from", () => {
  const photo = disc("one.png", 64, 48);
  const region = { x: 0, y: 0, width: 64, height: 48 };

  it("regions are counted on average over noisy copies", async () => {
    const target = regionsTarget({ passes: 3, deviation: 1 });
    // Wide, so that the disc is a small enough part of it to be a mask.
    const lq = disc("wide.png", 160, 48);
    const counts = await target.coverage({ photo, region, lq }, createRandom(1));
    expect(counts).toHaveLength(160 * 48);
    for (const count of counts) expect(Number.isInteger(Math.round(count * 3 * 1e4) / 1e4)).toBe(true);
    expect(counts[24 * 160 + 80]).toBeGreaterThan(0);
  });

  it("Segment Anything looks at the enlargement, and its masks are brought to the picture's size", async () => {
    const small = disc("small.png", 8, 6);
    const left = new Uint8Array(32 * 24).map((_, p) => (p % 32 < 16 ? 1 : 0));
    const all = new Uint8Array(32 * 24).fill(1);
    const masks = [left, all].map((mask) => ({ runs: runsOf(mask, 32, 24) }));
    const findMasks: FindMasks = async (picture) => {
      expect([picture.width, picture.height]).toEqual([32, 24]);
      return { masks } as unknown as Awaited<ReturnType<FindMasks>>;
    };
    const counts = await samTarget(findMasks, "x").coverage({ photo, region, lq: small }, createRandom(1));
    expect([...counts.subarray(0, 8)]).toEqual([2, 2, 2, 2, 1, 1, 1, 1]);
  });

  it("files are found by the photo's name, cut to its part and averaged over each pixel", async () => {
    const masks = folder();
    mkdirSync(join(masks, "one"), { recursive: true });
    for (const [i, side] of [32, 64].entries()) {
      // The left half, and everything.
      const data = new Uint8Array(64 * 48).map((_, p) => (p % 64 < side ? 255 : 0));
      await sharp(data, { raw: { width: 64, height: 48, channels: 1 } }).toFile(
        join(masks, "one", `${i}.png`),
      );
    }
    const lq = { ...photo, width: 4, height: 3, data: new Uint8Array(36) };
    const part = { x: 8, y: 0, width: 64 - 16, height: 48 };
    const counts = await filesTarget(masks).coverage({ photo, region: part, lq }, createRandom(1));
    expect([...counts.subarray(0, 4)]).toEqual([2, 2, 1, 1]);
    const other = { photo: { ...photo, name: "two.png" }, region, lq };
    await expect(filesTarget(masks).coverage(other, createRandom(1))).rejects.toThrow(
      /no masks of the photo two\.png; expected a folder of masks or a label map .*two\.png$/,
    );
  });
});
