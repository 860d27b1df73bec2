/** All contestants on all data sets: what is missing is made, and the tables are written anew after each. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { whileLocked } from "../../base/lock.js";
import { writeFileAtomically } from "../../image/index.js";
import type { Measurer } from "../measurer.js";
import type { Contestant } from "./contestants.js";
import type { DataSet } from "./data-sets.js";
import { benchmarkGallery } from "./gallery.js";
import { fillResults, type ResultsOptions } from "./results.js";
import { benchmarkTables } from "./tables.js";

interface BenchmarkOptions {
  readonly contestants: readonly Contestant[];
  readonly sets: readonly DataSet[];
  readonly measurer: Measurer;
  /** Where everything is kept: pictures, results, tables.md and index.html. */
  readonly folder: string;
  /** How many pictures of each set the page shows. */
  readonly gallery: number;
  /** The machine on which times are taken, for people. */
  readonly machine: string;
  /** What else there is to say below the tables, such as which preset was run. */
  readonly notes?: readonly string[];
  readonly signal: AbortSignal;
  readonly onPicture?: ResultsOptions["onPicture"];
  /** Told of a picture that a contestant fails on, or of one that cannot be opened; the work goes on. */
  readonly onFailure: (contestant: Contestant, error: Error) => void;
}

/**
 * Runs a benchmark, or goes on with it.
 * @returns the tables, in Markdown
 * @throws SamsrError when another process works in the folder, or it cannot be written; the signal's reason,
 * after the tables of what there is have been written
 */
export async function runBenchmark(options: BenchmarkOptions): Promise<string> {
  const { folder, signal } = options;
  await mkdir(folder, { recursive: true });
  return whileLocked(join(folder, ".lock"), { what: folder, doing: "filled" }, signal, async (held) => {
    let tables = "";
    for (const contestant of byCost(options.contestants)) {
      try {
        await fillAll(contestant, { ...options, signal: held });
      } finally {
        tables = await writeTables(options);
      }
    }
    return tables;
  });
}

async function fillAll(contestant: Contestant, options: BenchmarkOptions): Promise<void> {
  const { sets, folder, measurer, signal, onPicture } = options;
  const onFailure = (error: Error) => options.onFailure(contestant, error);
  for (const set of sets) {
    await fillResults(contestant, set, { folder, measurer, signal, onPicture, onFailure }).catch((error) => {
      signal.throwIfAborted();
      onFailure(error);
    });
  }
}

/** Sorts contestants, the cheap ones first: their rows are there early. */
function byCost(contestants: readonly Contestant[]): Contestant[] {
  const cost = ({ parameters, flops }: Contestant) =>
    flops ?? (parameters === 0 ? 0 : Number.POSITIVE_INFINITY);
  return contestants.toSorted((a, b) => (cost(a) < cost(b) ? -1 : cost(a) > cost(b) ? 1 : 0));
}

async function writeTables(options: BenchmarkOptions): Promise<string> {
  const { measurer, folder, gallery, contestants, sets, machine, notes } = options;
  const { metrics, border, pristine } = measurer;
  const input = { contestants, sets, metrics, border, niqe: pristine.source, machine, notes, folder };
  const tables = await benchmarkTables(input);
  const write = (name: string, text: string) =>
    writeFileAtomically(join(folder, name), new TextEncoder().encode(text), { overwrite: true });
  await write("tables.md", tables);
  await write("index.html", await benchmarkGallery(input, gallery, tables));
  return tables;
}
