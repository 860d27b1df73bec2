/**
 * Large photos to PNG, file to file with the bundled model, each in a process of its own: how much of the
 * time no session runs, when one core at most works, what is done beside the sessions, and the most memory.
 */
import { fork } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeToFile } from "../src/image/index.js";
import type { LargeFacts } from "./large-one.js";
import { grainyPicture } from "./picture.js";
import { type Bench, type Figure, figure } from "./report.js";

/** Sides of the photos; the last takes minutes, and is done when there are enough. */
const PHOTOS = [
  { name: "1 MP", width: 1152, height: 868 },
  { name: "4 MP", width: 2304, height: 1736 },
  { name: "8 MP", width: 3264, height: 2448 },
] as const;

/** Minutes from which on the largest photo is enlarged too. */
const ENOUGH_MINUTES = 8;

export const bench: Bench = async ({ threads, minutes = 0 }) => {
  const folder = await mkdtemp(join(tmpdir(), "samsr-large-"));
  const figures: Figure[] = [];
  const found: { readonly pixels: number; readonly peak: number }[] = [];
  try {
    for (const { name, width, height } of minutes >= ENOUGH_MINUTES ? PHOTOS : PHOTOS.slice(0, 2)) {
      const [input, output] = [join(folder, `${name}.png`), join(folder, `${name} large.png`)];
      await encodeToFile(await grainyPicture(width, height), input, { format: "png" });
      const facts = await alone(input, output, threads);
      const { milliseconds, inside, processor, peak, bytes } = facts;
      figures.push(
        figure(`${name}, file to PNG`, "s", milliseconds / 1000),
        figure(`${name}, while no session runs`, "%", 100 * (1 - inside / milliseconds)),
        figure(`${name}, making the session, beside masks`, "s", facts.load / 1000),
        figure(`${name}, noise, beside the network but for its sums`, "s", facts.noise / 1000),
        figure(`${name}, blending and rounding, beside the network`, "s", facts.blend / 1000),
        figure(`${name}, after the last tile`, "s", facts.after / 1000),
        figure(`${name}, cores busy`, "%", (100 * processor) / milliseconds),
        figure(`${name}, processor`, "s", processor / 1000),
        figure(`${name}, peak memory`, "MB", peak / 1e6),
        figure(`${name}, file`, "MB", bytes / 1e6),
      );
      found.push({ pixels: 16 * width * height, peak });
    }
  } finally {
    await rm(folder, { recursive: true });
  }
  const [first, last] = [found[0], found[found.length - 1]];
  figures.push(
    figure(
      "memory of a further pixel of the result",
      "bytes",
      (last.peak - first.peak) / (last.pixels - first.pixels),
    ),
  );
  return {
    about: `Photos with a grain to four times their sides with samsr-tiny, ${threads} threads.`,
    figures,
  };
};

function alone(input: string, output: string, threads: number): Promise<LargeFacts> {
  const program = fileURLToPath(new URL("large-one.js", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(program, [input, output, String(threads)]);
    child.once("message", (facts) => resolve(facts as LargeFacts));
    child.once("exit", (code) => reject(new Error(`a large photo ended with code ${code}`)));
  });
}
