/** `samsr degrade`: photos and what a degradation makes of them, as files. */
import { mkdir } from "node:fs/promises";
import { dirname, extname, join, resolve } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { encodeToFile, writeFileAtomically } from "../../image/index.js";
import { startThread, type Thread } from "../../runtime/index.js";
import {
  chooseAtRandom,
  type DegradedPair,
  IMAGENET_TEST_COUNT,
  type PairOptions,
} from "../../train/data/degraded-pair.js";
import type { functions } from "../../train/data/pair-worker.js";
import { spread } from "../../train/data/photos.js";
import { eachInput } from "../each-input.js";
import { findInputs, type Input, readStandardInput } from "../inputs.js";
import { checkFolder, refuseExisting } from "../outputs.js";
import { printError, UsageError } from "../report.js";
import { createReporter } from "../reporter.js";
import { writeToStdout } from "../streams.js";

export interface DegradeArguments extends Partial<PairOptions> {
  readonly out: string;
  readonly protocol?: "imagenet-test";
  readonly seed: number;
  readonly perPhoto?: number;
  readonly limit?: number;
  readonly format: "png" | "tiff";
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** A photo and the pairs that are to be made of it. */
interface Job {
  readonly input: Input;
  /** The files' paths below `hr` and `lr`, with forward slashes. */
  readonly files: readonly string[];
}

/** What degradation.json says of a pair. */
interface PairFacts extends Omit<DegradedPair, "hr" | "lr"> {
  readonly input: string;
  readonly hr: string;
  readonly lr: string;
}

type Pairs = Thread<typeof functions>;

const DOCUMENT = "degradation.json";

/**
 * Runs `samsr degrade`.
 * @returns the exit code: 0, or 1 when of a photo no pair could be made
 */
export async function degradeCommand(
  words: readonly string[],
  options: DegradeArguments,
  signal: AbortSignal,
): Promise<number> {
  const { out, crop } = options;
  if (crop !== undefined && crop % 4 !== 0) {
    throw new UsageError(`--crop ${crop}: expected a multiple of 4`);
  }
  const reporter = createReporter(options);
  const found = await findInputs(words, { recursive: true, out });
  for (const { name, error } of found.failures) printError(error, name);
  const inputs = chooseInputs(found.inputs, options);
  if (options.protocol && inputs.length < (options.limit ?? IMAGENET_TEST_COUNT)) {
    reporter.say(`the protocol has ${IMAGENET_TEST_COUNT} photos; these are ${inputs.length}`);
  }
  const jobs = planJobs(inputs, options);
  await refuseTaken(jobs, options);

  const made: PairFacts[] = [];
  let failed = found.failures.length;
  const thread: Pairs = startThread(new URL("../../train/data/pair-worker.js", import.meta.url));
  try {
    failed += await eachInput(jobs, reporter, signal, async ({ input, files }) => {
      for await (const pair of makePairs(thread, input, files, options, signal)) made.push(pair);
    });
  } finally {
    // What an interrupted run leaves is whole, so it is told about too.
    if (made.length > 0) await writeDocument(made, options);
    await thread.close();
  }
  if (options.json) await writeToStdout(documentOf(made, options), signal);
  reporter.say(`${out}: ${made.length} pair${made.length === 1 ? "" : "s"}`);
  return failed > 0 ? 1 : 0;
}

function chooseInputs(inputs: readonly Input[], { protocol, limit, seed }: DegradeArguments): Input[] {
  if (protocol === undefined) return spread(inputs, limit ?? inputs.length);
  return chooseAtRandom(inputs, nameOf, limit ?? IMAGENET_TEST_COUNT, seed);
}

/** Returns a photo's name below its folder, the same on every system. */
function nameOf({ place }: Input): string {
  return place.replaceAll("\\", "/");
}

/**
 * Plans what is made of each photo, and under which names.
 * @throws SamsrError when two photos would have the same name without their endings
 */
function planJobs(inputs: readonly Input[], { perPhoto = 1, format }: DegradeArguments): Job[] {
  const taken = new Map<string, Input>();
  const ending = format === "tiff" ? "tif" : "png";
  return inputs.map((input) => {
    const name = nameOf(input);
    const stem = name.slice(0, name.length - extname(name).length);
    const files = Array.from(
      { length: perPhoto },
      (_, variant) => `${stem}${perPhoto > 1 ? `-${variant + 1}` : ""}.${ending}`,
    );
    for (const file of files) {
      const other = taken.get(file);
      if (other)
        throw new SamsrError(
          `${input.name} and ${other.name} would both be written to ${file}; do one apart`,
        );
      taken.set(file, input);
    }
    return { input, files };
  });
}

/**
 * Refuses to overwrite anything.
 * @throws SamsrError when a file that is to be written is there already, or is an input
 */
async function refuseTaken(jobs: readonly Job[], { out, overwrite }: DegradeArguments): Promise<void> {
  await checkFolder(join(out, DOCUMENT));
  await refuseExisting(join(out, DOCUMENT), overwrite);
  const inputs = new Set(jobs.map(({ input }) => input.path && resolve(input.path)));
  for (const { files } of jobs) {
    for (const path of files.flatMap((file) => [join(out, "hr", file), join(out, "lr", file)])) {
      if (inputs.has(resolve(path)))
        throw new SamsrError(`${path} is an input; choose another folder for the pairs`);
      await refuseExisting(path, overwrite);
    }
  }
}

async function* makePairs(
  thread: Pairs,
  input: Input,
  files: readonly string[],
  { out, degradation = "mild", protocol, seed, crop, format, overwrite }: DegradeArguments,
  signal: AbortSignal,
): AsyncGenerator<PairFacts> {
  const source = input.path ?? (await readStandardInput(signal));
  await thread.call("read", { source, name: nameOf(input) }, { signal });
  for (const [variant, file] of files.entries()) {
    const { hr, lr, ...rest } = protocol
      ? await thread.call("imagenetTest", { seed }, { signal })
      : await thread.call("pair", { variant, options: { degradation, crop, seed } }, { signal });
    for (const [part, raster] of [
      ["hr", hr],
      ["lr", lr],
    ] as const) {
      const path = join(out, part, file);
      await mkdir(dirname(path), { recursive: true });
      await encodeToFile(raster, path, { format, overwrite, signal });
    }
    yield { input: nameOf(input), hr: `hr/${file}`, lr: `lr/${file}`, ...rest };
  }
}

function documentOf(
  pairs: readonly PairFacts[],
  { protocol, degradation = "mild", crop, perPhoto = 1, seed }: DegradeArguments,
): string {
  const how = protocol ? { protocol } : { degradation, crop, perPhoto };
  return `${JSON.stringify({ ...how, seed, scale: 4, pairs }, undefined, 2)}\n`;
}

async function writeDocument(pairs: readonly PairFacts[], options: DegradeArguments): Promise<void> {
  const content = new TextEncoder().encode(documentOf(pairs, options));
  await writeFileAtomically(join(options.out, DOCUMENT), content, { overwrite: options.overwrite });
}
