/** Enlarges one photo to a PNG and tells what that took, for large.ts. */
import { stat } from "node:fs/promises";
import { upscaleToFile } from "../src/upscale/index.js";
import { ROOT } from "./picture.js";

/** Milliseconds and bytes. */
export interface LargeFacts {
  readonly milliseconds: number;
  /** While a session runs. */
  readonly inside: number;
  /** Making the session, from nothing. */
  readonly load: number;
  readonly noise: number;
  readonly blend: number;
  /** From the last tile to the file's name. */
  readonly after: number;
  readonly processor: number;
  readonly peak: number;
  readonly bytes: number;
}

const [input, output, threads] = process.argv.slice(2);
const begun = performance.now();
let lastTile = begun;
const { info } = await upscaleToFile(input, output, {
  model: `${ROOT}/models/samsr-tiny`,
  device: "cpu",
  threads: Number(threads),
  cache: false,
  onProgress({ stage }) {
    if (stage === "tiles") lastTile = performance.now();
  },
});
const ended = performance.now();
const { user, system } = process.cpuUsage();
const { network, noise, blend, load } = info.milliseconds;
const facts: LargeFacts = {
  milliseconds: ended - begun,
  inside: network,
  load,
  noise,
  blend,
  after: ended - lastTile,
  processor: (user + system) / 1000,
  peak: process.resourceUsage().maxRSS * 1024,
  bytes: (await stat(output)).size,
};
process.send?.(facts, () => process.exit(0));
