/**
 * Joins the modules of what starts often, the command, the threads and process of its upscaler and the
 * threads that make batches, into a few files, over what tsc wrote: `samsr upscale` then reads a dozen files
 * where it read three hundred. What others import stays as it is.
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import glob from "fast-glob";
import { rolldown } from "rolldown";

const dist = fileURLToPath(new URL("../dist", import.meta.url));
const file = (name) => fileURLToPath(new URL(`../dist/${name}.js`, import.meta.url));

/**
 * Programs, which no module imports, and the modules that they load later on their most common way. What a
 * program imports at once becomes one file, what each of those modules adds one more; all else that is loaded
 * when it is needed stays in files of its own.
 */
const PROGRAMS = {
  "cli/main": ["upscale/upscaler-thread", "runtime/thread-node", "cli/program", "cli/upscale/run"],
  "upscale/worker-node": ["runtime/thread-node", "runtime/backend-node"],
  "upscale/walk-node": ["runtime/thread-node"],
  "server/runner/process": [],
  "train/data/worker": [],
};

/**
 * What a module finds beside itself (models, threads, package.json) lies beside the module, not the chunk.
 */
const ownPlaces = {
  name: "own-places",
  transform(code, id) {
    if (!code.includes("import.meta.url") || id.startsWith(REQUIRED)) return null;
    const place = relative(dist, id).split(sep).join("/");
    const own = `new URL("../${place}", import.meta.url).href`;
    return { code: code.replaceAll("import.meta.url", own), map: null };
  },
};

/**
 * Packages that are required, not imported, and how what they give is exported: Node reads one that is
 * imported from its CommonJS form twice, to know what it exports. It is a third of what loading sharp takes.
 */
const REQUIRED_PACKAGES = {
  sharp: "default",
  commander: "const { Command, CommanderError, InvalidArgumentError, Option } =",
};
const REQUIRED = "\0required:";

const required = {
  name: "required",
  resolveId: (id) => (Object.hasOwn(REQUIRED_PACKAGES, id) ? REQUIRED + id : null),
  load(id) {
    if (!id.startsWith(REQUIRED)) return null;
    const name = id.slice(REQUIRED.length);
    const taken = `export ${REQUIRED_PACKAGES[name]} createRequire(import.meta.url)("${name}");`;
    return `import { createRequire } from "node:module";\n${taken}\n`;
  },
};

/** A hash of all the code. */
const build = glob
  .sync("**/*.js", { cwd: dist })
  .sort()
  .reduce((hash, name) => hash.update(name).update(readFileSync(`${dist}/${name}`)), createHash("sha256"))
  .digest("hex");

for (const [program, later] of Object.entries(PROGRAMS)) {
  /** Of each module its chunk: that of the first on the way that imports it. */
  const chunks = new Map();
  const divide = {
    name: "divide",
    buildEnd() {
      for (const start of [program, ...later]) {
        const waiting = [file(start)];
        for (let id = waiting.pop(); id; id = waiting.pop()) {
          const module = chunks.has(id) ? undefined : this.getModuleInfo(id);
          if (!module) continue;
          chunks.set(id, start.replaceAll("/", "-"));
          waiting.push(...module.importedIds);
        }
      }
      // It waits for modules that it loads itself, so none of them may wait for it.
      chunks.delete(file(program));
    },
  };
  const bundle = await rolldown({
    input: { [program]: file(program) },
    platform: "node",
    // Packages stay packages.
    external: (id) =>
      /^[a-z@]/.test(id) && !/^[a-z]:[\\/]/i.test(id) && !Object.hasOwn(REQUIRED_PACKAGES, id),
    plugins: [required, ownPlaces, divide],
    // What is kept on disk is kept for this code.
    transform: { define: { SAMSR_BUILD: JSON.stringify(build) } },
    checks: { ineffectiveDynamicImport: false },
  });
  const groups = [program, ...later].map((start) => start.replaceAll("/", "-"));
  await bundle.write({
    dir: dist,
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "chunks/[name]-[hash].js",
    comments: { legal: true, annotation: false, jsdoc: false },
    codeSplitting: { groups: groups.map((name) => ({ name, test: (id) => chunks.get(id) === name })) },
  });
  await bundle.close();
}
