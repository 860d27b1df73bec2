/**
 * ONNX Runtime in Node. Its WebGPU provider (Dawn, over Vulkan, Metal or Direct3D 12) is native code on top
 * of a driver: without one it writes warnings to standard error, and a broken one may take the process with
 * it. So the first look at a GPU happens in a child process, which may fail as it likes.
 */
import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus } from "node:os";
import { isOutOfMemory, SamsrError } from "../base/errors.js";
import { remember } from "../base/promises.js";
import type { Backend, DeviceState, Ort } from "./backend.js";
import { largeProbe, PROBE_TOLERANCE, type ProbeModel, smallProbe } from "./probe.js";

const PROBE_LIMIT = 30_000;

/** How many times as fast as the CPU a GPU must be; with less the difference is not worth a driver. */
const WORTHWHILE = 2;

/** Loads onnxruntime-node. @throws {Error} when the package has no binary for this system */
export async function load(): Promise<Backend> {
  let ort: Ort;
  try {
    // ONNX Runtime reports what it throws on standard error as well; the thrown error is enough.
    // Required, since a module that is imported is read once more, to know what it exports.
    const module = createRequire(import.meta.url)("onnxruntime-node");
    module.env.logLevel = "fatal";
    ort = module;
  } catch (cause) {
    if (isOutOfMemory(cause)) {
      throw new SamsrError("there is not enough memory to load ONNX Runtime", { cause });
    }
    const platform = `${process.platform} ${process.arch}`;
    throw new SamsrError(
      `onnxruntime-node does not load on ${platform}: use backend "web" (WASM, npm install ` +
        "onnxruntime-web) here, or reinstall it",
      { cause },
    );
  }
  const version = (ort as unknown as { env: { versions: { node?: string } } }).env.versions.node;
  const known = new Map<boolean, Promise<DeviceState>>();
  const probe = (compare: boolean) => remember(known, compare, () => look(compare));
  const cpu = `${cpus()[0]?.model.trim() || "processor"}, ${availableParallelism()} threads`;
  return {
    name: "node",
    ort,
    version,
    fillsFetches: true,
    cpu,
    providers: { cpu: "cpu", webgpu: "webgpu" },
    probe,
  };
}

async function look(compare: boolean): Promise<DeviceState> {
  const state = { device: "webgpu", available: false, preferred: false } as const;
  if (compare && !hasGraphicsHardware()) {
    return { ...state, detail: "this machine shows no graphics hardware" };
  }
  const answer = await probeInChild(compare ? [smallProbe(), largeProbe()] : [smallProbe()]);
  if (answer.error !== undefined) return { ...state, detail: explain(answer.error) };
  if (!(answer.difference <= PROBE_TOLERANCE)) {
    return { ...state, detail: "its driver computes wrong results" };
  }
  const ratio = answer.cpu / answer.gpu;
  const speed = compare
    ? `, ${ratio < 0.1 ? "far slower than" : `${ratio.toFixed(1)} times as fast as`} the CPU`
    : "";
  return {
    device: "webgpu",
    available: true,
    preferred: compare && ratio >= WORTHWHILE,
    detail: `works${speed}`,
  };
}

/**
 * Tells whether this machine may have a GPU. On Linux every GPU has a device node, so without one an adapter
 * can only be software.
 */
function hasGraphicsHardware(): boolean {
  if (process.platform !== "linux") return true;
  if (existsSync("/dev/nvidiactl") || existsSync("/dev/dxg")) return true;
  try {
    return readdirSync("/dev/dri").some((name) => name.startsWith("render"));
  } catch {
    return false;
  }
}

function explain(error: string): string {
  if (/adapter/i.test(error)) {
    return process.platform === "linux"
      ? "no graphics adapter with a working Vulkan driver was found"
      : "no graphics adapter that WebGPU can use was found";
  }
  return error;
}

type Answer =
  | { readonly error: string }
  | { readonly error?: undefined; readonly difference: number; readonly cpu: number; readonly gpu: number };

/**
 * The program of the child process: it runs each model on both devices and answers with the largest
 * difference and the best times of the last one. A small model that takes 50 ms is software at work: the
 * large one would take it many seconds, so the child stops there.
 */
const CHILD = `
const { library, models, runs } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const ort = require(library);
ort.env.logLevel = "fatal";
(async () => {
  const answer = { difference: 0, cpu: 0, gpu: 0 };
  for (const { bytes, shape } of models) {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.cos(i));
    const results = [];
    for (const device of ["cpu", "webgpu"]) {
      const session = await ort.InferenceSession.create(Buffer.from(bytes, "base64"), { executionProviders: [device] });
      let best = Infinity;
      for (let i = 0; i < runs; i++) {
        const start = performance.now();
        const { y } = await session.run({ x: new ort.Tensor("float32", data, shape) });
        best = Math.min(best, performance.now() - start);
        results[device === "cpu" ? 0 : 1] = y.data;
      }
      answer[device === "cpu" ? "cpu" : "gpu"] = best;
      await session.release();
    }
    results[0].forEach((v, i) => {
      const d = Math.abs(v - results[1][i]);
      if (!(d <= answer.difference)) answer.difference = d;
    });
    if (answer.gpu > 20) break;
  }
  return answer;
})().catch((error) => ({ error: String(error && error.message || error) }))
  .then((answer) => process.stdout.write(JSON.stringify(answer), () => process.exit(0)));
`;

async function probeInChild(models: readonly ProbeModel[]): Promise<Answer> {
  // It loads much that a machine without graphics hardware has no use for.
  const { spawn } = await import("node:child_process");
  const library = createRequire(import.meta.url).resolve("onnxruntime-node");
  const question = JSON.stringify({
    library,
    // The first run compiles shaders, so a time worth comparing takes a few.
    runs: models.length > 1 ? 3 : 1,
    models: models.map(({ bytes, shape }) => ({ bytes: Buffer.from(bytes).toString("base64"), shape })),
  });
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["-e", CHILD], {
      stdio: ["pipe", "pipe", "ignore"],
      env: { ...process.env, NODE_OPTIONS: "", ELECTRON_RUN_AS_NODE: "1" },
      timeout: PROBE_LIMIT,
      killSignal: "SIGKILL",
      windowsHide: true,
    });
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += chunk;
    });
    child.stdin.on("error", () => {});
    child.stdin.end(question);
    child.on("error", (error) => resolve({ error: `it could not be tried (${error.message})` }));
    child.on("close", (code, signal) => {
      try {
        resolve(JSON.parse(text));
      } catch {
        const end = signal === "SIGKILL" ? "hung" : `crashed (${signal ?? `exit code ${code}`})`;
        resolve({ error: `its driver ${end} when it was tried` });
      }
    });
  });
}
