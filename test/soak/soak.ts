/**
 * Processes that are killed at a moment of chance, again and again: how often, SAMSR_SOAK says, and with
 * SAMSR_SOAK_SEED at other moments.
 */
import { createRandom, type Random } from "../../src/base/random.js";
import { start } from "../fixtures/cli.js";
import type { Finished } from "../fixtures/host.js";

export const ROUNDS = Number(process.env.SAMSR_SOAK ?? 20);
const SEED = Number(process.env.SAMSR_SOAK_SEED ?? 1);

/** The random numbers of a round. */
export const roundOf = (subject: number, round: number): Random => createRandom(SEED, 1000 * subject + round);

/** A process that gets a SIGKILL after so many milliseconds, unless it has ended before. */
export async function killed(words: string[], after: number, cwd: string): Promise<Finished> {
  const { child, finished } = start(words, { cwd });
  const timer = setTimeout(() => child.kill("SIGKILL"), after);
  const ended = await finished;
  clearTimeout(timer);
  return ended;
}

export const KILLED = 128 + 9;
