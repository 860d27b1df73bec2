/** Which device a page computes on: tried once, timed, and told. */
import { createSession, listDevices } from "../runtime/index.js";
import { largeProbe, smallProbe } from "../runtime/probe.js";
import { floatTensor } from "../runtime/tensor.js";

/** A device of a page. */
export interface DeviceTrial {
  readonly device: "cpu" | "webgpu";
  readonly available: boolean;
  /** One line for people: what it is, or why it is not there. */
  readonly detail: string;
  /** How long a chain of convolutions of 4.8 GFLOP takes; left out where that was not tried. */
  readonly milliseconds?: number;
}

/** A device that is this much slower in small is not tried in large. */
const HOPELESS = 4;

/**
 * Times the devices of a page, in the worker that calls it: WASM always, WebGPU where it computes right.
 * @returns the fastest first
 */
export async function timeDevices(threads: number): Promise<readonly DeviceTrial[]> {
  const trials: DeviceTrial[] = [];
  let small: number | undefined;
  for (const { device, available, detail } of await listDevices()) {
    if (device !== "cpu" && device !== "webgpu") continue;
    if (!available) {
      trials.push({ device, available, detail });
      continue;
    }
    const quick = await time(device, threads, smallProbe());
    const hopeless = small !== undefined && quick > HOPELESS * small;
    small ??= quick;
    const milliseconds = hopeless ? undefined : await time(device, threads, largeProbe());
    trials.push({ device, available, detail, ...(milliseconds !== undefined && { milliseconds }) });
  }
  return trials.sort((a, b) => (a.milliseconds ?? Infinity) - (b.milliseconds ?? Infinity));
}

async function time(
  device: "cpu" | "webgpu",
  threads: number,
  { bytes, shape }: { readonly bytes: Uint8Array; readonly shape: readonly number[] },
): Promise<number> {
  const session = await createSession(bytes, { device, threads });
  const x = floatTensor(shape, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5));
  await session.run({ x });
  const start = performance.now();
  await session.run({ x });
  const milliseconds = performance.now() - start;
  await session.release();
  return milliseconds;
}
