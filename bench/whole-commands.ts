/** Whole commands in turns, a process each: wall time, processor time and peak memory, with their spread. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Figure, figure } from "./report.js";

/** What one run of a command took. */
interface Run {
  readonly milliseconds: number;
  readonly processorMilliseconds: number;
  readonly peakMegabytes: number;
}

/** Loaded into each process: it writes down at its end what it has used. */
const WITNESS = `
if (require("node:worker_threads").isMainThread) process.on("exit", () =>
  require("node:fs").writeFileSync(process.env.SAMSR_BENCH_USED, JSON.stringify(process.resourceUsage())));
`;

/**
 * Runs programs of Node in turns.
 * @param programs the words that follow `node`, by the name of the work
 * @param folder a temporary one, which also takes the caches
 * @param each called after every run, with the name of the work
 */
export function commandsInTurns<Name extends string>(
  programs: Readonly<Record<Name, readonly string[]>>,
  { rounds, folder, each }: { readonly rounds: number; readonly folder: string; each?(name: Name): void },
): Record<Name, Run[]> {
  const witness = join(folder, "witness.cjs");
  const used = join(folder, "used.json");
  writeFileSync(witness, WITNESS);
  const names = Object.keys(programs) as Name[];
  const runs = Object.fromEntries(names.map((name) => [name, [] as Run[]])) as Record<Name, Run[]>;
  // One round before, in which caches are filled.
  for (let round = -1; round < rounds; round++) {
    for (const [place, name] of names.entries()) {
      const cache = join(folder, `cache-${place}`);
      const start = performance.now();
      const { status, stderr } = spawnSync(process.execPath, ["--require", witness, ...programs[name]], {
        env: { ...process.env, SAMSR_CACHE: cache, SAMSR_BENCH_USED: used },
        encoding: "utf8",
      });
      const milliseconds = performance.now() - start;
      if (status !== 0) throw new Error(`${name}: ${stderr}`);
      const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(readFileSync(used, "utf8"));
      const processorMilliseconds = (userCPUTime + systemCPUTime) / 1000;
      if (round >= 0) runs[name].push({ milliseconds, processorMilliseconds, peakMegabytes: maxRSS / 1024 });
      each?.(name);
    }
  }
  return runs;
}

/** Makes the figures that every work has. */
export function usedFigures(name: string, runs: readonly Run[]): Figure[] {
  return [
    figure(
      name,
      "s",
      runs.map(({ milliseconds }) => milliseconds / 1000),
    ),
    figure(
      `${name}: processor time`,
      "s",
      runs.map((run) => run.processorMilliseconds / 1000),
    ),
    figure(
      `${name}: peak memory`,
      "MiB",
      runs.map(({ peakMegabytes }) => peakMegabytes),
    ),
  ];
}

/**
 * Returns the command of this tree and of the one beside it, where there is one.
 * @throws {Error} for a folder that is no built tree
 */
export function commandsOf(root: string, beside?: string): Record<string, string> {
  const trees = { samsr: root, ...(beside !== undefined && { beside }) };
  return Object.fromEntries(
    Object.entries(trees).map(([name, tree]) => {
      const main = join(tree, "dist/cli/main.js");
      if (!existsSync(main)) throw new Error(`${tree} is not built: npm run build there first`);
      return [name, main];
    }),
  );
}
