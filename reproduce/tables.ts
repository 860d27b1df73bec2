/** The tables of the paper: what their rows are, ours measured, and the paper's figures beside them. */
import { join } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import type { Protocol } from "../src/evaluate/benchmark/data-sets.js";
import {
  type PaperMethod,
  type Perceptual,
  paperMethod,
  type RealWorld,
  TABLE_3,
  TABLE_4,
} from "../src/evaluate/benchmark/paper.js";
import type { MetricName } from "../src/evaluate/metrics/index.js";
import { compared, type Row } from "./comparison.js";
import { table5 } from "./learning.js";
import { BICUBIC, teacherModel } from "./models.js";
import { configIn } from "./run-folder.js";
import { demand, type MakeTable, student, type TableOptions } from "./shared.js";
import { DIVISORS, STUDENTS, studentAt, VARIATIONS } from "./students.js";

/**
 * Bicubic, the teacher in one and in all steps, SinSR, SAMSR and two variations of it, and the shipped
 * recipe.
 */
async function methods(
  options: TableOptions,
  paper: (method: PaperMethod) => readonly string[],
): Promise<Row[]> {
  // The teacher has its students' network and schedule.
  const configs = await Promise.all(STUDENTS.map(({ name }) => configIn(join(options.runs, name))));
  const config = configs.find((one) => one !== undefined);
  if (!config) throw new SamsrError(`${options.runs} holds no run; npm run reproduce -- train makes them`);
  const { steps } = config.schedule;
  const chain = (n: number) => teacherModel(n, options.teacher, config, options.runsOn);
  const variations: Row[] = [];
  for (const { name, label } of VARIATIONS) {
    variations.push({ label: `${label}, 1 step`, model: await student(name, options) });
  }
  return [
    { label: "bicubic", model: BICUBIC },
    { label: "ResShift, the teacher, 1 step", model: await chain(1) },
    {
      label: `ResShift, the teacher, ${steps} steps`,
      model: await chain(steps),
      paper: paper(paperMethod("ResShift-15")),
    },
    { label: "SinSR, 1 step", model: await student("sinsr", options), paper: paper(paperMethod("SinSR-1")) },
    { label: "SAMSR, 1 step", model: await student("samsr", options), paper: paper(paperMethod("SAMSR")) },
    ...variations,
    { label: "recipe of samsr-tiny, 1 step", model: await student("shipped", options) },
  ];
}

/** Table 1: photos of the real world, without reference. */
const table1: MakeTable = async (options) => {
  const { real } = options;
  demand(real.length > 0, "table 1 needs --real");
  const names = real.map(({ name }) => name);
  const rows = await methods(options, ({ real }) => realWorld(real!, names));
  return compared(rows, { on: real, metrics: ["niqe"], baseline: BICUBIC, over: "bicubic" }, options, [
    ...realWorldHeads(names),
  ]);
};

/** Table 2: degraded photos, against what they were. */
const table2: MakeTable = async (options) => {
  const { val } = options;
  demand(val !== undefined, "table 2 needs --val");
  const rows = await methods(options, ({ synthetic }) => synthetic);
  const metrics: MetricName[] = ["psnr", "ssim", "niqe"];
  const heads = ["PSNR", "SSIM", "LPIPS", "CLIPIQA", "MUSIQ"].map((head) => `paper: ${head}`);
  return compared(rows, { on: [val!], metrics, baseline: BICUBIC, over: "bicubic" }, options, heads);
};

/** Table 3: m. */
const table3: MakeTable = async (options) => {
  const names = options.real.map(({ name }) => name);
  const rows: Row[] = [];
  for (const n of DIVISORS) {
    const model = await student(studentAt(n), options);
    rows.push({ label: `m = 1/${n}`, model, paper: realWorld(TABLE_3[n], names) });
  }
  return ablation(rows, options, realWorldHeads(names));
};

/** Table 4: which coefficients follow W. */
const table4: MakeTable = async (options) => {
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

/** Terms that the paper does not have, each compared with two that samsr-tiny's student is trained by. */
const table6: MakeTable = async (options) => {
  const names = STUDENTS.filter(({ name }) => name.startsWith("original"));
  const rows: Row[] = [];
  for (const { name, about } of names) rows.push({ label: about, model: await student(name, options) });
  return ablation(rows, options, [], { name: "original", words: "absolute error and SSIM" });
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
  const metrics: MetricName[] = ["psnr", "ssim", "niqe"];
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

interface PaperTable {
  readonly title: string;
  readonly make: MakeTable;
  /** How the photos of --val become pairs where nothing is said; left out, mildly. */
  readonly protocol?: Protocol;
}

export const TABLES: Readonly<Record<string, PaperTable>> = {
  table1: { title: "Table 1: photos of the real world", make: table1 },
  table2: { title: "Table 2: photos with originals", make: table2, protocol: "imagenet-test" },
  table3: { title: "Table 3: m", make: table3 },
  table4: { title: "Table 4: which coefficients follow W", make: table4 },
  table5: { title: "Table 5: how fast students learn", make: table5 },
  table6: { title: "Table 6, which the paper does not have: terms against the original", make: table6 },
};
