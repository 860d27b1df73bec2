/** The steps between two reports of a run: their means, and how fast they were. */
import type { RunLog } from "./run-log.js";

/** What the steps since the last report came to. */
interface Window {
  seen: number;
  norms: number;
  readonly sums: Record<string, number>;
  readonly since: number;
}

/** Begins a window, whose time runs from now on. */
export function newWindow(): Window {
  return { seen: 0, norms: 0, sums: {}, since: performance.now() };
}

/** Adds what a step came to. */
export function addTo(window: Window, means: Readonly<Record<string, number>>, norm: number): void {
  window.seen++;
  window.norms += norm;
  for (const [key, value] of Object.entries(means)) window.sums[key] = (window.sums[key] ?? 0) + value;
}

/** Tells of the means of a window, in a line and in the log. */
export async function reportWindow(
  { seen, norms, sums, since }: Window,
  {
    step,
    steps,
    learningRate,
  }: { readonly step: number; readonly steps: number; readonly learningRate: number },
  log: RunLog,
  report: (line: string) => void,
): Promise<void> {
  const msPerStep = (performance.now() - since) / seen;
  const means = Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, sum / seen]));
  const norm = norms / seen;
  const losses = Object.entries(means).map(([key, value]) => `${key} ${value.toFixed(5)}`);
  report(
    `step ${step}/${steps}  ${losses.join("  ")}  |g| ${norm.toFixed(3)}  lr ` +
      `${learningRate.toExponential(1)}  ` +
      `${(1000 / msPerStep).toFixed(2)} steps/s  ${timeLeft((steps - step) * msPerStep)} left`,
  );
  await log.write({ step, ...means, norm, learningRate, msPerStep });
}

function timeLeft(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  return minutes < 90 ? `${minutes.toFixed(1)} min` : `${(minutes / 60).toFixed(1)} h`;
}
