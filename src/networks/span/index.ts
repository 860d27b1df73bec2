/** SPAN, as its authors and as neosr and traiNNer save it. */
import * as o from "../../onnx/index.js";
import { defineDirectNetwork } from "../direct.js";
import { config, PLAIN_MARK, readSpan, type SpanFound } from "./config.js";
import { folded, trainedConvolutions } from "./fold.js";
import { span } from "./span.js";

export const SPAN = defineDirectNetwork({
  name: "span",
  title: "SPAN",
  config,
  readers: [readSpan],
  parameters(p, { config, convolutions }: SpanFound) {
    if (config.input === "plain") p.parameter(PLAIN_MARK, [1], () => Float32Array.of(0));
    if (convolutions === "training") trainedConvolutions(p, config.channels);
    span(p, config, o.input("lq", [1, 3, 3, 3]));
  },
  runnable: (weights, { convolutions }) => (convolutions === "training" ? folded(weights) : weights),
  describe: ({ channels, input }) => `six blocks of ${channels} channels, input ${input}`,
  goodFor: () => "sharp pictures at little cost; what it repairs depends on the data it was trained on",
  scale: ({ scale }) => scale,
  multiple: () => 1,
  // 21 convolutions of 3 x 3 one after the other; what is further away than half of that hardly matters.
  overlap: () => 12,
  enlarge: span,
});
