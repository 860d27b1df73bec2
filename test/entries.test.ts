/** The package's entries, as another package imports them: what their guides name is there, and works. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMeasurer, evaluateFolder, METRICS, psnrY } from "samsr/evaluate";
import { createRaster, encodeToFile, resample } from "samsr/image";
import { IncompleteConfig, runTraining, tinyConfig } from "samsr/train";
import { expect, it } from "vitest";
import { photoLike } from "./fixtures/pictures.js";

it("samsr/image makes and resizes pictures, samsr/evaluate measures them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "samsr-entries-"));
  const photo = photoLike(24, 24);
  expect((await resample(photo, 12, 12)).width).toBe(12);
  await encodeToFile(photo, join(folder, "a.png"), { format: "png" });
  const measurer = await createMeasurer({ metrics: ["psnr", "ssim"] });
  const { mean } = await evaluateFolder(folder, { measurer, reference: folder });
  await measurer.close();
  expect(mean.psnr).toBe(Number.POSITIVE_INFINITY);
  expect(mean.ssim).toBeCloseTo(1, 9);
  expect(psnrY(photo, createRaster(24, 24, 3))).toBeLessThan(20);
  expect(Object.keys(METRICS).slice(0, 3)).toEqual(["psnr", "ssim", "lpips"]);
  rmSync(folder, { recursive: true });
});

it("samsr/train says what a configuration lacks", async () => {
  const out = mkdtempSync(join(tmpdir(), "samsr-entries-"));
  const refused = runTraining(tinyConfig("teacher"), { out });
  await expect(refused).rejects.toThrow(/a teacher needs "data.photos"/);
  await expect(refused).rejects.toBeInstanceOf(IncompleteConfig);
  rmSync(out, { recursive: true });
});
