/** How the page of `samsr serve` is built: a few files beside the server's code, which it serves. */
import { join, resolve } from "node:path";
import { defineConfig } from "vite";
import { markup } from "./markup.js";
import { words } from "./server-words.js";

const root = resolve(import.meta.dirname, "..");

export default defineConfig({
  root: join(root, "web"),
  base: "./",
  publicDir: false,
  plugins: [markup("server", words)],
  build: {
    outDir: join(root, "dist/server/page"),
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
  },
});
