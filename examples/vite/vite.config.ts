/**
 * A page of yours over `samsr/web`. Put two folders into `public/`: `models/samsr-tiny` of this package, and
 * as `ort/` the files `ort-wasm-*.mjs` and `.wasm` of onnxruntime-web/dist.
 */
import { defineConfig } from "vite";

// With these, WASM has threads.
const headers = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  resolve: { conditions: ["onnxruntime-web-use-extern-wasm", "module", "browser", "import", "default"] },
  worker: { format: "es" },
  optimizeDeps: { exclude: ["samsr"] },
  server: { headers },
  preview: { headers },
});
