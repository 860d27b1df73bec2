/** SwinIR: super-resolution (real, classical, light), and grey or colour pictures without noise or JPEG. */
import { defineDirectNetwork } from "../direct.js";
import { BUFFERS, config, readSwinIR, type SwinIRConfig } from "./config.js";
import { published } from "./published.js";
import { swinIR } from "./swinir.js";

export const SWINIR = defineDirectNetwork({
  name: "swinir",
  title: "SwinIR",
  config,
  readers: [readSwinIR],
  ignored: BUFFERS,
  describe: ({ depths, embed, heads, window, residual, upsampler }) =>
    `layers of ${depths.join(", ")} blocks, ${embed} channels in ${[...new Set(heads)].join(", ")} heads, ` +
    `window ${window}, ${residual}, upsampler ${upsampler}`,
  goodFor,
  published,
  channels: ({ channels }) => channels,
  scale: ({ scale }) => scale,
  multiple: ({ window }) => window,
  overlap: ({ window }) => 4 * window,
  enlarge: swinIR,
});

function goodFor({ upsampler, range }: SwinIRConfig): string {
  if (upsampler === "none") return range === 1 ? "taking noise away" : "taking away what JPEG left";
  if (upsampler === "nearest+conv") return "photos as they come, at a high cost";
  return (
    "clean pictures that were only made smaller, at a " +
    `${upsampler === "pixelshuffle" ? "high" : "moderate"} cost`
  );
}
