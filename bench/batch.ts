/** A hundred small pictures of mixed sizes by one command, in turns with another built tree. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "../src/image/index.js";
import { grainyPicture, ROOT } from "./picture.js";
import { type Bench, figure } from "./report.js";
import { commandsInTurns, commandsOf, usedFigures } from "./whole-commands.js";

const PICTURES = 100;
const SIDES = [64, 80, 96, 112, 128, 144];

export const bench: Bench = async ({ threads, rounds = 3, beside }) => {
  const folder = mkdtempSync(join(tmpdir(), "samsr-bench-batch-"));
  const [from, to] = [join(folder, "in"), join(folder, "out")];
  try {
    mkdirSync(from);
    for (let i = 0; i < PICTURES; i++) {
      const [width, height] = [SIDES[(i * 5) % 6]!, SIDES[(i * 7 + Math.floor(i / 6)) % 6]!];
      const data = await encode(await grainyPicture(width, height), { format: "png" });
      writeFileSync(join(from, `${String(i).padStart(3, "0")}.png`), data);
    }
    const words = ["upscale", from, "-o", to, "--quiet", "--threads", String(threads)];
    const commands = Object.entries(commandsOf(ROOT, beside));
    const programs = Object.fromEntries(commands.map(([name, main]) => [name, [main, ...words]]));
    const each = (name: string) => {
      const made = readdirSync(to).length;
      if (made !== PICTURES) throw new Error(`${name}: ${made} of ${PICTURES} pictures`);
      rmSync(to, { recursive: true });
    };
    const runs = commandsInTurns(programs, { rounds, folder, each });
    const figures = Object.entries(runs).flatMap(([name, own]) => [
      figure(
        `${name}: pictures a second`,
        "1/s",
        own.map(({ milliseconds }) => (1000 * PICTURES) / milliseconds),
      ),
      figure(
        `${name}: processors in use`,
        "%",
        own.map((run) => (100 * run.processorMilliseconds) / run.milliseconds),
      ),
      ...usedFigures(name, own),
    ]);
    return { about: `${PICTURES} pictures of ${SIDES[0]} to ${SIDES.at(-1)} pixels a side.`, figures };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
