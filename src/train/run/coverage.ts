/** A run of the coverage network: masks of photos are counted once, kept, and learned from. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { isPlainName } from "../../base/plain-name.js";
import type { FindMasks } from "../../semantics/index.js";
import { findSam } from "../../semantics/sam/find-sam.js";
import { openNetworks } from "../../semantics/sources/installed.js";
import { bundleCoverageModel } from "../bundle.js";
import { type CoverageConfig, coverageOptions } from "../config/index.js";
import { trainCoverage } from "../coverage.js";
import { coverageSamples } from "../data/coverage-samples.js";
import { type CoverageTarget, filesTarget, regionsTarget, samTarget } from "../data/coverage-targets.js";
import { degradationNamed } from "../data/degradations.js";
import { loadPhotos } from "../data/photos.js";
import { demandField, finish, type TrainingRun, trainerOptions } from "./training-run.js";

/**
 * Trains a coverage network and leaves it as a model. @returns the file of its weights; undefined when
 * interrupted
 */
export async function runCoverage(config: CoverageConfig, run: TrainingRun): Promise<string | undefined> {
  const { out, signal, sam, name = "coverage", report = () => {} } = run;
  if (!isPlainName(name)) throw new SamsrError(`"${name}" cannot be the name of a model and its folder`);
  const options = coverageOptions(config);
  const networks = openNetworks({ sam, threads: run.threads });
  const target = await targetOf(config, sam, networks.findMasks);
  const { photos, skipped } = await loadPhotos(demandField(config, "data.photos", config.data.photos));
  for (const { file, reason } of skipped) report(`skipped ${file}: ${reason}`);
  report(`${photos.length} photos`);
  const { width, height, variants, seed } = options;
  const degradation = degradationNamed(config.data.degradation);
  const folder = join(out, "samples");
  const of = { photos, target, width, height, variants, seed, degradation, folder };
  const samples = await coverageSamples({ ...of, report, signal }).catch((error) => {
    if (!signal?.aborted) throw error;
    return undefined;
  });
  await networks.release();
  if (!samples) {
    report("interrupted; the same command goes on where it was");
    return undefined;
  }
  const trained = await trainCoverage({ ...options, ...trainerOptions(config, run), samples });
  const path = await finish(run, "network.safetensors", trained, config);
  if (path !== undefined) {
    await bundleCoverageModel(name, config.network, path, join(out, name));
    report(`${join(out, name)}: write its CARD.md before you pass it on`);
  }
  return path;
}

async function targetOf(
  { masks, regions }: CoverageConfig,
  sam: string | undefined,
  findMasks: FindMasks,
): Promise<CoverageTarget> {
  if (masks === "sam") return samTarget(findMasks, (await findSam(sam)).name);
  if (masks === "regions") return regionsTarget(regions);
  const facts = await stat(masks).catch(() => undefined);
  if (facts?.isDirectory()) return filesTarget(masks);
  throw new SamsrError(`--masks ${masks}: no such folder; expected regions, sam, or a folder of masks`);
}
