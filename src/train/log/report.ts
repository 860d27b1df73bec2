/** A run as one page: its settings, its curves, what it makes of a few pictures as it learns. */
import { escapeHtml } from "../../base/html.js";

export type LogEntry = Readonly<Record<string, number>> & { readonly step: number };

export interface SampleSheet {
  readonly step: number;
  /** The bytes of a PNG file. */
  readonly png: Uint8Array;
}

/** Writes one self-contained HTML file. @param entries in the order of their steps */
export function reportPage(
  title: string,
  settings: unknown,
  entries: readonly LogEntry[],
  samples: readonly SampleSheet[],
): string {
  const keys = [...new Set(entries.flatMap((entry) => Object.keys(entry)))].filter((key) => key !== "step");
  const last = entries.at(-1);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222 }
.curves { display: grid; grid-template-columns: repeat(auto-fill, minmax(22rem, 1fr)); gap: 1rem }
figure { margin: 0 } figcaption { font-size: .9rem } svg { width: 100%; height: auto; background: #f6f6f4 }
path { fill: none; stroke-width: 1.2; vector-effect: non-scaling-stroke }
.raw { stroke: #b9c7d6 } .smooth { stroke: #1d5fa3 } text { font-size: 11px; fill: #666 }
img { max-width: 100%; image-rendering: pixelated } pre { overflow-x: auto; background: #f6f6f4; padding: 1rem }
</style>
<h1>${escapeHtml(title)}</h1>
<p>${last ? `Step ${last.step}.` : "No step yet."}</p>
<div class="curves">
${keys.map((key) => curve(key, entries)).join("\n")}
</div>
${samples.length > 0 ? "<h2>Samples</h2>" : ""}
${samples
  .map(
    ({ step, png }) =>
      `<figure><img alt="step ${step}" ` +
      `src="data:image/png;base64,${Buffer.from(png).toString("base64")}"><figcaption>step ` +
      `${step}</figcaption></figure>`,
  )
  .join("\n")}
<h2>Settings</h2>
<pre>${escapeHtml(JSON.stringify(settings, undefined, 2) ?? "")}</pre>
</html>
`;
}

const WIDTH = 400;
const HEIGHT = 180;

/** Enough for the eye; more would only make the page heavy. */
const MOST_POINTS = 600;

/**
 * Returns the values as they are, and their running mean; on a logarithmic axis where all are positive and
 * span decades.
 */
function curve(key: string, entries: readonly LogEntry[]): string {
  const points = thin(
    entries.filter((e) => Number.isFinite(e[key])).map((e) => [e.step, e[key]] as const),
    MOST_POINTS,
  );
  if (points.length === 0) return "";
  const values = points.map(([, value]) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const logarithmic = least > 0 && most / least > 20;
  const scale = (value: number) => (logarithmic ? Math.log(value) : value);
  const [low, high] = [scale(least), scale(most)];
  const [first, final] = [points[0][0], points[points.length - 1][0]];
  const place = ([step, value]: readonly [number, number]) => {
    const x = (WIDTH * (step - first)) / (final - first || 1);
    const y = HEIGHT - (HEIGHT * (scale(value) - low)) / (high - low || 1);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  const line = (list: readonly (readonly [number, number])[]) => `M${list.map(place).join("L")}`;
  return (
    `<figure><svg viewBox="-4 -14 ${WIDTH + 8} ${HEIGHT + 30}" role="img" aria-label="${escapeHtml(key)}">` +
    `<path class="raw" d="${line(points)}"/><path class="smooth" d="${line(smooth(points))}"/>` +
    `<text x="0" y="-3">${short(most)}</text><text x="0" y="${HEIGHT + 13}">${short(least)}</text>` +
    `<text x="${WIDTH}" y="${HEIGHT + 13}" text-anchor="end">step ${final}</text></svg>` +
    `<figcaption>${escapeHtml(key)}: ` +
    `${short(values[values.length - 1])}${logarithmic ? " (logarithmic)" : ""}</figcaption></figure>`
  );
}

/** Returns at most `count` of the points, evenly spread, the last one among them. */
function thin<T>(points: readonly T[], count: number): readonly T[] {
  if (points.length <= count) return points;
  return Array.from({ length: count }, (_, i) => points[Math.ceil(((i + 1) * points.length) / count) - 1]);
}

function smooth(points: readonly (readonly [number, number])[]): (readonly [number, number])[] {
  const span = Math.max(1, Math.round(points.length / 30));
  let mean = points[0][1];
  return points.map(([step, value]) => [step, (mean += (value - mean) / span)] as const);
}

function short(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
