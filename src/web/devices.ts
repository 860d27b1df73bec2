/** Which device a page computes on: tried once, in a worker of its own, timed, and told. */
import { checkOptions } from "../base/arguments.js";
import type { DeviceTrial } from "./time-devices.js";
import { withTrials } from "./trials.js";
import { absoluteUrl, defaultThreads } from "./upscaler.js";

export type { DeviceTrial } from "./time-devices.js";

/**
 * Times the devices of this page, without stalling it: WASM always, WebGPU where it computes right.
 * @param options.runtime the folder of ONNX Runtime's files, as for `createUpscaler`
 * @returns the fastest first
 */
export async function tryDevices(
  options: { readonly threads?: number; readonly runtime?: string | URL } = {},
): Promise<readonly DeviceTrial[]> {
  checkOptions("tryDevices", options, { threads: "number", runtime: "any" });
  const { threads = defaultThreads(), runtime } = options;
  return withTrials((trials) =>
    trials.call("tryDevices", { threads, ...(runtime && { runtime: absoluteUrl(runtime) }) }),
  );
}
