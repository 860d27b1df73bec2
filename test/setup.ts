import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { chromium } from "./fixtures/chromium.js";
import { hasShared } from "./shared.js";

declare module "vitest" {
  interface ProvidedContext {
    /** A folder for what files of tests make once and share; it goes after the last of them. */
    readonly sharedFolder: string;
  }
}

/** Runs once before all tests. @returns what removes the folder that they share */
export default function setup(project: TestProject): () => void {
  sayWhatIsLeftOut();
  const folder = mkdtempSync(join(tmpdir(), "samsr-shared-"));
  project.provide("sharedFolder", folder);
  return () => rmSync(folder, { recursive: true, force: true });
}

/** Says in a line each what this machine leaves out. */
function sayWhatIsLeftOut(): void {
  if (!chromium) {
    console.log("Skipping the tests in a browser: Chromium is not installed (apt-get install chromium).");
  }
  if (hasShared) return;
  console.log(
    "Skipping the tests against reference values and photos: there is no ../shared beside this clone.",
  );
  if (process.env.SAMSR_REQUIRE_SHARED)
    throw new Error("../shared is required here (SAMSR_REQUIRE_SHARED is set)");
}
