/**
 * `samsr masks`: what the method knows of pictures before the network sees them. What is written of each is
 * in write.ts.
 */
import { extname, join } from "node:path";
import { findCoverageNetwork } from "../../semantics/coverage-model.js";
import { resolveSamOptions, type SourceName } from "../../semantics/index.js";
import { findSam } from "../../semantics/sam/find-sam.js";
import { samOptionsOf } from "../../semantics/sam/words.js";
import { openNetworks, sourceOfWord } from "../../semantics/sources/installed.js";
import { eachInput } from "../each-input.js";
import { findInputs, type Input } from "../inputs.js";
import { printError, UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { printJson } from "../streams.js";
import type { MasksArguments } from "./arguments.js";
import { type MaskResult, writeSemantics } from "./write.js";

/**
 * Runs `samsr masks`.
 * @returns the exit code: 0, or 1 when a picture failed
 */
export async function masksCommand(
  words: readonly string[],
  given: MasksArguments,
  signal: AbortSignal,
): Promise<number> {
  const options = { ...given, masks: given.masks ?? impliedMasks(given) };
  await checkOptions(options);
  const found = await findInputs(words, options);
  const reporter = createReporter(options);
  const results: MaskResult[] = [];
  const folders = foldersFor(found.inputs, options.out, found.several);
  const jobs = found.inputs.map((input, i) => ({ input, folder: folders[i]! }));
  for (const { name, error } of found.failures) printError(error, name);
  const { model: sam, coverage, device, threads, cache, variant, enlarged = false } = options;
  const of = { sam, coverage, device, threads, cache };
  const networks = openNetworks({ ...of, ownThread: true, spinning: false });
  const samOptions = samOptionsOf(options);
  const source = sourceOfWord(options.masks, { variant, samOptions, enlarged, networks });
  const run = { options, source, reporter, signal };
  let failed = found.failures.length;
  try {
    failed += await eachInput(jobs, reporter, signal, async ({ input, folder }) => {
      results.push(...(await writeSemantics(input, folder, run)));
    });
  } finally {
    await networks.release();
  }
  if (options.json) printJson(results);
  return failed > 0 ? 1 : 0;
}

/** Returns what finds masks where only a network is named. */
function impliedMasks({ model, coverage }: MasksArguments): SourceName {
  if (model !== undefined) return "sam";
  return coverage === undefined ? "regions" : "network";
}

/** Refuses what cannot work whatever the picture. */
async function checkOptions(options: MasksArguments & { masks: string }): Promise<void> {
  const { masks, model, coverage, enlarged } = options;
  const generator = samOptionsOf(options);
  if (coverage !== undefined) {
    if (masks !== "network") throw new UsageError(`--coverage goes with --masks network, not ${masks}`);
    await findCoverageNetwork(coverage);
  }
  if (masks !== "sam") {
    const said = [model, enlarged, ...Object.values(generator)].some((value) => value !== undefined);
    if (said)
      throw new UsageError(`--model and the options of Segment Anything go with --masks sam, not ${masks}`);
    return;
  }
  try {
    resolveSamOptions(generator);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  await findSam(model);
}

/**
 * Returns the folder of each picture: the one named for a single one, else one in it that has the picture's
 * name.
 */
function foldersFor(inputs: readonly Input[], out: string, several: boolean): string[] {
  if (!several) return inputs.map(() => out);
  const stem = (place: string) => place.slice(0, place.length - extname(place).length) || place;
  const taken = new Map<string, number>();
  for (const { place } of inputs) taken.set(stem(place), (taken.get(stem(place)) ?? 0) + 1);
  return inputs.map(({ place }) => join(out, taken.get(stem(place))! > 1 ? place : stem(place)));
}
