import type { Estimate, MethodScore } from "./score.js";

/**
 * Scores as a table for a terminal, or in Markdown. Gains are those over `baseline`, with their standard
 * errors.
 */
export function scoreTable(
  scores: readonly MethodScore[],
  baseline: string,
  style: "plain" | "markdown" = "plain",
): string {
  const head = ["method", "PSNR(Y)", "SSIM(Y)", `PSNR over ${baseline}`, `SSIM over ${baseline}`];
  const rows = scores.map(({ method, mean, gain }) => [
    method,
    digits(mean.psnr, 2),
    digits(mean.ssim, 4),
    method === baseline ? "" : estimate(gain.psnr, 2),
    method === baseline ? "" : estimate(gain.ssim, 4),
  ]);
  return renderTable(head, rows, style);
}

/** The first column is words, the others are numbers. */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: "plain" | "markdown",
): string {
  return style === "markdown" ? markdown(head, rows) : plain(head, rows);
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [head, ["---", ...head.slice(1).map(() => "---:")], ...rows].map(line).join("");
}

function plain(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const widths = head.map((_, i) => Math.max(...lines.map((cells) => cells[i].length)));
  const line = (cells: readonly string[]) =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join("  ");
  return lines.map((cells) => `${line(cells).trimEnd()}\n`).join("");
}

/** A difference with its sign and, where it is known, its standard error. */
export function estimate({ mean, standardError }: Estimate, places: number): string {
  const signed = `${mean >= 0 ? "+" : ""}${digits(mean, places)}`;
  return Number.isFinite(standardError) ? `${signed} ± ${digits(standardError, places)}` : signed;
}

/** A number for a table; infinite ones in words. */
export function digits(value: number, places: number): string {
  return Number.isFinite(value) ? value.toFixed(places) : value > 0 ? "inf" : "-inf";
}
