import { defineConfig } from "vitest/config";

/** Everything in this folder: `npm run soak`, or `npm run soak batches` for one subject. */
export default defineConfig({
  test: {
    include: ["test/soak/**/*.soak.ts"],
    globalSetup: "test/setup.ts",
    pool: "forks",
    maxWorkers: 1,
    testTimeout: 1_800_000,
    hookTimeout: 300_000,
  },
});
