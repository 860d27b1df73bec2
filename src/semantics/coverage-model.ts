/** The coverage network of an installed model, loaded when first needed. For Node only. */

import { once } from "../base/promises.js";
import { findWeights } from "../checkpoints/store/find-weights.js";
import type { Raster } from "../image/raster.js";
import { COVERAGE_NETWORK, type CoverageNetworkConfig } from "../networks/index.js";
import type { SessionOptions } from "../runtime/index.js";
import type { Coverage } from "./coverage.js";
import { type CoveragePredictor, createCoveragePredictor } from "./coverage-network.js";

const DEFAULT_COVERAGE_MODEL = "coverage-tiny";

interface CoverageModelOptions extends SessionOptions {
  /** A file of weights, the name of an installed model or the folder of one. */
  readonly model?: string;
}

interface LoadedCoverageModel {
  /**
   * Predicts the coverage of a picture.
   * @throws {SamsrError} when there is no such model, or it is damaged or of another kind
   */
  coverage(raster: Raster): Promise<Coverage>;
  release(): Promise<void>;
}

/**
 * Finds the weights and the configuration of a coverage network: a file, an installed model's name, or a
 * model's folder.
 * @throws {SamsrError} when there is none of that name, or it is damaged or of another kind
 */
export async function findCoverageNetwork(given = DEFAULT_COVERAGE_MODEL) {
  const { config, load } = await findWeights(given, {
    networks: [COVERAGE_NETWORK],
    expected: "a coverage network",
  });
  return { weights: await load(), config: config as CoverageNetworkConfig };
}

/** Creates a model that predicts coverage; nothing is read until the first coverage is asked for. */
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
