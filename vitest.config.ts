import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import glob from "fast-glob";
import { defineConfig } from "vitest/config";
import { DearestFirst } from "./test/sequencer.js";

const files = glob.sync(["src/**/*.test.ts", "test/**/*.test.ts"], { cwd: import.meta.dirname });

/**
 * Tests with a process of their own: those that put something in a module's place, which must not have been
 * read before, and the one that measures how long its process stalls.
 */
const apart = files.filter(
  (file) =>
    file === "test/event-loop.test.ts" ||
    /^vi\.mock\(/m.test(readFileSync(`${import.meta.dirname}/${file}`, "utf8")),
);

export default defineConfig({
  test: {
    globalSetup: "test/setup.ts",
    setupFiles: "test/one-thread.ts",
    pool: "forks",
    // Sessions of a command have one thread where the test does not say how many, as those of tests do.
    env: { SAMSR_CACHE: join(tmpdir(), "samsr-tests-cache"), SAMSR_THREADS: "1" },
    // Two cores is the machine we promise to work on. A third worker computes while others wait for processes.
    maxWorkers: 3,
    // For what hangs: beside two others a test takes several times what it takes alone.
    testTimeout: 120_000,
    sequence: { sequencer: DearestFirst },
    projects: [
      {
        extends: true,
        // A process reads the modules once for all of its files: that is a third of what most tests cost.
        test: {
          name: "together",
          include: ["{src,test}/**/*.test.ts"],
          exclude: apart,
          isolate: false,
        },
      },
      { extends: true, test: { name: "apart", include: apart } },
    ],
  },
});
