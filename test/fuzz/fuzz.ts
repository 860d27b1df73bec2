/**
 * Hostile and broken inputs, the same ones in every run: a share of them in `npm test`, all of them in `npm
 * run fuzz` (SAMSR_FUZZ asks for a number of one's own, SAMSR_FUZZ_SEED for others). Each is read, or refused
 * in one line, within a second of this process's time and without much memory. A subject is a test file
 * beside this one.
 */
import { Worker } from "node:worker_threads";
import { expect, it } from "vitest";
import { SamsrError } from "../../src/base/errors.js";
import { createRandom, type Random } from "../../src/base/random.js";

/** Inputs of each subject in `npm run fuzz`. */
const ALL = 10_000;
const SEED = Number(process.env.SAMSR_FUZZ_SEED ?? 1);

/** How many inputs a subject takes, of which `npm test` has a share. */
export const countOf = (share: number, all = ALL): number => {
  const asked = process.env.SAMSR_FUZZ;
  return asked === undefined ? share : asked === "all" ? all : Number(asked);
};

export interface Subject {
  /** Inputs in `npm test`. */
  readonly share: number;
  /**
   * Each kind makes an input from random numbers, and returns what reads it: true for one that was read,
   * false for one that was passed over, a SamsrError in one line for one that was refused.
   */
  readonly kinds: Readonly<Record<string, (random: Random) => () => unknown>>;
  /** CPU time that an input may take, in milliseconds; default 1000. */
  readonly milliseconds?: number;
  /** Bytes by which the process may grow; default 500 MB. */
  readonly bytes?: number;
  /**
   * Different messages, numbers and quotes left out, that 1000 inputs bring at least: they get into every
   * layer.
   */
  readonly messages?: number;
}

/** Declares the test of a subject. */
export function fuzz(title: string, subject: Subject): void {
  const { share, kinds, milliseconds = 1000, bytes = 500e6, messages: least = 0 } = subject;
  const count = countOf(share);
  it(`${title}: ${count} hostile and broken ones are read or refused in one line, quickly and in little memory`, async () => {
    const entries = Object.entries(kinds);
    const outcomes = new Map<string, { read: number; refused: number }>();
    const messages = new Set<string>();
    const slow: string[] = [];
    const before = process.resourceUsage().maxRSS * 1024;
    const dog = watchdog(title);
    for (let i = 0; i < count; i++) {
      dog.input(i);
      const [kind, mutate] = entries[i % entries.length];
      const read = mutate(createRandom(SEED, i));
      const start = process.cpuUsage();
      const says = await outcome(read, `${title}, ${kind}, input ${i} of seed ${SEED}`);
      const { user, system } = process.cpuUsage(start);
      const took = (user + system) / 1000;
      if (took > milliseconds) slow.push(`${kind}, input ${i}: ${took.toFixed()} ms`);
      const known = outcomes.get(kind) ?? { read: 0, refused: 0 };
      known[says === "read" ? "read" : "refused"]++;
      outcomes.set(kind, known);
      messages.add(says.replace(/"[^"]*"|[\d.]+/g, "#"));
    }
    await dog.end();
    const growth = process.resourceUsage().maxRSS * 1024 - before;
    if (process.env.SAMSR_FUZZ) console.log(title, outcomes, messages.size, `${(growth / 1e6).toFixed()} MB`);
    expect(slow).toEqual([]);
    expect(growth).toBeLessThan(bytes);
    expect(messages.size).toBeGreaterThanOrEqual(count >= 1000 ? least : 1);
    for (const [kind, { read, refused }] of outcomes) {
      expect(Math.min(read, refused), `${kind}: ${read} read, ${refused} refused`).toBeGreaterThan(0);
    }
  }, 600_000);
}

/** "read", or why not: anything else than a value or a SamsrError in one line is thrown on. */
async function outcome(read: () => unknown, which: string): Promise<string> {
  try {
    return (await read()) === false ? "passed over" : "read";
  } catch (error) {
    if (!(error instanceof SamsrError)) {
      throw new Error(`${which}: ${(error as Error)?.stack ?? String(error)}`, { cause: error });
    }
    const { message } = error;
    if (!/[\p{Cc}\u2028\u2029]/u.test(message) && message.length < 2000) return message;
    throw new Error(`${which}: no error for people: ${JSON.stringify(message)}`);
  }
}

/** Says which input it was, and ends the process, if one takes so long that no test could. */
export function watchdog(title: string): { input(i: number): void; end(): Promise<number> } {
  const shared = new Int32Array(new SharedArrayBuffer(4));
  const code = `
    const { workerData: { shared, title } } = require("node:worker_threads");
    let last = -1;
    setInterval(() => {
      if (shared[0] === last) {
        process._rawDebug(title + ": input " + last + " hangs");
        process.kill(process.pid, "SIGKILL");
      }
      last = shared[0];
    }, 30000).unref();
    setInterval(() => {}, 1000);`;
  const worker = new Worker(code, { eval: true, workerData: { shared, title } });
  worker.unref();
  return { input: (i) => Atomics.store(shared, 0, i), end: () => worker.terminate() };
}
