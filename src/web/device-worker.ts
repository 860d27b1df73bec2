/** The worker thread in which a page's devices are tried; it is ended afterwards, with all that it loaded. */
import { serveThread } from "../runtime/index.js";
import { useRuntimeFiles } from "../runtime/runtime-files.js";
import { timeDevices } from "./time-devices.js";

export const functions = serveThread({
  tryDevices({ threads, runtime }: { threads: number; runtime?: string }) {
    useRuntimeFiles(runtime);
    return timeDevices(threads);
  },
});
