/**
 * What a web page would load: the imports of the built package are followed from each entry, with the
 * package's "browser" field applied as bundlers do.
 */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";

const { exports, browser } = JSON.parse(readFileSync("package.json", "utf8")) as {
  exports: Record<string, { default: string }>;
  browser: Record<string, false | string>;
};

/** Packages that have a build for browsers. */
const FOR_BROWSERS = [
  "onnxruntime-web/webgpu",
  "onnxruntime-web/wasm",
  "yaml",
  "fflate",
  "fast-png",
  "tiff",
  "image-size",
  "@xmldom/xmldom",
];

/** Every name that is no path of a file of ours, and by which files it is imported. */
function packagesBehind(entry: string, { inBrowser }: { inBrowser: boolean }): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const seen = new Set<string>();
  const follow = (file: string) => {
    const name = `./${relative(".", file).replaceAll("\\", "/")}`;
    const swapped = inBrowser ? browser[name] : undefined;
    if (seen.has(name) || swapped === false) return;
    seen.add(name);
    if (swapped) return follow(resolve(swapped));
    const code = readFileSync(file, "utf8")
      .replace(/^\s*\/\*[\s\S]*?\*\//gm, "")
      .replace(/^\s*\/\/.*$/gm, "");
    // The workers of a page are part of it.
    const workers = [...code.matchAll(/new Worker\(new URL\("([^"]+)"/g)];
    for (const [, worker] of workers) follow(resolve(dirname(file), worker));
    for (const [, target] of code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)["']([^"'\n]+)["']/g)) {
      if (target.startsWith(".")) follow(resolve(dirname(file), target));
      else found.set(target, [...(found.get(target) ?? []), name]);
    }
  };
  follow(entry.startsWith("./") ? resolve(exports[entry].default) : entry);
  return found;
}

describe("in a browser", () => {
  it.each(["onnx", "runtime", "nn", "networks", "checkpoints", "diffusion", "semantics", "web"])(
    "samsr/%s reaches nothing of Node's",
    (entry) => {
      const outside = [...packagesBehind(`./${entry}`, { inBrowser: true })];
      expect(outside.filter(([name]) => !FOR_BROWSERS.includes(name))).toEqual([]);
    },
  );

  it("every module that is left out is there in Node, and would have brought something of Node's", () => {
    for (const file of Object.keys(browser)) {
      const code = readFileSync(file, "utf8");
      expect(code, file).toMatch(/from "(node:|onnxruntime)/);
    }
    const inNode = packagesBehind(resolve("dist/checkpoints/open.js"), { inBrowser: false });
    // Reading weights runs no program, loads no code and writes nothing: these are all the means it has.
    expect([...inNode.keys()].filter((name) => !FOR_BROWSERS.includes(name)).sort()).toEqual([
      "node:fs/promises",
      "node:util",
      "node:zlib",
    ]);
    expect(readFileSync("dist/checkpoints/source-node.js", "utf8")).toContain(
      'import { open, stat } from "node:fs/promises"',
    );
  });
});
