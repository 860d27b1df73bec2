/** A run of the coverage network: masks of photos are counted once, kept, and learned from. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { COVERAGE_NETWORK } from "../../networks/index.js";
import { findSam } from "../../semantics/sam/find-sam.js";
import { createSegmenter, type Segmenter } from "../../semantics/sam/segmenter.js";
import { bundleCoverageModel } from "../bundle.js";
import { type CoverageConfig, coverageOptions } from "../config/index.js";
import { trainCoverage } from "../coverage.js";
import { coverageSamples } from "../data/coverage-samples.js";
import { degradationNamed } from "../data/degradations.js";
import { type MaskSource, maskFilesSource, regionsSource, samSource } from "../data/mask-sources.js";
import { loadPhotos } from "../data/photos.js";
import { demandField, finish, type TrainingRun, trainerOptions } from "./training-run.js";

/**
 * Trains a coverage network and leaves it as a model. @returns the file of its weights; undefined when
 * interrupted
 */
export async function runCoverage(config: CoverageConfig, run: TrainingRun): Promise<string | undefined> {
  const { out, signal, sam, name = "coverage", report = () => {} } = run;
  const options = coverageOptions(config);
  const segmenter = createSegmenter({ sam, threads: run.threads });
  const source = await maskSource(config, sam, segmenter);
  const { photos, skipped } = await loadPhotos(demandField(config, "data.photos", config.data.photos));
  for (const { file, reason } of skipped) report(`skipped ${file}: ${reason}`);
  report(`${photos.length} photos`);
  const { width, height, variants, seed } = options;
  const degradation = degradationNamed(config.data.degradation);
  const folder = join(out, "samples");
  const of = { photos, source, width, height, variants, seed, degradation, folder };
  const samples = await coverageSamples({ ...of, report, signal }).catch((error) => {
    if (!signal?.aborted) throw error;
    return undefined;
  });
  await segmenter.release();
  if (!samples) {
    report("interrupted; the same command goes on where it was");
    return undefined;
  }
  const trained = await trainCoverage({ ...options, ...trainerOptions(config, run), samples });
  const metadata = { network: COVERAGE_NETWORK.name, steps: String(options.steps) };
  const path = await finish(run, "network.safetensors", trained, metadata);
  if (path !== undefined) {
    await bundleCoverageModel(name, config.network, path, join(out, name));
    report(`${join(out, name)}: write its CARD.md before you pass it on`);
  }
  return path;
}

async function maskSource(
  { masks, regions }: CoverageConfig,
  sam: string | undefined,
  segmenter: Segmenter,
): Promise<MaskSource> {
  if (masks === "sam") return samSource(segmenter, (await findSam(sam)).name);
  if (masks === "regions") return regionsSource(regions);
  const facts = await stat(masks).catch(() => undefined);
  if (facts?.isDirectory()) return maskFilesSource(masks);
  throw new SamsrError(`--masks ${masks}: no such folder; expected regions, sam, or a folder of masks`);
}
