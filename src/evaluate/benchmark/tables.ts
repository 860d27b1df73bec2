/** The paper's tables 1 and 2 beside ours, from what is kept of each picture. */
import { PUBLISHED } from "../../checkpoints/store/index.js";
import { borderNote, metricFigure, paperColumns } from "../columns.js";
import { METRICS, type MetricName } from "../metrics/index.js";
import { meanOf } from "../score.js";
import { type Column, type Figure, wordColumn, writeTable } from "../table.js";
import type { Contestant } from "./contestants.js";
import type { DataSet } from "./data-sets.js";
import {
  PAPER_METHODS,
  type PaperMethod,
  REAL_SETS,
  SYNTHETIC_SET,
  TABLE_1_METRICS,
  TABLE_2_METRICS,
} from "./paper.js";
import { keptResult, type Result } from "./results.js";

interface TablesInput {
  readonly contestants: readonly Contestant[];
  readonly sets: readonly DataSet[];
  /** The metrics that were measured. */
  readonly metrics: readonly MetricName[];
  readonly border: number;
  /** What NIQE was compared with, for people. */
  readonly niqe: string;
  /** The machine on which times were taken, for people. */
  readonly machine: string;
  /** What else there is to say of how they were made. */
  readonly notes?: readonly string[];
  /** Where results are kept. */
  readonly folder: string;
}

/** Results of a contestant on a set, in the order of its pictures; undefined where there is none yet. */
type Results = readonly (Result | undefined)[];

interface Row {
  readonly label: string;
  readonly contestant?: Contestant;
  readonly paper?: PaperMethod;
}

type Read = (contestant: Contestant, set: DataSet) => Results;

/** Writes both tables in Markdown, with what is missing and the commands that would fill it. */
export async function benchmarkTables(input: TablesInput): Promise<string> {
  const read = await readAll(input);
  const real = input.sets.filter(({ paired }) => !paired);
  const paired = input.sets.filter((set) => set.paired);
  const parts = [
    tableOf(1, "photos of the real world, without originals", real, REAL_SETS, TABLE_1_METRICS, input, read),
    tableOf(
      2,
      "degraded photos, against what they were",
      paired,
      [SYNTHETIC_SET],
      TABLE_2_METRICS,
      input,
      read,
    ),
  ];
  return parts.join("\n");
}

async function readAll({ contestants, sets, folder }: TablesInput): Promise<Read> {
  const columns = new Map<string, Results>();
  for (const contestant of contestants) {
    for (const set of sets) {
      const column = set.pictures.map((picture) => keptResult(folder, contestant, set, picture));
      columns.set(`${contestant.name}/${set.name}`, await Promise.all(column));
    }
  }
  return (contestant, set) => columns.get(`${contestant.name}/${set.name}`)!;
}

function tableOf(
  number: 1 | 2,
  title: string,
  sets: readonly DataSet[],
  published: readonly string[],
  paperMetrics: readonly MetricName[],
  input: TablesInput,
  read: Read,
): string {
  const rows = rowsOf(number, input.contestants);
  // The paper's sets have their columns also where the pictures are not there.
  const names = [
    ...published,
    ...sets.map(({ name }) => name).filter((name) => !publishedAs(name, published)),
  ];
  const metrics = input.metrics.filter((name) => number === 2 || !METRICS[name].needsReference);
  const shown = [...paperMetrics, ...metrics.filter((name) => !paperMetrics.includes(name))];
  const columns = names.flatMap((name) => {
    const set = sets.find((one) => one.name === name || publishedAs(one.name, [name]));
    const prefix = names.length > 1 ? `${name} ` : "";
    return shown.flatMap((metric) => columnsOf({ name, set, metric, prefix, number, paperMetrics }, read));
  });
  const table = {
    columns: [wordColumn<Row>("method", ({ label }) => label), ...columns, ...costColumns(sets, read)],
    rows,
    notes: notesOf(number, sets, published, shown, rows, input, read),
  };
  return `## Table ${number}: ${title}\n\n${writeTable(table, "markdown")}`;
}

/**
 * Returns the paper's methods in its order, each by the installed model that it is; then what is here beside
 * them.
 */
function rowsOf(number: 1 | 2, contestants: readonly Contestant[]): Row[] {
  const methods = PAPER_METHODS.filter(({ real }) => number === 2 || real);
  const rows = methods.map((paper): Row => {
    const names = namesOf(paper, number);
    const contestant = contestants.find(
      (one) => names.includes(one.model ?? "") && (paper.steps === undefined || one.steps === paper.steps),
    );
    return { label: paper.label, contestant, paper };
  });
  const taken = new Set(rows.map(({ contestant }) => contestant));
  const others = contestants.filter((contestant) => !taken.has(contestant));
  return [...rows, ...others.map((contestant) => ({ label: contestant.label, contestant }))];
}

const modelOf = ({ model, model2 }: PaperMethod, number: 1 | 2) => (number === 2 ? (model2 ?? model) : model);

/**
 * Returns what a paper's method is called here: its model's name, or its published file's where that is the
 * model.
 */
function namesOf(paper: PaperMethod, number: 1 | 2): string[] {
  const model = modelOf(paper, number);
  return [model, Object.hasOwn(PUBLISHED, model) ? PUBLISHED[model].file : paper.file];
}

