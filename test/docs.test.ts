/** Documents against what they speak of: links lead somewhere, files and options are there. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import glob from "fast-glob";
import { describe, expect, it } from "vitest";
import { flagOf } from "../src/cli/options.js";
import { SAM_WORDS } from "../src/semantics/sam/words.js";
import { SERVE_WORDS, WORKER_WORDS } from "../src/server/settings.js";
import { LIMIT_WORDS, UPSCALE_WORDS } from "../src/upscale/words.js";

const sources = glob.sync("**/*", { ignore: ["**/node_modules/**", "**/dist/**", "docs/api/**", "runs/**"] });
const textOf = (file: string) => readFileSync(file, "utf8");
const inCode = (pattern: RegExp, file: string) =>
  [...textOf(file).matchAll(pattern)].map(([, found]) => found);

/** Options of other programs. */
const FOREIGN = ["--ignore-scripts", "--omit", "--silent"];

/** Every option that our programs define. */
const options = new Set([
  ...sources
    .filter((file) => /^(src|bench|reproduce)\/.*\.(ts|py)$/.test(file))
    .flatMap((file) => inCode(/(--[a-z][a-z-]*)/g, file)),
  ...[UPSCALE_WORDS, SAM_WORDS, LIMIT_WORDS, SERVE_WORDS, WORKER_WORDS].flatMap((words) =>
    Object.keys(words).map(flagOf),
  ),
  ...FOREIGN,
]);

/** The anchors of a document's headings, as GitHub makes them. */
function anchorsOf(file: string): string[] {
  const headings = inCode(/^#+ (.*)$/gm, file);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

describe.each(sources.filter((file) => file.endsWith(".md")))("%s", (document) => {
  it("has links that lead somewhere", () => {
    const targets = inCode(/\]\(([^)\s]+)\)/g, document);
    for (const target of targets.filter((target) => !/^https?:/.test(target))) {
      const [path, anchor] = target.split("#");
      const file = path === "" ? document : join(dirname(document), path);
      expect(existsSync(file), target).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(file), target).toContain(anchor);
    }
  });

  it("names files and folders that are there", () => {
    const files = inCode(/`([\w.-]+(?:\/[\w.-]+)+\.(?:ts|mjs|py|yaml|json|md|png))`/g, document);
    for (const path of files) {
      expect(
        sources.some((file) => file === path || file.endsWith(`/${path}`)),
        path,
      ).toBe(true);
    }
    const folders = inCode(/`([a-z][\w-]*(?:\/[\w-]+)*\/)`/g, document);
    for (const path of folders)
      expect(
        sources.some((file) => `/${file}`.includes(`/${path}`)),
        path,
      ).toBe(true);
  });

  it("names options that there are", () => {
    for (const option of inCode(/(?<![\w-])(--[a-z][a-z-]*)/g, document)) {
      expect(options, option).toContain(option);
    }
  });
});
