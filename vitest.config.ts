import { readFileSync } from "node:fs";
import glob from "fast-glob";
import { defineConfig } from "vitest/config";

const units = glob.sync("src/**/*.test.ts", { cwd: import.meta.dirname });

/** Tests that put something in a module's place, which must not have been read before. */
const mocking = units.filter((file) =>
  readFileSync(`${import.meta.dirname}/${file}`, "utf8").includes("vi.mock("),
);

export default defineConfig({
  test: {
    globalSetup: "test/setup.ts",
    pool: "forks",
    // Two cores is the machine we promise to work on; more workers would only fight over them.
    maxWorkers: 2,
    testTimeout: 60_000,
    projects: [
      {
        extends: true,
        // A process reads the modules once for all of its files: that is a third of what these tests cost.
        test: { name: "units", include: ["src/**/*.test.ts"], exclude: mocking, isolate: false },
      },
      { extends: true, test: { name: "apart", include: ["test/**/*.test.ts", ...mocking] } },
    ],
  },
});
