import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../base/errors.js";
import { findCoverageNetwork } from "../semantics/coverage-model.js";
import { findSam } from "../semantics/sam/find-sam.js";
import { createSegmenter, type Segmenter } from "../semantics/sam/segmenter.js";
import { bundleCoverageModel, bundleModel } from "../train/bundle.js";
import { readWeights, saveWeights } from "../train/checkpoint.js";
import { trainCoverage } from "../train/coverage.js";
import type { Batches } from "../train/data/batches.js";
import { coverageSamples } from "../train/data/coverage-samples.js";
import type { DegradationName } from "../train/data/degradations.js";
import { mildDegradation, mildTraining } from "../train/data/degrade.js";
import { type MaskSource, maskFilesSource, regionsSource, samSource } from "../train/data/mask-sources.js";
import { loadPhotos } from "../train/data/photos.js";
import { startBatches } from "../train/data/threaded-batches.js";
import { COVERAGE_RECIPE, STUDENT_RECIPE, TEACHER_RECIPE } from "../train/recipe.js";
import { trainStudent } from "../train/student.js";
import { trainTeacher } from "../train/teacher.js";
import type { Weights } from "../train/weights.js";
import { UsageError } from "./report.js";

export interface TrainArguments {
  readonly data: readonly string[];
  readonly out: string;
  readonly resume?: boolean;
  readonly steps?: number;
  readonly threads?: number;
  readonly degradation?: DegradationName;
  readonly pool?: number;
}

/** As a shell reports a program that SIGINT ended. */
const INTERRUPTED = 130;

const say = (line: string) => process.stderr.write(`${line}\n`);

async function readPhotos(data: readonly string[]) {
  const { photos, skipped } = await loadPhotos(data);
  for (const { file, reason } of skipped) say(`skipped ${file}: ${reason}`);
  say(`${photos.length} photos`);
  return photos;
}

/** Trains on batches that a thread of their own makes of the folders. */
async function onBatches<T>(
  { data, degradation, pool }: TrainArguments,
  { batch, crop, seed }: { batch: number; crop: number; seed: number },
  train: (batches: Batches) => Promise<T>,
): Promise<T> {
  const skip = (file: string, reason: string) => say(`skipped ${file}: ${reason}`);
  const batches = await startBatches({ folders: data, degradation, pool, batch, crop, seed }, skip);
  say(`${batches.count} ${batches.kind}`);
  try {
    return await train(batches);
  } finally {
    await batches.close();
  }
}

/** What both kinds of run take from the command line. */
function shared(args: TrainArguments, signal: AbortSignal) {
  return {
    out: args.out,
    resume: args.resume ?? false,
    saveEvery: 250,
    reportEvery: 50,
    report: say,
    signal,
    session: { threads: args.threads, spinning: false },
  };
}

export async function trainTeacherCommand(args: TrainArguments, signal: AbortSignal): Promise<number> {
  const recipe = { ...TEACHER_RECIPE, steps: args.steps ?? TEACHER_RECIPE.steps };
  const { weights, average } = await onBatches(args, recipe, (batches) =>
    trainTeacher({ ...recipe, ...shared(args, signal), batches }),
  );
  return finish(join(args.out, "teacher.safetensors"), weights, average, recipe.steps, signal);
}

export async function trainStudentCommand(
  args: TrainArguments & { readonly teacher: string; readonly lambda?: number },
  signal: AbortSignal,
): Promise<number> {
  const { lambda = STUDENT_RECIPE.terms.sc } = args;
  const terms = { ...STUDENT_RECIPE.terms, sc: lambda };
  const recipe = { ...STUDENT_RECIPE, terms, steps: args.steps ?? STUDENT_RECIPE.steps };
  const coverage = lambda > 0 ? await findCoverageNetwork() : undefined;
  const teacher = await readWeights(args.teacher);
  const { weights, average } = await onBatches(args, recipe, (batches) =>
    trainStudent({ ...recipe, ...shared(args, signal), batches, teacher, coverage }),
  );
  return finish(join(args.out, "student.safetensors"), weights, average, recipe.steps, signal);
}

export async function trainCoverageCommand(
  args: TrainArguments & { readonly masks: string; readonly sam?: string; readonly name: string },
  signal: AbortSignal,
): Promise<number> {
  const { out } = args;
  const recipe = { ...COVERAGE_RECIPE, steps: args.steps ?? COVERAGE_RECIPE.steps };
  const segmenter = createSegmenter({ sam: args.sam, threads: args.threads });
  const source = await maskSource(args, segmenter);
  const photos = await readPhotos(args.data);
  const { width, height, variants, seed } = recipe;
  const degradation = mildDegradation(mildTraining);
  const folder = join(out, "samples");
  const of = { photos, source, width, height, variants, seed, degradation, folder };
  const samples = await coverageSamples({ ...of, report: say, signal }).catch((error) => {
    if (!signal.aborted) throw error;
    return undefined;
  });
  await segmenter.release();
  if (!samples) {
    say("interrupted; the same command goes on where it was");
    return INTERRUPTED;
  }
  const { weights, average } = await trainCoverage({ ...recipe, ...shared(args, signal), samples });
  const path = join(out, "network.safetensors");
  const code = await finish(path, weights, average, recipe.steps, signal, "coverage-network");
  if (code === 0) {
    await bundleCoverageModel(args.name, path, join(out, args.name));
    say(`${join(out, args.name)}: write its CARD.md before you pass it on`);
  }
  return code;
}

async function maskSource(
  { masks, sam }: { masks: string; sam?: string },
  segmenter: Segmenter,
): Promise<MaskSource> {
  if (masks === "sam") return samSource(segmenter, (await findSam(sam)).name);
  if (sam !== undefined) throw new UsageError("--sam goes with --masks sam");
  if (masks === "regions") return regionsSource(COVERAGE_RECIPE.regions);
  const facts = await stat(masks).catch(() => undefined);
  if (facts?.isDirectory()) return maskFilesSource(masks);
  throw new SamsrError(`--masks ${masks}: no such folder; expected regions, sam, or a folder of masks`);
}

/** What is shipped is the moving average; an interrupted run keeps its state for --resume instead. */
async function finish(
  path: string,
  weights: Weights,
  average: Float32Array,
  steps: number,
  signal: AbortSignal,
  network = "pixel-denoiser",
): Promise<number> {
  if (signal.aborted) {
    say("interrupted; go on with --resume");
    return INTERRUPTED;
  }
  const metadata = { network, steps: String(steps) };
  await saveWeights(path, weights, average, { precision: "float32", metadata });
  say(path);
  return 0;
}

export interface BundleArguments {
  readonly student: string;
  readonly teacher: string;
  readonly name: string;
  readonly out: string;
}

export async function bundleCommand({ name, out, ...paths }: BundleArguments): Promise<number> {
  await bundleModel(name, paths, out);
  say(`${out}: write its CARD.md before you pass it on`);
  return 0;
}
