import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts"],
    globalSetup: "test/setup.ts",
    pool: "forks",
    // Two cores is the machine we promise to work on; more workers would only fight over them.
    maxWorkers: 2,
    testTimeout: 60_000,
  },
});
