/** Which device a page computes on: tried once, in a worker of its own, timed, and told. */
import { startThread } from "../runtime/index.js";
import type { functions } from "./device-worker.js";
import type { DeviceTrial } from "./time-devices.js";
import { absolute, defaultThreads } from "./upscaler.js";

export type { DeviceTrial } from "./time-devices.js";

/**
 * Times the devices of this page, without stalling it: WASM always, WebGPU where it computes right.
 * @param options.runtime the folder of ONNX Runtime's files, as for `createUpscaler`
 * @returns the fastest first
 */
export async function tryDevices(
  options: { readonly threads?: number; readonly runtime?: string | URL } = {},
): Promise<readonly DeviceTrial[]> {
  const { threads = defaultThreads(), runtime } = options;
  const thread = startThread<typeof functions>(
    () => new Worker(new URL("./device-worker.js", import.meta.url), { type: "module" }),
  );
  try {
    return await thread.call("tryDevices", { threads, ...(runtime && { runtime: absolute(runtime) }) });
  } finally {
    await thread.close();
  }
}
