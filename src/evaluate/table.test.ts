import { expect, it } from "vitest";
import type { MethodScore } from "./score.js";
import { scoreTable } from "./table.js";

const scores: MethodScore[] = [
  {
    method: "perfect",
    mean: { psnr: Number.POSITIVE_INFINITY, ssim: 1 },
    gain: {
      psnr: { mean: Number.POSITIVE_INFINITY, standardError: Number.NaN },
      ssim: { mean: 0.3, standardError: 0.01 },
    },
    photos: [],
  },
  {
    method: "bicubic",
    mean: { psnr: 25.071, ssim: 0.65234 },
    gain: { psnr: { mean: 0, standardError: 0 }, ssim: { mean: 0, standardError: 0 } },
    photos: [],
  },
  {
    method: "worse",
    mean: { psnr: 24, ssim: 0.6 },
    gain: {
      psnr: { mean: -1.071, standardError: 0.054 },
      ssim: { mean: -0.0523, standardError: Number.NaN },
    },
    photos: [],
  },
];

it("lays scores out for a terminal", () => {
  expect(scoreTable(scores, ["psnr", "ssim"], { baseline: "bicubic", border: 4 }).split("\n")).toEqual([
    "method   PSNR(Y)  SSIM(Y)  PSNR over bicubic  SSIM over bicubic",
    "perfect      inf   1.0000               +inf   +0.3000 ± 0.0100",
    "bicubic    25.07   0.6523",
    "worse      24.00   0.6000       -1.07 ± 0.05            -0.0523",
    "",
    "PSNR(Y), SSIM(Y): 4 pixels left out along every edge.",
    "",
  ]);
});

it("writes Markdown", () => {
  expect(
    scoreTable(scores, ["psnr", "ssim"], { baseline: "bicubic", border: 0, style: "markdown" })
      .split("\n")
      .slice(0, 4),
  ).toEqual([
    "| method | PSNR(Y) | SSIM(Y) | PSNR over bicubic | SSIM over bicubic |",
    "| --- | ---: | ---: | ---: | ---: |",
    "| perfect | inf | 1.0000 | +inf | +0.3000 ± 0.0100 |",
    "| bicubic | 25.07 | 0.6523 |  |  |",
  ]);
});
