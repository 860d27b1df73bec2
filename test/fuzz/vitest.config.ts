import { defineConfig } from "vitest/config";

/**
 * Everything in this folder, and all of it: `npm run fuzz`, or `npm run fuzz configurations` for one subject.
 */
export default defineConfig({
  test: {
    include: ["test/fuzz/**/*.test.ts"],
    globalSetup: "test/setup.ts",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 1_800_000,
    env: { SAMSR_FUZZ: process.env.SAMSR_FUZZ ?? "all" },
  },
});
