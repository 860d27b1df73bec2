/** How the page is built: static files that any host can serve, in web/dist. */
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import sharp from "sharp";
import { defineConfig, type Plugin } from "vite";
import { markup } from "./markup.js";
import { words } from "./words.js";

const root = resolve(import.meta.dirname, "..");
/** Files of a bundled model but its teacher, which takes many steps. */
function modelFiles(name: string): Record<string, string> {
  const { weights } = JSON.parse(readFileSync(join(root, "models", name, "model.json"), "utf8")) as {
    weights: Readonly<Record<string, string>>;
  };
  const parts = Object.entries(weights).filter(([part]) => part !== "teacher");
  const paths = ["model.json", "CARD.md", ...parts.map(([, file]) => file)].map(
    (file) => `models/${name}/${file}`,
  );
  return Object.fromEntries(paths.map((path) => [path, path]));
}

/** What lies beside the code: models, ONNX Runtime's files, the example. */
const FILES: Readonly<Record<string, string>> = {
  ...modelFiles("samsr-tiny"),
  ...modelFiles("coverage-tiny"),
  ...Object.fromEntries(
    ["ort-wasm-simd-threaded", "ort-wasm-simd-threaded.asyncify"].flatMap((f) =>
      ["mjs", "wasm"].map((end) => [`ort/${f}.${end}`, `node_modules/onnxruntime-web/dist/${f}.${end}`]),
    ),
  ),
  "example.png": "examples/harbour.png",
  "plain.html": "examples/web/plain.html",
  "plain.js": "examples/web/plain.js",
  "icon.svg": "web/icon.svg",
  "manifest.webmanifest": "web/manifest.webmanifest",
};

/** Scripts whose address is their name. */
const BY_NAME = ["service-worker", "samsr", "samsr-compare"];

/** Fetched when it is needed, and kept then: what only a GPU asks for. */
const isLazy = (path: string) => /asyncify|CARD\.md$|^plain\.|^samsr/.test(path);

/** Swaps Node's files for the browser's, as the package's "browser" field says. */
function browserField(): Plugin {
  const { browser } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    browser: Record<string, string | false>;
  };
  const sourceOf = (path: string) => path.replace("./dist/", "src/").replace(/\.js$/, ".ts");
  const swaps = new Map(
    Object.entries(browser).map(([from, to]) => [join(root, sourceOf(from)), to && join(root, sourceOf(to))]),
  );
  return {
    name: "browser-field",
    enforce: "pre",
    resolveId(source, importer) {
      if (!importer || !source.startsWith(".")) return;
      const path = resolve(dirname(importer.split("?")[0]!), source).replace(/\.js$/, ".ts");
      const swap = swaps.get(path);
      if (swap === undefined) return;
      return swap === false ? "\0nothing" : swap;
    },
    load: (id) => (id === "\0nothing" ? "export {};" : undefined),
  };
}

/** The icon for who shows no SVG, and without corners of its own for who cuts them off. */
async function writeIcons(folder: string): Promise<void> {
  const svg = readFileSync(join(root, "web/icon.svg"), "utf8");
  // What is cut off is at most a fifth of a side.
  const whole = svg.replace('viewBox="0 0 48 48"', 'viewBox="-6 -6 60 60"');
  const write = (name: string, text: string, side: number, background?: string) => {
    const picture = sharp(Buffer.from(text), { density: 72 * (side / 48) }).resize(side, side);
    return (background ? picture.flatten({ background }) : picture).png().toFile(join(folder, name));
  };
  for (const side of [192, 512]) await write(`icon-${side}.png`, svg, side);
  const background = /fill="(#[0-9a-f]+)"/.exec(svg)![1]!;
  for (const side of [180, 512]) await write(`icon-whole-${side}.png`, whole, side, background);
}

/** Copies the files beside the code, and writes the list of all files into the service worker. */
function beside(): Plugin {
  let outDir = "";
  return {
    name: "beside",
    apply: "build",
    configResolved({ build }) {
      outDir = resolve(root, "web", build.outDir);
    },
    async closeBundle() {
      await writeIcons(outDir);
      for (const [to, from] of Object.entries(FILES)) {
        mkdirSync(dirname(join(outDir, to)), { recursive: true });
        copyFileSync(join(root, from), join(outDir, to));
      }
      const all = readdirSync(outDir, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(outDir, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
        .filter((path) => path !== "service-worker.js" && !path.endsWith(".map"))
        .sort();
      const hash = createHash("sha256");
      for (const path of all) hash.update(path).update(readFileSync(join(outDir, path)));
      const list = ["./", ...all.filter((path) => !isLazy(path) && path !== "index.html")];
      const worker = join(outDir, "service-worker.js");
      const code = readFileSync(worker, "utf8");
      const told = `const PRECACHE=${JSON.stringify(list)},VERSION=${JSON.stringify(hash.digest("hex").slice(0, 16))};`;
      writeFileSync(worker, told + code);
    },
  };
}

/** What the host must send for threads, and for the policy to hold in workers too. */
export const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; connect-src 'self' blob:; worker-src 'self' blob:; manifest-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

export default defineConfig({
  root: join(root, "web"),
  base: "./",
  publicDir: false,
  plugins: [browserField(), markup("browser", words), beside()],
  // ONNX Runtime's own files lie beside the code, and are not bundled into it.
  resolve: {
    conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "production", "import", "default"],
  },
  worker: { format: "es", plugins: () => [browserField()] },
  build: {
    outDir: join(root, "web/dist"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rollupOptions: {
      input: {
        index: join(root, "web/index.html"),
        ...Object.fromEntries(BY_NAME.map((name) => [name, join(root, `web/${name}.ts`)])),
      },
      // What pages without a bundler import keeps its exports.
      preserveEntrySignatures: "exports-only",
      output: {
        entryFileNames: ({ name }) => (BY_NAME.includes(name) ? "[name].js" : "assets/[name]-[hash].js"),
      },
    },
  },
  preview: { host: "127.0.0.1", port: 4173, headers: HEADERS },
});
