/** PLKSR, as its authors publish it. */
import * as o from "../../onnx/index.js";
import { defineDirectNetwork } from "../direct.js";
import { config, reachOf, readPlksr } from "./config.js";
import { plksr } from "./plksr.js";

export const PLKSR = defineDirectNetwork({
  name: "plksr",
  title: "PLKSR",
  config,
  readers: [readPlksr],
  parameters: (p, { config }) => void plksr(p, config, o.input("lq", [1, 3, 3, 3])),
  describe: ({ blocks, channels, kernel, mixer, attention }) =>
    `${blocks} blocks of ${channels} channels, kernels of ${kernel} x ${kernel}, mixer ${mixer}` +
    (attention === "yes" ? ", with attention" : ""),
  goodFor: () => "clean pictures that were only made smaller, at moderate cost",
  scale: ({ scale }) => scale,
  multiple: () => 1,
  overlap: (config) => reachOf(config),
  enlarge: plksr,
});
