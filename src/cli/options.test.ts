import { Command } from "commander";
import { afterEach, expect, it, vi } from "vitest";
import { threads } from "./options.js";

afterEach(() => vi.unstubAllEnvs());

function threadsOf(words: readonly string[]): unknown {
  const command = new Command()
    .addOption(threads())
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(words, { from: "user" }).opts().threads;
}

it("threads are those of SAMSR_THREADS where none are said, and what is no number is refused", () => {
  vi.stubEnv("SAMSR_THREADS", undefined);
  expect(threadsOf([])).toBeUndefined();
  vi.stubEnv("SAMSR_THREADS", "3");
  expect([threadsOf([]), threadsOf(["--threads", "2"])]).toEqual([3, 2]);
  vi.stubEnv("SAMSR_THREADS", "many");
  expect(() => threadsOf([])).toThrow(/from env 'SAMSR_THREADS' is invalid\. Expected a whole number from 1/);
});
