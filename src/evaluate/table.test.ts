import { expect, it } from "vitest";
import { paperColumns, scoreTable } from "./columns.js";
import type { MethodScore } from "./score.js";
import { wordColumn, writeTable } from "./table.js";

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
  const table = scoreTable(scores, ["psnr", "ssim"], { baseline: "bicubic", border: 4 });
  expect(writeTable(table, "plain").split("\n")).toEqual([
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
    writeTable(scoreTable(scores, ["psnr", "ssim"], { baseline: "bicubic", border: 0 }), "markdown")
      .split("\n")
      .slice(0, 4),
  ).toEqual([
    "| method | PSNR(Y) | SSIM(Y) | PSNR over bicubic | SSIM over bicubic |",
    "| --- | ---: | ---: | ---: | ---: |",
    "| perfect | inf | 1.0000 | +inf | +0.3000 ± 0.0100 |",
    "| bicubic | 25.07 | 0.6523 |  |  |",
  ]);
});

it("writes CSV: numbers as they are, quotes where they are needed, no notes", () => {
  const columns = [
    wordColumn<number>("what, and why", (n) => (n === 1 ? 'a "b"' : undefined)),
    { head: "n", cell: (n: number) => ({ value: n / 3, places: 1, signed: true, error: 2 }) },
  ];
  expect(writeTable({ columns, rows: [1, 2], notes: ["below"] }, "csv")).toBe(
    `"what, and why",n\n"a ""b""",${1 / 3}\n,${2 / 3}\n`,
  );
});

it("puts the paper's figure beside ours, and what ours has over it", () => {
  const columns = paperColumns<number>(
    "psnr",
    (n) => (n > 0 ? "24.04" : undefined),
    (n) => (n > 1 ? 25.125 : undefined),
  );
  expect(writeTable({ columns, rows: [0, 1, 2] }, "csv")).toBe(
    `paper,difference\n,\n24.04,\n24.04,${25.125 - 24.04}\n`,
  );
  expect(writeTable({ columns, rows: [2] }, "markdown")).toContain("| 24.04 | +1.09 |");
});