/** Tells whether a folder's name is one of the paper's sets, whatever the case. */
function publishedAs(name: string, published: readonly string[]): boolean {
  return published.some((set) => set.toLowerCase() === name.toLowerCase());
}

interface ColumnOf {
  readonly name: string;
  readonly set: DataSet | undefined;
  readonly metric: MetricName;
  readonly prefix: string;
  readonly number: 1 | 2;
  readonly paperMetrics: readonly MetricName[];
}

/** Ours, and where the paper has figures, these and the difference. */
function columnsOf({ name, set, metric, prefix, number, paperMetrics }: ColumnOf, read: Read): Column<Row>[] {
  const arrow = METRICS[metric].better === "higher" ? "↑" : "↓";
  const ours = ({ contestant }: Row) =>
    contestant && set ? meanIn(read(contestant, set), metric) : undefined;
  const own: Column<Row> = {
    head: `${prefix}${METRICS[metric].label} ${arrow}`,
    cell(row) {
      const mean = ours(row);
      if (!mean) return undefined;
      const all = set!.pictures.length;
      const note = mean.count < all ? `(${mean.count} of ${all})` : undefined;
      return { ...metricFigure(metric, mean.value)!, note };
    },
  };
  const place = paperMetrics.indexOf(metric);
  if (place < 0) return [own];
  const printed = ({ paper }: Row) => {
    if (number === 2) return paper?.synthetic[place];
    return paper?.real?.[name as keyof NonNullable<PaperMethod["real"]>]?.[place];
  };
  return [own, ...paperColumns(metric, printed, (row) => ours(row)?.value)];
}

function meanIn(results: Results, metric: MetricName): { value: number; count: number } | undefined {
  const values = results.flatMap((result) => result?.values[metric] ?? []);
  return values.length === 0 ? undefined : { value: meanOf(values), count: values.length };
}

function costColumns(sets: readonly DataSet[], read: Read): Column<Row>[] {
  const numbers = (
    head: string,
    places: number,
    of: (one: Contestant) => number | undefined,
  ): Column<Row> => ({
    head,
    cell({ contestant }): Figure | undefined {
      const value = contestant && of(contestant);
      return value === undefined ? undefined : { value, places };
    },
  });
  return [
    numbers("s a picture", 2, (one) => {
      const times = sets.flatMap((set) => read(one, set).flatMap((result) => result?.seconds ?? []));
      return times.length === 0 ? undefined : meanOf(times);
    }),
    numbers("parameters, M", 2, ({ parameters }) => parameters && parameters / 1e6),
    numbers("GFLOP at 64 x 64", 1, ({ flops }) => flops && flops / 1e9),
  ];
}

/** Returns what was measured and how; then a line for each blank, with the command that would fill it. */
function notesOf(
  number: 1 | 2,
  sets: readonly DataSet[],
  published: readonly string[],
  metrics: readonly MetricName[],
  rows: readonly Row[],
  input: TablesInput,
  read: Read,
): string[] {
  const on = sets.map(({ name, pictures }) => `${name}: ${pictures.length} pictures`).join("; ");
  const measured = metrics.filter((name) => input.metrics.includes(name));
  const niqe = measured.includes("niqe") ? ` NIQE against ${input.niqe}.` : "";
  const border = borderNote(measured, input.border);
  const blanks = [
    ...published
      .filter((name) => !sets.some((set) => publishedAs(set.name, [name])))
      .map(
        (name) =>
          `${name}: --data ${name}${number === 2 ? `, made by ${DEGRADE}` : ", the published folder"}`,
      ),
    ...metrics
      .filter((name) => !input.metrics.includes(name))
      .map((name) => `${METRICS[name].label}: samsr metrics pull ${name}`),
    ...rows.flatMap(({ contestant, paper, label }) => {
      if (contestant) return unfinished(label, contestant, sets, read);
      return paper ? [`${label}: ${commandFor(paper, number)}`] : [];
    }),
  ];
  const list = blanks.map((line) => `- ${line}`).join("\n");
  return [
    `${on ? `${on}. ` : ""}${border}${niqe} Seconds: of enlarging alone, on ${input.machine}.`,
    ...(input.notes ?? []),
    blanks.length === 0 ? "" : `Blank, and what would fill it:\n\n${list}`,
  ];
}

const DEGRADE = `"samsr degrade IMAGENET/val -o ${SYNTHETIC_SET} --protocol imagenet-test"`;

function unfinished(label: string, contestant: Contestant, sets: readonly DataSet[], read: Read): string[] {
  const lacking = sets.flatMap((set) => {
    const left = read(contestant, set).filter((result) => !result).length;
    return left === 0 ? [] : [`${left} pictures of ${set.name}`];
  });
  return lacking.length === 0
    ? []
    : [`${label}: ${lacking.join(" and ")} are left; the same command goes on`];
}

function commandFor(paper: PaperMethod, number: 1 | 2): string {
  const model = modelOf(paper, number);
  if (Object.hasOwn(PUBLISHED, model)) return `samsr models pull ${model}`;
  return `samsr models add ${paper.file} --name ${model}`;
}
