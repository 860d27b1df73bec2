/** The tables of the paper: what their rows are, ours measured, and the paper's figures beside them. */
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import type { Metric } from "../src/evaluate/folders.js";
import { meanOf, pairedDifference } from "../src/evaluate/score.js";
import { digits, estimate, renderTable } from "../src/evaluate/table.js";
import type { StudentConfig } from "../src/train/config/index.js";
import type { DataSet } from "./data-sets.js";
import { type MeasureOptions, measure, type Scores } from "./measure.js";
import { BICUBIC, type Model, type RunsOn, studentModel, teacherModel } from "./models.js";
import { type Perceptual, type RealWorld, TABLE_1, TABLE_2, TABLE_3, TABLE_4, TABLE_5 } from "./paper.js";
import { configIn, secondsTo, weightsAt } from "./run-folder.js";
import { DIVISORS, STUDENTS, studentAt } from "./students.js";

export interface TableOptions extends MeasureOptions {
  /** Those with originals, and those without. */
  readonly val?: DataSet;
  readonly real: readonly DataSet[];
  readonly teacher: string;
  readonly runsOn: RunsOn;
  /** Told of each student that a table lacks. */
  readonly missing: (student: string) => void;
}

/** Makes a table in Markdown, with its notes. */
export type Table = (options: TableOptions) => Promise<string>;

const HEADS: Readonly<Record<Metric, string>> = { psnr: "PSNR", ssim: "SSIM", niqe: "NIQE" };
const PLACES: Readonly<Record<Metric, number>> = { psnr: 2, ssim: 4, niqe: 3 };

/** What stands where nothing is known. */
const NOTHING = "";

interface Row {
  readonly label: string;
  /** None while the student is not trained. */
  readonly model: Model | undefined;
  /** The paper's figures, if it has this row. */
  readonly paper?: readonly string[];
}

/** A student at the end of its run. */
async function student(name: string, options: TableOptions): Promise<Model | undefined> {
  const config = await configIn(join(options.runs, name));
  const model = config && (await studentAtStep(name, config, config.optimiser.steps, options));
  if (!model) options.missing(name);
  return model;
}

async function studentAtStep(
  name: string,
  config: StudentConfig,
  step: number,
  { runs, teacher, runsOn }: TableOptions,
): Promise<Model | undefined> {
  const weights = await weightsAt(join(runs, name), step, config);
  if (weights === undefined) return undefined;
  return studentModel(name, { student: weights, teacher }, config, step, runsOn);
}

/** Bicubic, the teacher in one and in all steps, SinSR, SAMSR and two variations of it, and the shipped recipe. */
async function methods(options: TableOptions, paper: (name: "resshift" | "sinsr" | "samsr") => string[]) {
  // The teacher has its students' network and schedule.
  const configs = await Promise.all(STUDENTS.map(({ name }) => configIn(join(options.runs, name))));
  const config = configs.find((one) => one !== undefined);
  if (!config) throw new SamsrError(`${options.runs} holds no run; npm run reproduce -- train makes them`);
  const { steps } = config.schedule;
  const chain = (n: number) => teacherModel(n, options.teacher, config, options.runsOn);
  const rows: Row[] = [
    { label: "bicubic", model: BICUBIC },
    { label: "ResShift, the teacher, 1 step", model: await chain(1) },
    {
      label: `ResShift, the teacher, ${steps} steps`,
      model: await chain(steps),
      paper: paper("resshift"),
    },
    { label: "SinSR, 1 step", model: await student("sinsr", options), paper: paper("sinsr") },
    { label: "SAMSR, 1 step", model: await student("samsr", options), paper: paper("samsr") },
    { label: "SAMSR, variant release, 1 step", model: await student("samsr-release", options) },
    { label: "SAMSR of a guided teacher, 1 step", model: await student("samsr-guided", options) },
    { label: "recipe of samsr-tiny, 1 step", model: await student("shipped", options) },
  ];
  return rows;
}

/** Table 1: photos of the real world, without reference. */
const table1: Table = async (options) => {
  const { real } = options;
  demand(real.length > 0, "table 1 needs --real");
  const names = real.map(({ name }) => name);
  const rows = await methods(options, (name) => realWorld(TABLE_1[name], names));
  return compared(rows, { on: real, metrics: ["niqe"], baseline: BICUBIC, over: "bicubic" }, options, [
    ...realWorldHeads(names),
  ]);
};

