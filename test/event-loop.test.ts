/**
 * Whoever calls samsr goes on answering: the event loop of the caller never stalls, from decoding to
 * encoding.
 */
import { existsSync, rmSync } from "node:fs";
import { createUpscaler, type Upscaler, upscale } from "samsr";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { photoLike } from "./fixtures/pictures.js";
import { writeSmallModel } from "./fixtures/small-model.js";
import { longestStall } from "./fixtures/stall.js";

let small: string;
let upscaler: Upscaler;
beforeAll(async () => {
  if (!existsSync(new URL("../dist/index.js", import.meta.url))) {
    throw new Error("these tests run the built package: npm run build");
  }
  small = writeSmallModel();
  upscaler = await createUpscaler({ model: small, device: "cpu", threads: 2 });
});
afterAll(async () => {
  await upscaler.close();
  rmSync(small, { recursive: true });
});

describe("the caller's event loop", () => {
  // A machine that is busy with other things is late by itself, now and then.
  it("stalls less than 50 ms while the bundled model enlarges", { retry: 3, timeout: 300_000 }, async () => {
    const raster = photoLike(208, 96);
    const stall = await longestStall(async () => {
      const bundled = await createUpscaler({ device: "cpu", threads: 2 });
      await bundled.upscale(raster);
      await bundled.close();
    });
    expect(stall).toBeLessThan(50);
  });

  it("stalls less than 50 ms from a large file to a larger one", { retry: 3, timeout: 300_000 }, async () => {
    const { width, height, data } = photoLike(512, 320);
    const alpha = { r: 255, g: 255, b: 255, alpha: 1 };
    const input = await sharp(data, { raw: { width, height, channels: 3 } })
      .ensureAlpha()
      .extend({ left: 40, background: { ...alpha, alpha: 0 } })
      .png()
      .toBuffer();
    const stall = await longestStall(() =>
      upscale(input, { upscaler, method: "sinsr", scale: 3, overlap: 8 }),
    );
    expect(stall).toBeLessThan(50);
  });

  it("hears of an abort at once, and the thread is free again after the tile", {
    timeout: 60_000,
  }, async () => {
    const stop = new AbortController();
    const reason = new Error("enough");
    let aborted = 0;
    let last = 0;
    const job = upscaler.upscale(
      photoLike(300, 300),
      { tile: 64 },
      {
        signal: stop.signal,
        onProgress({ stage, done }) {
          if (stage !== "tiles") return;
          last = done;
          if (done === 2) {
            aborted = performance.now();
            stop.abort(reason);
          }
        },
      },
    );
    await expect(job).rejects.toBe(reason);
    expect(performance.now() - aborted).toBeLessThan(100);
    expect(last).toBe(2);
    const { info } = await upscaler.upscale(photoLike(40, 40));
    expect(info.tiles).toBe(1);
    expect(performance.now() - aborted).toBeLessThan(10_000);
  });
});
