/** `samsr benchmark tables`: the tables go to standard output, all else to standard error. */
import { cpus } from "node:os";
import { unlessAborted } from "../../base/abort.js";
import { SamsrError } from "../../base/errors.js";
import { allModels, BICUBIC, contestantsOf, modelsNamed } from "../../evaluate/benchmark/contestants.js";
import { folderSet } from "../../evaluate/benchmark/data-sets.js";
import { runBenchmark } from "../../evaluate/benchmark/run.js";
import { borderOf, createMeasurer } from "../../evaluate/measurer.js";
import { readPristineModel } from "../../evaluate/niqe/niqe.js";
import type { Device } from "../../runtime/index.js";
import type { Preset } from "../../upscale/preset-names.js";
import { chooseMetrics } from "../metric-options.js";
import { printError } from "../report.js";
import { createReporter } from "../reporter.js";
import { writeToStdout } from "../streams.js";

export interface TablesArguments {
  readonly data: readonly string[];
  readonly out: string;
  /** Names, separated by commas. */
  readonly models?: string;
  readonly metrics?: string;
  readonly limit?: number;
  readonly border?: number;
  readonly preset?: Preset;
  readonly niqeModel?: string;
  readonly gallery: number;
  readonly seed: number;
  readonly device: Device | "auto";
  readonly threads?: number;
  readonly quiet?: boolean;
}

/**
 * Runs `samsr benchmark`.
 * @returns the exit code: 0, or 1 when a method failed on a picture
 */
export async function tablesCommand(options: TablesArguments, signal: AbortSignal): Promise<number> {
  const { out, limit, gallery, seed, preset, device, threads } = options;
  const border = options.border ?? borderOf(preset);
  const reporter = createReporter({ quiet: options.quiet, toStdout: true });
  const sets = await Promise.all(options.data.map((folder) => folderSet(folder, limit)));
  const twice = sets.find(({ name }, i) => sets.findIndex((set) => set.name === name) !== i);
  if (twice)
    throw new SamsrError(`two data sets are called ${twice.name}; their folders' names tell them apart`);
  const metrics = await chooseMetrics(options.metrics ?? "all", true);
  const pristine = await readPristineModel(options.niqeModel);

  const names = options.models?.split(",").map((name) => name.trim());
  const models = names ? await modelsNamed(names.filter((name) => name !== "bicubic")) : await allModels();
  const runsOn = { device, threads, signal };
  const contestants = [BICUBIC];
  const notes = new Set<string>();
  const how = { seed, runsOn, preset, tell: (line: string) => void notes.add(line) };
  for (const model of models) contestants.push(...(await contestantsOf(model, how)));
  for (const line of notes) reporter.say(line);
  const opening = createMeasurer({ metrics, border, pristine, device, threads });
  const measurer = await unlessAborted(opening, signal);
  let failed = false;
  let last = "";
  try {
    const tables = await runBenchmark({
      ...{ contestants, sets, measurer, folder: out, gallery, signal, machine: machineWords(options) },
      notes: [...notes].map((line) => `${line[0].toUpperCase()}${line.slice(1)}.`),
      onPicture({ contestant, set, picture, done, total }) {
        const title = `${contestant} on ${set}`;
        if (title !== last) {
          reporter.say(`${title}: ${total - done} of ${total} pictures`);
          last = title;
        }
        reporter.bar.file(picture, title);
        reporter.bar.update({ stage: "enlarging", done, total });
      },
      onFailure(contestant, error) {
        failed = true;
        reporter.bar.clear();
        printError(error, contestant.label);
      },
    });
    reporter.bar.clear();
    await writeToStdout(tables, signal);
    reporter.say(`${out}/tables.md, ${out}/index.html`);
  } finally {
    reporter.bar.clear();
    await measurer.close();
  }
  return failed ? 1 : 0;
}

function machineWords({ device, threads }: TablesArguments): string {
  const cores = cpus();
  const model = cores[0]?.model.trim() ?? "an unknown processor";
  return `${model}, ${threads ?? cores.length} threads, device ${device}`;
}
