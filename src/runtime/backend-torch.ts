/**
 * Graphs run by PyTorch, in a Python process beside this one: for machines that have a GPU and PyTorch, where ONNX Runtime
 * for Node has no provider for it. The program is executor/torch_executor.py; its head says how the two talk. It is one
 * process for all sessions of a thread, begins with the first and ends with the last.
 */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, openSync, readSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SamsrError } from "../base/errors.js";
import { type DataType, sizeOf, TYPE_BYTES } from "../onnx/value.js";
import type { Backend, DeviceState, Ort, OrtSession, OrtTensor } from "./backend.js";
import { asTensor, type TensorData } from "./tensor.js";

const PROGRAM = fileURLToPath(new URL("../../executor/torch_executor.py", import.meta.url));

/** Memory that processes share, where the system has a folder for it. */
const SHARED = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();

export async function load(): Promise<Backend> {
  return {
    name: "torch",
    ort: { Tensor: PlainTensor, InferenceSession: { create } } as Ort,
    fillsFetches: true,
    cpu: "PyTorch",
    providers: { torch: "torch" },
    probe,
  };
}

class PlainTensor implements OrtTensor {
  constructor(
    readonly type: string,
    readonly data: unknown,
    readonly dims: readonly number[],
  ) {}
}

type Reply = Readonly<Record<string, unknown>>;

/** A tensor's place in the shared file. */
interface Slot {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly offset: number;
}

interface Layout {
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
  /** Which output becomes which input of the next run. */
  readonly carried: Readonly<Record<string, string>>;
}

interface Executor {
  ask(request: Readonly<Record<string, unknown>>): Promise<Reply>;
  end(): void;
}

let current: { readonly executor: Executor; sessions: number } | undefined;
let count = 0;

async function create(model: Uint8Array | string, options: Record<string, unknown>): Promise<OrtSession> {
  current ??= { executor: start(), sessions: 0 };
  const { executor } = current;
  const mine = current;
  mine.sessions++;
  const leave = () => {
    if (--mine.sessions > 0) return;
    if (current === mine) current = undefined;
    executor.end();
  };
  const session = count++;
  const path = join(SHARED, `samsr-${randomUUID()}`);
  const modelFile = typeof model === "string" ? model : `${path}.onnx`;
  let file: number | undefined;
  try {
    if (typeof model !== "string") writeFileSync(modelFile, model);
    file = openSync(path, "wx+", 0o600);
    const { session: more } = (options.extra ?? {}) as { session?: Record<string, string> };
    const { inputs, outputs } = (await executor.ask({
      request: "create",
      session,
      model: modelFile,
      folder: more?.model_external_initializers_file_folder_path ?? ".",
      shared: path,
      threads: options.intraOpNumThreads ?? 0,
      carried: options.carried ?? {},
    })) as unknown as { inputs: Slot[]; outputs: Slot[] };
    const carried = (options.carried ?? {}) as Readonly<Record<string, string>>;
    return open(executor, session, file, { inputs, outputs, carried }, leave);
  } catch (error) {
    if (file !== undefined) closeSync(file);
    leave();
    throw error;
  } finally {
    // Both sides hold it open, so nothing is left behind however they end.
    if (typeof model !== "string") rmSync(modelFile, { force: true });
    rmSync(path, { force: true });
  }
}

function open(
  executor: Executor,
  session: number,
  file: number,
  { inputs, outputs, carried }: Layout,
  leave: () => void,
): OrtSession {
  const kept = Object.entries(carried);
  return {
    inputNames: inputs.map(({ name }) => name),
    outputNames: outputs.map(({ name }) => name),
    async run(feeds, fetches) {
      const load = kept.some(([input]) => input in feeds);
      for (const slot of inputs) {
        if (slot.name in carried && !load) continue;
        const { type, dims, data } = feeds[slot.name];
        if (type !== slot.type || String(dims) !== String(slot.shape)) {
          throw new Error(`input "${slot.name}" is ${type} [${dims}], expected ${slot.type} [${slot.shape}]`);
        }
        write(file, data as TensorData, slot.offset);
      }
      const fetch = kept.some(([, output]) => output in fetches);
      await executor.ask({ request: "run", session, load, fetch });
      const results: Record<string, OrtTensor> = {};
      for (const slot of outputs) {
        if (!(slot.name in fetches)) continue;
        const data = (fetches[slot.name]?.data as TensorData) ?? memoryFor(slot);
        read(file, data, slot.offset);
        results[slot.name] = new PlainTensor(slot.type, data, slot.shape);
      }
      return results;
    },
    async release() {
      await executor.ask({ request: "release", session }).finally(() => {
        closeSync(file);
        leave();
      });
    },
  };
}

function memoryFor({ type, shape }: Slot): TensorData {
  return asTensor(type, shape, new Uint8Array(sizeOf(shape) * TYPE_BYTES[type as DataType])).data;
}

function write(file: number, data: TensorData, offset: number): void {
  const bytes = bytesOf(data);
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(file, bytes, done, bytes.length - done, offset + done);
  }
}

function read(file: number, data: TensorData, offset: number): void {
  const bytes = bytesOf(data);
  for (let done = 0; done < bytes.length; ) {
    const got = readSync(file, bytes, done, bytes.length - done, offset + done);
    if (got === 0) throw new Error("the shared memory is shorter than it should be");
    done += got;
  }
}

function bytesOf(data: TensorData): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

/** `SAMSR_PYTHON`, or python3. */
function python(): string {
  return process.env.SAMSR_PYTHON || "python3";
}

function start(): Executor {
  const child = spawn(python(), ["-u", PROGRAM], { windowsHide: true });
  const waiting: { resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  let said = "";
  let gone: Error | undefined;
  const fail = (reason: string) => {
    gone ??= new SamsrError(`device "torch": ${reason}`);
    for (const { reject } of waiting.splice(0)) reject(gone);
  };
  child.on("error", (error) => fail(`${python()} cannot be started (${error.message}); ${ADVICE}`));
  child.on("close", (code, signal) => fail(explain(said, signal ?? `exit code ${code}`)));
  child.stdin.on("error", () => {});
  child.stderr.on("data", (chunk) => {
    said = `${said}${chunk}`.slice(-4000);
  });
  createInterface({ input: child.stdout }).on("line", (line) => {
    const reply = JSON.parse(line) as Reply;
    const { resolve, reject } = waiting.shift()!;
    if (reply.error === undefined) resolve(reply);
    else reject(new Error(String(reply.error)));
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (gone) return reject(gone);
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(request)}\n`);
      }),
    end: () => void child.stdin.end(),
  };
}

const ADVICE = "it needs Python with PyTorch, 1.13 or later: name one that has it in SAMSR_PYTHON";

function explain(said: string, how: string): string {
  if (/No module named '?torch/.test(said)) return `${python()} has no PyTorch; ${ADVICE}`;
  const last = said.trim().split("\n").at(-1);
  return `its process ended (${how}${last ? `: ${last}` : ""})`;
}

/** Whether it is there takes seconds to find out, so it is only asked for by name, and then found out in use. */
async function probe(): Promise<DeviceState> {
  return { device: "torch", available: true, preferred: false, detail: "PyTorch" };
}