/** Table 2: photos made small, against what they were. */
const table2: Table = async (options) => {
  const { val } = options;
  demand(val !== undefined, "table 2 needs --val");
  const rows = await methods(options, (name) => [...TABLE_2[name]]);
  const metrics: Metric[] = ["psnr", "ssim", "niqe"];
  const heads = ["PSNR", "SSIM", "LPIPS", "CLIPIQA", "MUSIQ"].map((head) => `paper: ${head}`);
  return compared(rows, { on: [val!], metrics, baseline: BICUBIC, over: "bicubic" }, options, heads);
};

/** Table 3: m. */
const table3: Table = async (options) => {
  const names = options.real.map(({ name }) => name);
  const rows: Row[] = [];
  for (const n of DIVISORS) {
    const model = await student(studentAt(n), options);
    rows.push({ label: `m = 1/${n}`, model, paper: realWorld(TABLE_3[n], names) });
  }
  return ablation(rows, options, realWorldHeads(names));
};

/** Table 4: which coefficients follow W. */
const table4: Table = async (options) => {
  const row = async (label: string, name: string, paper: Perceptual): Promise<Row> => ({
    ...{ label, model: await student(name, options), paper },
  });
  const rows = [
    await row("eta follows W", "samsr-eta", TABLE_4.eta),
    await row("kappa follows W", "samsr-kappa", TABLE_4.kappa),
    await row("both follow W", "samsr", TABLE_4.both),
  ];
  return ablation(rows, options, realWorldHeads(["RealSet65"]));
};

/** Terms that the paper does not have, each compared with the recipe that has none of them but two. */
const table6: Table = async (options) => {
  const names = STUDENTS.filter(({ name }) => name.startsWith("shipped"));
  const rows: Row[] = [];
  for (const { name, about } of names) rows.push({ label: about, model: await student(name, options) });
  return ablation(rows, options, [], { name: "shipped", words: "the recipe" });
};

/** Variations of SAMSR, each compared with it. */
async function ablation(
  rows: readonly Row[],
  options: TableOptions,
  heads: readonly string[],
  base = { name: "samsr", words: "m = 1/5, both" },
) {
  const { val, real } = options;
  const on = [...(val ? [val] : []), ...real];
  demand(on.length > 0, "this table needs --val or --real");
  const baseline = rows.find(({ model }) => model?.name === base.name)?.model;
  const metrics: Metric[] = ["psnr", "ssim", "niqe"];
  return compared(rows, { on, metrics, baseline, over: base.words }, options, heads);
}

/** The published data sets among ours, whatever the case of the folder's name. */
function published(names: readonly string[]): (keyof RealWorld)[] {
  const sets = ["RealSR", "RealSet65"] as const;
  return sets.filter((set) => names.some((name) => name.toLowerCase() === set.toLowerCase()));
}

const realWorld = (figures: RealWorld, names: readonly string[]) =>
  published(names).flatMap((set) => figures[set]);
const realWorldHeads = (names: readonly string[]) =>
  published(names).flatMap((set) => [`paper: ${set} CLIPIQA`, `paper: ${set} MUSIQ`]);

interface Comparison {
  readonly on: readonly DataSet[];
  readonly metrics: readonly Metric[];
  /** What the others are compared with, picture by picture; none if it is not trained. */
  readonly baseline: Model | undefined;
  readonly over: string;
}

/** A row for each model; for each data set and metric its mean, and what it has over the baseline. */
async function compared(
  rows: readonly Row[],
  { on, metrics, baseline, over }: Comparison,
  options: TableOptions,
  paperHeads: readonly string[],
): Promise<string> {
  const head = ["", ...on.flatMap((data) => heads(data, metrics, on.length > 1, over)), ...paperHeads];
  const scored = new Map<string, Scores[]>();
  for (const data of on) {
    for (const { model } of rows) {
      if (!model) continue;
      const scores = await measure(model, data, options);
      scored.set(model.name, [...(scored.get(model.name) ?? []), scores]);
    }
  }
  const lines = rows.map(({ label, model, paper }) => {
    const cells = on.flatMap((data, i) => {
      const all = [...scored.values()].map((sets) => sets[i]);
      const own = model && scored.get(model.name)![i];
      const from = baseline && scored.get(baseline.name)![i];
      return metricsOf(data, metrics).flatMap((metric) =>
        own ? pair(metric, own, model === baseline ? undefined : from, all) : [NOTHING, NOTHING],
      );
    });
    return [label, ...cells, ...(paper ?? paperHeads.map(() => NOTHING))];
  });
  return [
    renderTable(head, lines, "markdown"),
    notes(on, options),
    "± is the standard error of the difference, picture by picture.\n",
    await budgets(
      rows.flatMap(({ model }) => (model?.step === undefined ? [] : [model.name])),
      options,
    ),
  ].join("\n");
}

