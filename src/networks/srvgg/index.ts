/** The compact network of Real-ESRGAN. */
import { defineDirectNetwork } from "../direct.js";
import { config } from "./config.js";
import { published } from "./published.js";
import { readInOrder, readSrvgg } from "./read.js";
import { srvggNet } from "./srvgg.js";

export const SRVGG = defineDirectNetwork({
  name: "srvgg",
  title: "the compact network of Real-ESRGAN (SRVGGNetCompact)",
  config,
  readers: [readSrvgg],
  readInOrder,
  describe: ({ scale, features, convolutions }) =>
    `x${scale}: ${convolutions + 2} convolutions of ${features} channels`,
  goodFor: () => "photos and films as they come, at the least cost of all",
  published,
  scale: ({ scale }) => scale,
  multiple: () => 1,
  // What a pixel depends on is one pixel further away with each convolution.
  overlap: ({ convolutions }) => Math.min(convolutions + 2, 32),
  enlarge: srvggNet,
});
