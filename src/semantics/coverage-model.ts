/** The coverage network of an installed model, loaded when first needed. For Node only. */

import { SamsrError } from "../base/errors.js";
import { once } from "../base/promises.js";
import { isModelOf } from "../checkpoints/description.js";
import { findModel } from "../checkpoints/store/find.js";
import { loadModelWeights } from "../checkpoints/store/weights.js";
import type { Raster } from "../image/raster.js";
import { COVERAGE_NETWORK } from "../networks/index.js";
import type { SessionOptions } from "../runtime/index.js";
import type { Coverage } from "./coverage.js";
import { type CoveragePredictor, createCoveragePredictor } from "./coverage-network.js";

export const DEFAULT_COVERAGE_MODEL = "coverage-tiny";

export interface CoverageModelOptions extends SessionOptions {
  /** Name of an installed model or the folder of one. */
  readonly model?: string;
}

export interface LoadedCoverageModel {
  /** @throws {SamsrError} when there is no such model, or it is damaged or of another kind */
  coverage(raster: Raster): Promise<Coverage>;
  release(): Promise<void>;
}

/**
 * The weights and the configuration of an installed coverage network.
 * @throws {SamsrError} when there is no such model, or it is damaged or of another kind
 */
export async function findCoverageNetwork(nameOrFolder = DEFAULT_COVERAGE_MODEL) {
  const model = await findModel(nameOrFolder);
  const { description } = model;
  if (!isModelOf(description, COVERAGE_NETWORK)) {
    throw new SamsrError(
      `the model ${nameOrFolder} is a ${description.network}, expected a coverage network`,
    );
  }
  return { weights: await loadModelWeights(model, "network"), config: description.config };
}

/** Nothing is read until the first coverage is asked for. */
export function createCoverageModel({
  model = DEFAULT_COVERAGE_MODEL,
  ...options
}: CoverageModelOptions = {}): LoadedCoverageModel {
  const predictor = once(async (): Promise<CoveragePredictor> => {
    const { weights, config } = await findCoverageNetwork(model);
    return createCoveragePredictor(weights, config, options);
  });

  return {
    async coverage(raster) {
      return (await predictor()).coverage(raster);
    },
    async release() {
      await predictor
        .begun()
        ?.then((opened) => opened.release())
        .catch(() => {});
    },
  };
}
