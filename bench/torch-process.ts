/** Processes that answer each line with a line of JSON, PyTorch's among them: see torch/teacher_step.py. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";

/** Debian's python3-torch belongs to Debian's Python. */
const PYTHON = process.env.TORCH_PYTHON ?? "/usr/bin/python3";

/** From this rate of one thread on a BLAS is not the reference, which makes 2.5. */
const LEAST_GIGAFLOPS = 10;

/** Prints the better rate of two products of 512 x 512. */
const RATE = `
import time, torch
torch.set_num_threads(1)
a, rates = torch.ones(512, 512), []
for _ in range(2):
    start = time.process_time()
    a @ a
    rates.append(2 * 512**3 / max(1e-6, time.process_time() - start) / 1e9)
print(max(rates))
`;

/** Says why there is no PyTorch worth comparing with; undefined when there is one. */
export function missingTorch(): string | undefined {
  const { status, stdout } = spawnSync(PYTHON, ["-c", RATE], { encoding: "utf8", env: environment() });
  const install = "apt-get install python3-torch libopenblas0-openmp";
  if (status !== 0) return `${PYTHON} has no torch (${install})`;
  return Number(stdout) >= LEAST_GIGAFLOPS
    ? undefined
    : `torch of ${PYTHON} multiplies at ${Number(stdout).toFixed(1)} GFLOP/s, by the reference BLAS (${install})`;
}

export interface AnsweringProcess {
  readonly version: string;
  ask(line: string): Promise<Record<string, number | string>>;
  stop(): Promise<void>;
}

/** Starts torch/teacher_step.py. @param layout "channels_last", or nothing for PyTorch's own */
export function startTorch(file: string, threads: number, layout?: string): Promise<AnsweringProcess> {
  return startPython("teacher_step.py", [file, String(threads), ...(layout ? [layout] : [])]);
}

/** Starts torch/graph.py with an ONNX file whose weights lie in a folder. */
export function startTorchGraph(model: string, folder: string, threads: number): Promise<AnsweringProcess> {
  return startPython("graph.py", [model, folder, String(threads)]);
}

function startPython(name: string, words: readonly string[]): Promise<AnsweringProcess> {
  // Compiled, this file lies in bench/dist/bench/.
  const program = join(import.meta.dirname, "../../torch", name);
  return startAnswering(PYTHON, [program, ...words], environment());
}

function environment(): NodeJS.ProcessEnv {
  return { OPENBLAS_CORETYPE: coreType(), ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
}

/** Starts a program that says its version in a first line, and then answers each line. */
export async function startAnswering(
  program: string,
  words: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<AnsweringProcess> {
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "inherit"], env });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${words[0]} ended before it answered`);
    return JSON.parse(value);
  };
  const { version } = await answer();
  return {
    version,
    async ask(line) {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    async stop() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

/**
 * OpenBLAS does not know every virtual processor, and computes with what the oldest had: a sixth of the rate.
 */
function coreType(): string | undefined {
  try {
    const info = readFileSync("/proc/cpuinfo", "utf8");
    return /\bavx512vl\b/.test(info) ? "SkylakeX" : /\bavx2\b/.test(info) ? "Haswell" : undefined;
  } catch {
    return undefined;
  }
}