const metricsOf = ({ paired }: DataSet, metrics: readonly Metric[]) =>
  metrics.filter((metric) => paired || metric === "niqe");

function heads(data: DataSet, metrics: readonly Metric[], named: boolean, over: string): string[] {
  const prefix = named ? `${data.name} ` : "";
  return metricsOf(data, metrics).flatMap((metric) => [...[`${prefix}${HEADS[metric]}`, `over ${over}`]]);
}

/** The pictures that every model has a value of, by their numbers. */
function common(metric: Metric, all: readonly Scores[]): number[] {
  return (all[0] ?? []).flatMap((_, i) =>
    all.every((scores) => scores[i][metric] !== undefined) ? [i] : [],
  );
}

const valuesOf = (metric: Metric, scores: Scores, whole: readonly number[]) =>
  whole.map((i) => scores[i][metric]!);

/** A mean and a difference, over the pictures that every model has a value of. */
function pair(metric: Metric, own: Scores, from: Scores | undefined, all: readonly Scores[]): string[] {
  const whole = common(metric, all);
  if (whole.length === 0) return [NOTHING, NOTHING];
  const [values, others] = [own, from].map((scores) => scores && valuesOf(metric, scores, whole));
  const gain = others ? estimate(pairedDifference(values!, others), PLACES[metric]) : NOTHING;
  return [digits(meanOf(values!), PLACES[metric]), gain];
}

/** Table 5: how soon the students are as good as SinSR's is in the end. */
const table5: Table = async (options) => {
  const { val, runs } = options;
  demand(val !== undefined, "table 5 needs --val");
  const rows = [
    { label: "SinSR", name: "sinsr", paper: TABLE_5.sinsr },
    { label: "SAMSR without L_SC", name: "samsr-no-sc", paper: undefined },
    { label: "SAMSR", name: "samsr", paper: TABLE_5.samsr },
    { label: "SAMSR, variant release", name: "samsr-release", paper: undefined },
    { label: "SAMSR of a guided teacher", name: "samsr-guided", paper: undefined },
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
      ...[HEADS[metric], ...steps.map((step) => `at step ${step}`)],
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

const finite = (value: number, metric: Metric) =>
  Number.isFinite(value) ? digits(value, PLACES[metric]) : NOTHING;

/** A student's scores at every step whose weights there are, the first step first. */
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

/** On what, and by which NIQE. */
function notes(on: readonly DataSet[], { pristine }: TableOptions): string {
  const sets = on.map(
    ({ name, count, paired }) =>
      `${name}: ${count} ${paired ? "photos, made small as samsr score does" : "small photos"}`,
  );
  return `${sets.join("; ")}. NIQE (less is better) against ${basename(pristine.source)}.\n`;
}

/** What the students of a table were given: one line, or one for each when they differ. */
async function budgets(names: readonly string[], { runs }: TableOptions): Promise<string> {
  const given = new Map<string, string[]>();
  for (const name of new Set(names)) {
    const { optimiser, data, student } = (await configIn(join(runs, name)))!;
    const { rollOut = "all", distilled = data.batch } = student;
    const words =
      `${optimiser.steps} steps of ${data.batch} crops, ${distilled} of them distilled, ` +
      `roll-out of ${rollOut} timesteps, seed ${data.seed}`;
    given.set(words, [...(given.get(words) ?? []), name]);
  }
  const line = ([words, students]: [string, string[]]) =>
    given.size === 1 ? `Each student: ${words}.\n` : `${students.join(", ")}: ${words}.\n`;
  return [...given].map(line).join("\n");
}

function demand(there: boolean, message: string): void {
  if (!there) throw new SamsrError(message);
}

export const TABLES: Readonly<Record<string, { readonly title: string; readonly make: Table }>> = {
  table1: { title: "Table 1: photos of the real world", make: table1 },
  table2: { title: "Table 2: photos with originals", make: table2 },
  table3: { title: "Table 3: m", make: table3 },
  table4: { title: "Table 4: which coefficients follow W", make: table4 },
  table5: { title: "Table 5: how fast students learn", make: table5 },
  table6: { title: "Table 6, which the paper does not have: terms against the original", make: table6 },
};
