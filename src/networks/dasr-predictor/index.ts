/**
 * DASR's degradation predictor, which looks at the whole picture and says how its generator is to be mixed.
 */
import * as o from "../../onnx/index.js";
import { defineNetwork, MOST_PIXELS } from "../definition.js";
import { modelAlone } from "../model.js";
import { config, readDasrPredictor } from "./config.js";
import { degradationFeatures, expertWeights, REACH, STRIDE } from "./predictor.js";

const NAME = "dasr-predictor";
const SIDE = 64;

export const DASR_PREDICTOR = defineNetwork({
  name: NAME,
  title: "DASR's degradation predictor",
  config,
  readers: [readDasrPredictor],
  parameters(p, { config }) {
    degradationFeatures(p, config, o.input("lq", [1, 3, STRIDE, STRIDE]));
    expertWeights(p, config, o.input("degradation", [1, config.parameters]));
  },
  parts: ({ config }) => [
    {
      name: "predict",
      summary:
        "small picture lq, RGB from 0 to 1 -> its degradation, and the weights of the generator's experts",
      sized: { input: "lq", standard: SIDE, multiple: 1, most: MOST_PIXELS, any: "size and batch" },
      build(p, { height, width }, batch) {
        const lq = o.input("lq", [batch, 3, height, width]);
        const degradation = o.reduceMean(degradationFeatures(p, config, lq), [2, 3]);
        return { degradation, weights: expertWeights(p, config, degradation) };
      },
    },
  ],
  describe: ({ features, parameters, experts }) =>
    `six convolutions of ${features} channels, ${parameters} numbers of a degradation, ${experts} experts`,
  model: modelAlone(NAME, config, "predictor"),
  guiding: {
    guides: ({ experts }) => experts,
    channels: ({ parameters }) => parameters,
    stride: STRIDE,
    reach: REACH,
    features: degradationFeatures,
    guide: expertWeights,
  },
});
