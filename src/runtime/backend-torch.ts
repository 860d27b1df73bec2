/**
 * Graphs run by PyTorch, in a Python process beside this one: for machines that have a GPU and PyTorch, where
 * ONNX Runtime for Node has no provider for it. The program is executor/torch_executor.py; its head says how
 * the two talk. It is one process for all sessions of a thread, begins with the first and ends with the last.
 */
import { closeSync, existsSync, openSync, readSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { removeTemporary, sweepTemporaryFiles, temporaryPath } from "../base/temporary-files.js";
import { type DataType, sizeOf, TYPE_BYTES } from "../onnx/value.js";
import type {
  Backend,
  DevicePart,
  DeviceState,
  DeviceTensor,
  Ort,
  OrtSession,
  OrtTensor,
} from "./backend.js";
import { asTensor, type TensorData } from "./tensor.js";
import { lookForTorch, startTorchProcess, type TorchProcess } from "./torch-process.js";

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
    allocate,
  };
}

class PlainTensor implements OrtTensor {
  constructor(
    readonly type: string,
    readonly data: unknown,
    readonly dims: readonly number[],
  ) {}
}

/** A tensor's place in the shared file. */
interface Slot {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly number[];
  readonly offset: number;
}

/** Where the inputs and outputs that are not bound lie in the shared memory. */
interface Layout {
  readonly inputs: readonly Slot[];
  readonly outputs: readonly Slot[];
}

/** The process, and how many sessions and tensors it has. */
let current: { readonly executor: TorchProcess; users: number } | undefined;
let count = 0;

/** Counts one more session or tensor in; `leave` counts it out, and the last one ends the process. */
function enter(): { readonly executor: TorchProcess; leave(): void } {
  current ??= { executor: startTorchProcess(), users: 0 };
  const mine = current;
  mine.users++;
  const leave = () => {
    if (--mine.users > 0) return;
    if (current === mine) current = undefined;
    mine.executor.end();
  };
  return { executor: mine.executor, leave };
}

/**
 * Makes a file that only this user can read, and that goes when `use` ends, when this process does, or,
 * should it be killed before, with the next that starts.
 */
async function withTemporary<T>(ending: string, use: (path: string) => Promise<T>): Promise<T> {
  await sweepTemporaryFiles(SHARED);
  const path = temporaryPath(SHARED, ending);
  try {
    return await use(path);
  } finally {
    await removeTemporary(path);
  }
}

/**
 * Makes a file of shared memory, to be opened there by its path while `use` runs. From then on both hold it
 * open.
 */
function withSharedFile<T>(use: (path: string, file: number) => Promise<T>): Promise<T> {
  return withTemporary("", async (path) => {
    const file = openSync(path, "wx+", 0o600);
    try {
      return await use(path, file);
    } catch (error) {
      closeSync(file);
      throw error;
    }
  });
}

/** Passes on the path of a model's file; bytes are written into one while `use` runs. */
function withModelFile<T>(model: Uint8Array | string, use: (path: string) => Promise<T>): Promise<T> {
  if (typeof model === "string") return use(resolve(model));
  return withTemporary(".onnx", (path) => {
    writeFileSync(path, model, { flag: "wx", mode: 0o600 });
    return use(path);
  });
}

async function create(model: Uint8Array | string, options: Record<string, unknown>): Promise<OrtSession> {
  const { executor, leave } = enter();
  const session = count++;
  const { session: more } = (options.extra ?? {}) as { session?: Record<string, string> };
  const parts = Object.entries((options.bound ?? {}) as Readonly<Record<string, DevicePart>>);
  const bound = parts.map(([name, { tensor, offset }]) => [name, { tensor: tensor.id, offset }]);
  try {
    return await withModelFile(model, (modelFile) =>
      withSharedFile(async (shared, file) => {
        const layout = await executor.ask({
          request: "create",
          session,
          model: modelFile,
          folder: resolve(more?.model_external_initializers_file_folder_path ?? "."),
          shared,
          threads: options.intraOpNumThreads ?? 0,
          bound: Object.fromEntries(bound),
        });
        return open(executor, session, file, layout as unknown as Layout, leave);
      }),
    );
  } catch (error) {
    leave();
    throw error;
  }
}

function open(
  executor: TorchProcess,
  session: number,
  file: number,
  { inputs, outputs }: Layout,
  leave: () => void,
): OrtSession {
  return {
    inputNames: inputs.map(({ name }) => name),
    outputNames: outputs.map(({ name }) => name),
    async run(feeds, fetches) {
      for (const slot of inputs) {
        const { type, dims, data } = feeds[slot.name];
        if (type !== slot.type || String(dims) !== String(slot.shape)) {
          throw new Error(`input "${slot.name}" is ${type} [${dims}], expected ${slot.type} [${slot.shape}]`);
        }
        write(file, data as TensorData, slot.offset);
      }
      await executor.ask({ request: "run", session });
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

async function allocate(data: Float32Array): Promise<DeviceTensor> {
  const { executor, leave } = enter();
  const id = count++;
  try {
    return await withSharedFile(async (shared, file) => {
      await executor.ask({ request: "allocate", tensor: id, count: data.length, shared });
      let released: Promise<void> | undefined;
      // What lies in the file beside what the device has, and when the device has taken what it was pushed.
      let staged: Float32Array | undefined;
      let free: Promise<unknown> = Promise.resolve();
      const idle = async () => {
        for (let seen: unknown; seen !== free; ) await (seen = free);
      };
      const release = async () => {
        await executor.ask({ request: "free", tensor: id }).finally(() => {
          closeSync(file);
          leave();
        });
      };
      const tensor: DeviceTensor = {
        data,
        id,
        async pull() {
          await executor.ask({ request: "pull", tensor: id });
          read(file, data, 0);
        },
        async push(other = data) {
          await idle();
          if (staged !== other) write(file, other, 0);
          staged = undefined;
          const taken = executor.ask({ request: "push", tensor: id });
          free = taken.catch(() => {});
          await taken;
        },
        async stage(other) {
          await idle();
          write(file, other, 0);
          staged = other;
        },
        release: () => (released ??= release()),
      };
      await tensor.push();
      return tensor;
    });
  } catch (error) {
    leave();
    throw error;
  }
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

/** Keeps this device from `auto`: to find out whether it is there takes seconds. */
async function probe(): Promise<DeviceState> {
  const state = { device: "torch", preferred: false } as const;
  return lookForTorch().then(
    (detail) => ({ ...state, available: true, detail }),
    (error: Error) => ({ ...state, available: false, detail: error.message }),
  );
}
