/** A figure that a bench hands back, with its spread over the rounds. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly median: number;
  /** The lower quartile; with the upper one it has half of the rounds between. */
  readonly low: number;
  readonly high: number;
  readonly rounds: number;
}

/** What a bench hands back. */
export interface Report {
  /** What was run, in a line. */
  readonly about: string;
  readonly figures: readonly Figure[];
}

export interface BenchOptions {
  readonly threads: number;
  /** How many rounds to measure; each bench has a number of its own when left out. */
  readonly rounds?: number;
  /** How long to lay load on a server. */
  readonly minutes?: number;
  /** Another built tree of samsr, to be taken in turns with this one. */
  readonly beside?: string;
  /** A word in the names of those of its works that a bench is to measure; all where left out. */
  readonly only?: string;
}

export type Bench = (options: BenchOptions) => Promise<Report>;

/** Makes a figure from one sample a round, or from a single number that has no spread. */
export function figure(name: string, unit: string, samples: number | readonly number[]): Figure {
  const sorted = [samples].flat().sort((a, b) => a - b);
  const [low, median, high] = [0.25, 0.5, 0.75].map((share) => quantile(sorted, share));
  return { name, unit, median, low, high, rounds: sorted.length };
}

function quantile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

/** Writes a report as Markdown. */
export function toMarkdown(name: string, { about, figures }: Report): string {
  const rows = figures.map((f) => {
    const spread = f.rounds > 1 ? `${short(f.low)} to ${short(f.high)}` : "";
    return `| ${f.name} | ${short(f.median)} | ${spread} | ${f.unit} |`;
  });
  if (figures.length === 0) return `### ${name}\n\n${about}\n`;
  return [
    `### ${name}`,
    "",
    about,
    "",
    "| | median | middle half | unit |",
    "|---|---:|---:|---|",
    ...rows,
    "",
  ].join("\n");
}

/** Rounds a number to the three digits that such a measurement has. */
function short(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
