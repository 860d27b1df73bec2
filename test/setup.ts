import { hasShared } from "./shared.js";

/** Runs once before all tests: says in one line what a clone without the reference folder leaves out. */
export default function setup(): void {
  if (hasShared) return;
  console.log(
    "Skipping the tests against reference values and photos: there is no ../shared beside this clone.",
  );
  if (process.env.SAMSR_REQUIRE_SHARED)
    throw new Error("../shared is required here (SAMSR_REQUIRE_SHARED is set)");
}
