/**
 * ONNX Runtime in a browser: WebGPU where the browser has it, WASM everywhere. The WASM half also runs in
 * Node, which is how the tests know that a model loads in both.
 */
import { SamsrError } from "../base/errors.js";
import type { Backend, Device, DeviceState, Ort } from "./backend.js";
import { inNode } from "./environment.js";
import { hasRelaxedSimd, withMatrixKernel } from "./matrix-kernel.js";
import { PROBE_TOLERANCE, smallProbe } from "./probe.js";
import { runtimeFiles } from "./runtime-files.js";

interface OrtWeb extends Ort {
  readonly env: {
    logLevel?: string;
    readonly wasm: { numThreads?: number; wasmPaths?: string; wasmBinary?: Uint8Array };
  };
}

/** The part of WebGPU's interface that a look at the adapter takes. */
interface Gpu {
  requestAdapter(): Promise<{
    readonly info?: {
      readonly vendor?: string;
      readonly architecture?: string;
      readonly isFallbackAdapter?: boolean;
    };
    readonly isFallbackAdapter?: boolean;
  } | null>;
}

/**
 * Loads onnxruntime-web: the build with WebGPU where there is an adapter and the CPU was not asked for, else
 * the smaller one that is WASM alone, and in Node that.
 */
export async function load(device?: Device | "auto"): Promise<Backend> {
  let ort: OrtWeb;
  try {
    const wasmAlone = !(await hasAdapter(device));
    ort = (await build(wasmAlone)) as unknown as OrtWeb;
    ort.env.logLevel = "fatal";
    const files = runtimeFiles();
    if (files !== undefined) {
      ort.env.wasm.wasmPaths = files;
      if (wasmAlone) ort.env.wasm.wasmBinary = await fasterWasm(files);
    }
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND";
    throw new SamsrError(
      missing
        ? "onnxruntime-web is not installed, and pages and WASM need it: npm install onnxruntime-web"
        : "onnxruntime-web does not load here",
      { cause },
    );
  }
  let known: Promise<DeviceState> | undefined;
  return {
    name: "web",
    ort,
    fillsFetches: false,
    cpu: `WASM, ${globalThis.navigator?.hardwareConcurrency ?? "unknown"} threads`,
    providers: { cpu: "wasm", webgpu: "webgpu" },
    probe: () => (known ??= look(ort)),
    setThreads: (threads) => {
      ort.env.wasm.numThreads = threads;
    },
  };
}

async function hasAdapter(device: Device | "auto" | undefined): Promise<boolean> {
  return !inNode && device !== "cpu" && !!(await gpu()?.requestAdapter());
}

async function build(wasmAlone: boolean): Promise<object> {
  if (inNode) return import("./wasm-node.js");
  return wasmAlone ? import("onnxruntime-web/wasm") : import("onnxruntime-web/webgpu");
}

/** Returns the module with our kernel; undefined where it has no place, and ONNX Runtime loads its own. */
async function fasterWasm(files: string): Promise<Uint8Array | undefined> {
  if (!hasRelaxedSimd()) return undefined;
  const response = await fetch(`${files}ort-wasm-simd-threaded.wasm`);
  return response.ok ? withMatrixKernel(new Uint8Array(await response.arrayBuffer())) : undefined;
}

function gpu(): Gpu | undefined {
  return (globalThis.navigator as { gpu?: Gpu } | undefined)?.gpu;
}

async function look(ort: Ort): Promise<DeviceState> {
  const state = { device: "webgpu", available: false, preferred: false } as const;
  const offered = gpu();
  if (!offered) {
    return {
      ...state,
      detail: inNode ? "onnxruntime-web has no WebGPU in Node" : "this browser has no WebGPU",
    };
  }
  try {
    const adapter = await offered.requestAdapter();
    if (!adapter) return { ...state, detail: "the browser offers no graphics adapter" };
    const { vendor = "", architecture = "" } = adapter.info ?? {};
    const software =
      (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false) ||
      /swiftshader/i.test(architecture);
    if (!(await computesRight(ort))) return { ...state, detail: "its driver computes wrong results" };
    const name = `${vendor} ${architecture}`.trim() || "an adapter without a name";
    return {
      device: "webgpu",
      available: true,
      preferred: !software,
      detail: software ? `${name}, software` : name,
    };
  } catch (error) {
    return {
      ...state,
      detail: `it failed when it was tried (${error instanceof Error ? error.message : error})`,
    };
  }
}

async function computesRight(ort: Ort): Promise<boolean> {
  const { bytes, shape } = smallProbe();
  const length = shape.reduce((product, side) => product * side, 1);
  const x = new ort.Tensor(
    "float32",
    Float32Array.from({ length }, (_, i) => Math.cos(i)),
    shape,
  );
  const results: Float32Array[] = [];
  for (const provider of ["wasm", "webgpu"]) {
    const session = await ort.InferenceSession.create(bytes, { executionProviders: [provider] });
    results.push((await session.run({ x }, { y: null })).y.data as Float32Array);
    await session.release();
  }
  return results[0].every((v, i) => Math.abs(v - results[1][i]) <= PROBE_TOLERANCE);
}
