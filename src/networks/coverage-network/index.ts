/** The network that predicts how many masks cover each pixel. */
import * as o from "../../onnx/index.js";
import { defineNetwork, IMAGE_SIDE, MOST_PIXELS } from "../definition.js";
import { modelAlone } from "../model.js";
import { config, coverageConfigOf, coverageMultiple } from "./config.js";
import { coverageNetwork } from "./coverage-network.js";

const NAME = "coverage-network";

export const COVERAGE_NETWORK = defineNetwork({
  name: NAME,
  title: "the coverage network",
  config,
  readers: [
    (shapes) => {
      const config = coverageConfigOf(shapes);
      return config && { config };
    },
  ],
  constants: (config) => coverageMultiple(config) ** 2,
  parameters(p, { config }) {
    const side = coverageMultiple(config);
    coverageNetwork(p, config, o.input("image", [1, 3, side, side]));
  },
  parts({ config }, { imageSide = IMAGE_SIDE } = {}) {
    const multiple = coverageMultiple(config);
    const standard = Math.ceil(imageSide / multiple) * multiple;
    return [
      {
        name: "coverage",
        summary: "image -> how many masks cover each pixel",
        sized: { input: "image", standard, multiple, most: MOST_PIXELS },
        build(p, { height, width }, batch) {
          return { coverage: coverageNetwork(p, config, o.input("image", [batch, 3, height, width])) };
        },
      },
    ];
  },
  describe: ({ channels, blocks }) =>
    `levels of ${channels.join(", ")} channels, ${blocks.join(", ")} blocks each`,
  model: modelAlone(NAME, config, "network"),
});
