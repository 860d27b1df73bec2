/** Where a page has ONNX Runtime's own files, which are loaded beside the code. */
let folder: string | undefined;

/**
 * Names the folder of `ort-wasm-*.mjs` and `.wasm`; to be called before the first session of a thread. Left
 * out, they are looked for beside the code that was loaded.
 */
export function useRuntimeFiles(address: string | undefined): void {
  folder = address?.replace(/\/?$/, "/");
}

/** Returns the folder that was named. */
export function runtimeFiles(): string | undefined {
  return folder;
}
