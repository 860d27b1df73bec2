/** DASR: a generator, and beside it the predictor that says how its kernels are mixed. */
import type { Filled } from "../../base/fields.js";
import * as o from "../../onnx/index.js";
import type { DasrPredictorConfig } from "../dasr-predictor/config.js";
import { DASR_PREDICTOR } from "../dasr-predictor/index.js";
import {
  type Companion,
  defineNetwork,
  MOST_PIXELS,
  type NetworkModel,
  type ReadConfig,
} from "../definition.js";
import { modelJson } from "../model.js";
import { config, type DasrConfig, readDasr } from "./config.js";
import { dasr } from "./dasr.js";

const NAME = "dasr";
const SIDE = 64;

const json = modelJson(
  NAME,
  { config, predictorConfig: DASR_PREDICTOR.config },
  ...(["generator", "predictor"] as const),
);

const predictor: Companion<ReadConfig<DasrConfig>> = {
  network: DASR_PREDICTOR,
  config: "predictorConfig",
  conflict({ config }, other) {
    const { experts } = other as DasrPredictorConfig;
    return experts === config.experts
      ? undefined
      : `weights of ${experts} experts; the generator mixes ${config.experts}`;
  },
};

const model: NetworkModel<ReadConfig<DasrConfig>, Filled<typeof json>> = {
  kind: NAME,
  json,
  weights: { generator: "self", predictor },
};

export const DASR = defineNetwork({
  name: NAME,
  title: "DASR's generator",
  config,
  readers: [readDasr],
  parameters: (p, { config }) =>
    void dasr(p, config, o.input("lq", [1, 3, 3, 3]), o.input("weights", [1, config.experts])),
  parts: ({ config }) => [
    {
      name: "generate",
      summary:
        `small picture lq, weights of the experts -> ${config.scale} times larger picture ` +
        "hr, both RGB from 0 to 1",
      sized: { input: "lq", standard: SIDE, multiple: 1, most: MOST_PIXELS / config.scale ** 2, any: "size" },
      build(p, { height, width }, batch) {
        const [lq, weights] = [
          o.input("lq", [batch, 3, height, width]),
          o.input("weights", [batch, config.experts]),
        ];
        return { hr: dasr(p, config, lq, weights) };
      },
    },
  ],
  describe: ({ features, blocks, experts }) =>
    `${blocks} residual blocks of ${features} channels, kernels mixed of ${experts}`,
  goodFor: () =>
    "photos as they come, at a low cost: it finds out how a picture was degraded, and adapts to that",
  model,
  upscaling: {
    by: "guided pass",
    scale: ({ scale }) => scale,
    multiple: () => 1,
    // A few dozen convolutions of 3 x 3; what is further away than this hardly matters.
    overlap: () => 16,
    enlarge: dasr,
  },
});
