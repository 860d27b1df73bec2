/** RealPLKSR, as neosr and traiNNer-redux save it. */
import * as o from "../../onnx/index.js";
import { defineDirectNetwork } from "../direct.js";
import { reachOf } from "../plksr/config.js";
import { config, readRealPlksr } from "./config.js";
import { dysampleConstants } from "./dysample.js";
import { realPlksr } from "./real-plksr.js";

export const REAL_PLKSR = defineDirectNetwork({
  name: "real-plksr",
  title: "RealPLKSR",
  config,
  readers: [readRealPlksr],
  parameters(p, { config }) {
    realPlksr(p, config, o.input("lq", [1, 3, 3, 3]));
    if (config.sampling > 0) dysampleConstants(p.at("to_img"), config.scale, config.sampling);
  },
  describe: ({ blocks, channels, kernel, norm, sampling, attention }) =>
    `${blocks} blocks of ${channels} channels, kernels of ${kernel} x ${kernel}, ${norm} norm` +
    (attention === "yes" ? ", with attention" : "") +
    (sampling > 0 ? ", DySample" : ""),
  goodFor: () => "photos and drawings as they come, compressed or blurred, at moderate cost",
  scale: ({ scale }) => scale,
  multiple: () => 1,
  overlap: (config) => reachOf(config),
  enlarge: realPlksr,
});
