import { chromium } from "./fixtures/chromium.js";
import { hasShared } from "./shared.js";

/** Runs once before all tests: says in a line each what this machine leaves out. */
export default function setup(): void {
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
