/**
 * A network in an ONNX file of somebody's: one image in, one image out. What is inside stays unknown; its
 * configuration says how pictures go in and come out.
 */
import { defineNetwork } from "../definition.js";
import { modelAlone } from "../model.js";
import { config, type OnnxFileConfig } from "./config.js";

const NAME = "onnx";

export const ONNX_FILE = defineNetwork({
  name: NAME,
  title: "an ONNX file",
  config,
  // It is known by its file, not by tensors.
  readers: [],
  parameters() {},
  parts: () => [],
  describe({ input, output, scale, multiple, height, width }) {
    const side = (image: OnnxFileConfig["input"]) =>
      `${image.colours} from ${image.range.replace("..", " to ")}, ${image.layout}, ${image.type}`;
    const taken = height === undefined ? "any size" : `${width} x ${height} pixels`;
    const sides = multiple > 1 && height === undefined ? `, sides that divide by ${multiple}` : "";
    return `x${scale}: in ${side(input)}, ${taken}${sides}; out ${side(output)}`;
  },
  model: modelAlone(NAME, config, "network"),
  upscaling: {
    by: "a file",
    io: (config) => config,
  },
});
