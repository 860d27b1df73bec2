/** The generator of ESRGAN, BSRGAN, RealSR and Real-ESRGAN. */
import { defineDirectNetwork } from "../direct.js";
import { config, rrdbReach, rrdbScale } from "./config.js";
import { published } from "./published.js";
import { readers, readInOrder } from "./read.js";
import { rrdbNet } from "./rrdb.js";

export const RRDB = defineDirectNetwork({
  name: "rrdb",
  title: "the RRDB network of ESRGAN, BSRGAN and Real-ESRGAN",
  config,
  readers,
  readInOrder,
  describe: (config) =>
    `x${rrdbScale(config)}: ${config.blocks} blocks of ${config.features} channels, growing by ` +
    `${config.growth}`,
  goodFor: () =>
    "photos and drawings, each model for what it was trained on, with sharp detail at a high cost",
  published,
  scale: rrdbScale,
  multiple: ({ unshuffle }) => unshuffle,
  overlap: rrdbReach,
  enlarge: rrdbNet,
});
