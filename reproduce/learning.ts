/** Table 5: students along their runs. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DataSet } from "../src/evaluate/benchmark/data-sets.js";
import { TABLE_5 } from "../src/evaluate/benchmark/paper.js";
import { paperHead } from "../src/evaluate/columns.js";
import { METRICS } from "../src/evaluate/metrics/index.js";
import { meanOf } from "../src/evaluate/score.js";
import { digits, type Table, wordColumn, writeTable } from "../src/evaluate/table.js";
import { measure, type Scores } from "./measure.js";
import { configIn, secondsTo } from "./run-folder.js";
import {
  budgets,
  common,
  demand,
  type MakeTable,
  notes,
  studentAtStep,
  type TableOptions,
  valuesOf,
} from "./shared.js";
import { VARIATIONS } from "./students.js";

/** Makes table 5: how soon the students are as good as SinSR's is in the end. */
export const table5: MakeTable = async (options) => {
  const { val, runs } = options;
  demand(val !== undefined, "table 5 needs --val");
  const rows = [
    { label: "SinSR", name: "sinsr", paper: TABLE_5.sinsr },
    { label: "SAMSR without L_SC", name: "samsr-no-sc", paper: undefined },
    { label: "SAMSR", name: "samsr", paper: TABLE_5.samsr },
    ...VARIATIONS.map((variation) => ({ ...variation, paper: undefined })),
  ];
  const progress = new Map<string, Map<number, Scores>>();
  for (const { name } of rows) progress.set(name, await scoresAlong(name, val!, options));
  const steps = [...new Set([...progress.values()].flatMap((own) => [...own.keys()]))].sort((a, b) => a - b);
  const minutes = async (name: string, step: number | undefined) => {
    const seconds = step === undefined ? undefined : await secondsTo(join(runs, name), step);
    return seconds === undefined ? undefined : seconds / 60;
  };
  const tables: Table<Line>[] = [];
  for (const metric of ["psnr", "niqe"] as const) {
    const all = [...progress.values()].flatMap((own) => [...own.values()]);
    const whole = common(metric, all);
    const mean = (scores: Scores) => meanOf(valuesOf(metric, scores, whole));
    const better = (a: number, b: number) => (metric === "niqe" ? a <= b : a >= b);
    const sinsr = progress.get("sinsr")!;
    const last = sinsr.get(Math.max(...sinsr.keys()));
    const target = last ? mean(last) : Number.NaN;
    const lines: Line[] = [];
    for (const { label, name, paper } of rows) {
      const own = progress.get(name)!;
      const reached = [...own].find(([, scores]) => better(mean(scores), target))?.[0];
      const last = own.size > 0 ? Math.max(...own.keys()) : undefined;
      const times = { toReached: await minutes(name, reached), inAll: await minutes(name, last) };
      const means = new Map([...own].map(([step, scores]) => [step, mean(scores)]));
      lines.push({ label, means, reached, ...times, paper: paper ?? [] });
    }
    const places = METRICS[metric].decimals;
    const sinsrs = Number.isFinite(target) ? digits(target, places) : "SinSR's last";
    const figure = (head: string, places: number, of: (line: Line) => number | undefined) => ({
      head,
      cell(line: Line) {
        const value = of(line);
        return value === undefined || Number.isNaN(value) ? undefined : { value, places };
      },
    });
    const columns = [
      wordColumn<Line>(paperHead(metric), ({ label }) => label),
      ...steps.map((step) => figure(`at step ${step}`, places, ({ means }) => means.get(step))),
      wordColumn<Line>(`steps to ${sinsrs}`, ({ means, reached }) =>
        means.size > 0 ? String(reached ?? "not reached") : undefined,
      ),
      figure("minutes to it", 1, ({ toReached }) => toReached),
      figure("minutes in all", 1, ({ inAll }) => inAll),
      ...["iterations", "time", "CLIPIQA", "MUSIQ"].map((head, i) =>
        wordColumn<Line>(`paper: ${head}`, ({ paper }) => paper[i]),
      ),
    ];
    tables.push({ columns, rows: lines });
  }
  const trained = rows.map(({ name }) => name).filter((name) => progress.get(name)!.size > 0);
  const below = [
    ...notes([val!], ["psnr", "niqe"], options),
    "Steps are those whose weights were kept, so a score may have been reached before; minutes are those of the training " +
      "steps, as the run's log has them, beside whatever else the machine did.",
    `The paper has ResShift's teacher at ${TABLE_5.resshift.join(", ")}.`,
    ...(await budgets(trained, options)),
  ];
  const [first, second] = tables;
  return `${writeTable(first, "markdown")}\n${writeTable({ ...second, notes: below }, "markdown")}`;
};

/** A student along its run. */
interface Line {
  readonly label: string;
  /** Mean scores by step. */
  readonly means: ReadonlyMap<number, number>;
  /** The first step at which it is as good as SinSR's in the end. */
  readonly reached: number | undefined;
  /** Minutes of training to there, and of all. */
  readonly toReached: number | undefined;
  readonly inAll: number | undefined;
  readonly paper: readonly string[];
}

/** Measures a student at every step whose weights there are, the first step first. */
async function scoresAlong(name: string, data: DataSet, options: TableOptions): Promise<Map<number, Scores>> {
  const folder = join(options.runs, name);
  const config = await configIn(folder);
  const kept = (await readdir(folder).catch(() => [])).flatMap((file) => {
    const step = /^weights-(\d+)\.safetensors$/.exec(file)?.[1];
    return step === undefined ? [] : [Number(step)];
  });
  const along = new Map<number, Scores>();
  if (!config) {
    options.missing(name);
    return along;
  }
  const steps = [...new Set([...kept, config.optimiser.steps])].sort((a, b) => a - b);
  for (const step of steps) {
    const model = await studentAtStep(name, config, step, options);
    if (model) along.set(step, await measure(model, data, options));
    else options.missing(name);
  }
  return along;
}
