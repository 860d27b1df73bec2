/**
 * The worker thread in which a page tries what it has: devices, and ONNX files that are new to it. It is
 * ended afterwards, with all that it loaded.
 */
import { examineOnnx } from "../checkpoints/onnx-file/index.js";
import { serveThread } from "../runtime/index.js";
import { useRuntimeFiles } from "../runtime/runtime-files.js";
import { timeDevices } from "./time-devices.js";

export const functions = serveThread({
  tryDevices({ threads, runtime }: { threads: number; runtime?: string }) {
    useRuntimeFiles(runtime);
    return timeDevices(threads);
  },

  async examine({ file, name, runtime }: { file: Blob; name: string; runtime?: string }) {
    useRuntimeFiles(runtime);
    return examineOnnx(new Uint8Array(await file.arrayBuffer()), name);
  },
});
