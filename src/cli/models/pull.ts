/**
 * `samsr models pull NAME`: a published model from where its authors publish it, or what there is to fetch.
 */
import { stat } from "node:fs/promises";
import { downloadPath, PUBLISHED, pullModel } from "../../checkpoints/store/index.js";
import type { Interrupts } from "../interrupt.js";
import { createReporter } from "../reporter.js";
import { print, printJson, say } from "../streams.js";
import { PATIENCE } from "./add.js";
import { megabytes } from "./format.js";
import { modelProgress } from "./progress.js";
import type { PullArguments } from "./pull-words.js";

export async function pullModelsCommand(
  name: string | undefined,
  options: PullArguments,
  interrupts: Interrupts,
): Promise<number> {
  if (name === undefined) return listPublished(options);
  interrupts.allow(PATIENCE);
  const reporter = createReporter(options);
  const { from = process.env.SAMSR_MIRROR, overwrite } = options;
  const { signal } = interrupts;
  let file: string | undefined;
  const draw = modelProgress(reporter.bar);
  try {
    const added = await pullModel(name, {
      ...{ from, overwrite, signal },
      warn(line) {
        reporter.bar.clear();
        if (!options.quiet) say(`samsr: ${line}`);
      },
      onProgress(progress) {
        file = progress.file;
        draw(progress);
      },
    });
    reporter.bar.clear();
    for (const { description, folder, bytes } of added) {
      reporter.say(`${description.name}: ${megabytes(bytes)}, in ${folder}; licence: ${description.licence}`);
    }
    if (added.length === 0) reporter.say(`${name} is installed already; --overwrite fetches it again`);
    if (options.json) {
      const facts = added.map(({ description, folder, bytes }) => ({ ...description, folder, bytes }));
      printJson(facts);
    }
    return 0;
  } catch (error) {
    reporter.bar.clear();
    if (signal.aborted && file !== undefined) await sayKept(file);
    throw error;
  }
}

/** Says after Ctrl-C that what has come is not lost. */
async function sayKept(file: string): Promise<void> {
  const path = `${downloadPath({ file })}.part`;
  const facts = await stat(path).catch(() => undefined);
  if (!facts || facts.size === 0) return;
  say(`samsr: ${megabytes(facts.size)} are kept in ${path}; the same command goes on from there`);
}

function listPublished({ json }: PullArguments): number {
  const entries = Object.entries(PUBLISHED);
  if (json) {
    const facts = entries.map(([name, published]) => ({ name, ...published }));
    printJson(facts);
    return 0;
  }
  for (const [name, { summary, licence, url, size, sha256 }] of entries) {
    const known = size === undefined ? "size not stated" : megabytes(size);
    const hash =
      sha256 === undefined ? "no SHA-256 stated: only the network in it is checked" : "SHA-256 checked";
    print(`${name}\n  ${summary}\n  licence: ${licence}\n  ${url}\n  ${known}; ${hash}\n\n`);
  }
  return 0;
}
