/**
 * What a run leaves to look at, beside its weights: `log.jsonl`, a line of numbers each; an event file for
 * TensorBoard; `report.html`. None of them is needed to go on, so a full disk costs lines, not the run.
 */
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { encode, type Raster, writeFileAtomically } from "../../image/index.js";
import { type LogEntry, reportPage, type SampleSheet } from "./report.js";
import { imageRecord, scalarsRecord, startRecord, versionRecord } from "./tensorboard.js";

export interface RunLog {
  /** Writes the numbers of a step. */
  write(entry: LogEntry): Promise<void>;
  /** Writes what the network makes of fixed pictures by now. */
  sample(step: number, picture: Raster): Promise<void>;
  /** Brings `report.html` up to date. */
  report(): Promise<void>;
}

interface RunLogOptions {
  /** The run's folder, which exists. */
  readonly out: string;
  readonly title: string;
  /** Shown in the report. */
  readonly settings: unknown;
  /** Steps done so far; what an interrupted run logged of later ones is dropped, they will come again. */
  readonly step: number;
  /** Told once what could not be written. */
  readonly warn: (line: string) => void;
}

/** More samples than this, evenly spread over the run, would make the report heavy. */
const MOST_SAMPLES = 12;

export async function openRunLog({ out, title, settings, step, warn }: RunLogOptions): Promise<RunLog> {
  const lines = join(out, "log.jsonl");
  const now = () => Date.now() / 1000;
  const events = join(out, `events.out.tfevents.${Math.floor(now())}.samsr.${process.pid}`);
  let warned = false;
  const trying = async (what: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      if (!warned) warn(`${what} could not be written (${(error as Error).message}); the run goes on`);
      warned = true;
    }
  };

  const entries = (await readEntries(lines)).filter((entry) => entry.step <= step);
  const text = entries.map((entry) => `${JSON.stringify(entry)}\n`).join("");
  await trying(lines, () => writeFileAtomically(lines, new TextEncoder().encode(text), { overwrite: true }));
  const opening = [versionRecord(now()), ...(step > 0 ? [startRecord(now(), step)] : [])];
  await trying(events, () => appendFile(events, Buffer.concat(opening)));
  let samples: SampleSheet[] = [];

  return {
    async write(entry) {
      entries.push(entry);
      const { step: at, ...values } = entry;
      await trying(lines, () => appendFile(lines, `${JSON.stringify(entry)}\n`));
      await trying(events, () => appendFile(events, scalarsRecord(now(), at, values)));
    },
    async sample(at, picture) {
      const png = await encode(picture, { format: "png" });
      samples.push({ step: at, png });
      if (samples.length > MOST_SAMPLES) samples = samples.filter((_, i) => i % 2 === 0);
      const { width, height } = picture;
      await trying(events, () =>
        appendFile(events, imageRecord(now(), at, "samples", { width, height, png })),
      );
    },
    report() {
      const page = join(out, "report.html");
      const html = new TextEncoder().encode(reportPage(title, settings, entries, samples));
      return trying(page, () => writeFileAtomically(page, html, { overwrite: true }));
    },
  };
}

/** Reads the lines that can be read; the last one of a run that was killed may be half a line. */
async function readEntries(path: string): Promise<LogEntry[]> {
  const text = await readFile(path, "utf8").catch(() => "");
  return text.split("\n").flatMap((line) => {
    try {
      const entry = JSON.parse(line) as LogEntry;
      return Number.isInteger(entry?.step) ? [entry] : [];
    } catch {
      return [];
    }
  });
}
