/** Table 5: students along their runs. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { DataSet } from "../src/evaluate/benchmark/data-sets.js";
import { TABLE_5 } from "../src/evaluate/benchmark/paper.js";
import { METRICS, type MetricName } from "../src/evaluate/metrics/index.js";
import { meanOf } from "../src/evaluate/score.js";
import { digits, renderTable } from "../src/evaluate/table.js";
import { measure, type Scores } from "./measure.js";
import { configIn, secondsTo } from "./run-folder.js";
import {
  budgets,
  common,
  demand,
  headOf,
  NOTHING,
  notes,
  studentAtStep,
  type Table,
  type TableOptions,
  valuesOf,
} from "./shared.js";
import { VARIATIONS } from "./students.js";

/** Makes table 5: how soon the students are as good as SinSR's is in the end. */
export const table5: Table = async (options) => {
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
    return seconds === undefined ? NOTHING : digits(seconds / 60, 1);
  };
  const parts: string[] = [];
  for (const metric of ["psnr", "niqe"] as const) {
    const all = [...progress.values()].flatMap((own) => [...own.values()]);
    const whole = common(metric, all);
    const mean = (scores: Scores) => meanOf(valuesOf(metric, scores, whole));
    const better = (a: number, b: number) => (metric === "niqe" ? a <= b : a >= b);
    const sinsr = progress.get("sinsr")!;
    const last = sinsr.get(Math.max(...sinsr.keys()));
    const target = last ? mean(last) : Number.NaN;
    const lines: string[][] = [];
    for (const { label, name, paper } of rows) {
      const own = progress.get(name)!;
      const reached = [...own].find(([, scores]) => better(mean(scores), target))?.[0];
      lines.push([
        label,
        ...steps.map((step) => (own.has(step) ? finite(mean(own.get(step)!), metric) : NOTHING)),
        own.size > 0 ? (reached === undefined ? "not reached" : String(reached)) : NOTHING,
        await minutes(name, reached),
        await minutes(name, own.size > 0 ? Math.max(...own.keys()) : undefined),
        ...(paper ?? ["", "", "", ""]),
      ]);
    }
    const head = [
      ...[headOf(metric), ...steps.map((step) => `at step ${step}`)],
      ...[`steps to ${finite(target, metric) || "SinSR's last"}`, "minutes to it", "minutes in all"],
      ...["iterations", "time", "CLIPIQA", "MUSIQ"].map((head) => `paper: ${head}`),
    ];
    parts.push(renderTable(head, lines, "markdown"));
  }
  const trained = rows.map(({ name }) => name).filter((name) => progress.get(name)!.size > 0);
  return [
    ...parts,
    notes([val!], options),
    "Steps are those whose weights were kept, so a score may have been reached before; minutes are those of the training " +
      "steps, as the run's log has them, beside whatever else the machine did.\n",
    `The paper has ResShift's teacher at ${TABLE_5.resshift.join(", ")}.\n`,
    await budgets(trained, options),
  ].join("\n");
};

const finite = (value: number, metric: MetricName) =>
  Number.isFinite(value) ? digits(value, METRICS[metric].decimals) : NOTHING;

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
