/**
 * node scripts/floors.mjs [--check]: writes the rule of the floors into biome.json, from the table of
 * docs/architecture.md, which is the one list of them in order. With --check it writes nothing, and fails
 * where rule, table and src/ differ.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const PLAN = "docs/architecture.md";
const RULE = "biome.json";

const floors = [...readFileSync(PLAN, "utf8").matchAll(/^\| `(\w+)\/` /gm)].map(([, folder]) => folder);
const folders = readdirSync("src", { withFileTypes: true }).filter((entry) => entry.isDirectory());
const names = folders.map(({ name }) => name);
if ([...floors].sort().join() !== names.sort().join()) {
  fail(`the table of ${PLAN} lists ${floors.join(", ")}, but src/ has ${names.join(", ")}`);
}

/** What stands in biome.json for a folder: nothing below it may be imported. */
function ruleOf(folder, at) {
  const below = [...floors.slice(at + 1).map((name) => `**/../${name}/**`), "**/../index.js"];
  const message = `Floors are one-way: ${folder}/ may import only from itself and the floors above it (${PLAN}).`;
  const options = { patterns: [{ group: below, message }] };
  return {
    includes: [`src/${folder}/**`],
    linter: { rules: { style: { noRestrictedImports: { level: "error", options } } } },
  };
}

const settings = JSON.parse(readFileSync(RULE, "utf8"));
// The lowest floor has nothing below it but the index, which nobody imports.
const overrides = floors.slice(0, -1).map(ruleOf);
if (process.argv.includes("--check")) {
  if (JSON.stringify(settings.overrides) !== JSON.stringify(overrides)) {
    fail(`${RULE} and the table of ${PLAN} differ; run "npm run floors"`);
  }
} else {
  writeFileSync(RULE, JSON.stringify({ ...settings, overrides }, undefined, 2));
  execFileSync("npx", ["biome", "format", "--write", RULE], { stdio: "inherit" });
}

function fail(why) {
  console.error(`floors: ${why}`);
  process.exit(1);
}
