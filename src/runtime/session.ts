import { isOutOfMemory, SamsrError } from "../base/errors.js";
import { createQueue } from "../base/promises.js";
import type { Backend, Device, DevicePart, OrtFacts, OrtSession, OrtTensor } from "./backend.js";
import { partHere } from "./device-tensor.js";
import { type BackendName, chooseDevice, loadBackend } from "./devices.js";
import { native } from "./gate.js";
import { aloneOnGpu } from "./gpu-lock.js";
import { asTensor, checkTensor, type FloatTensor, type Tensor } from "./tensor.js";

export interface SessionOptions {
  /**
   * `auto` (the default) is the GPU where there is one that is worth it, else the CPU. `torch` is PyTorch, in
   * a Python process beside this one, with the GPU that it finds.
   */
  readonly device?: Device | "auto";
  /**
   * Threads inside an operator; as many as there are cores when left out. The web backend has one number for
   * all sessions.
   */
  readonly threads?: number;
  /**
   * Whether idle threads wait actively (the default). It is faster by little and burns the cores between
   * runs: turn it off where other work runs between them.
   */
  readonly spinning?: boolean;
  readonly optimization?: "disabled" | "basic" | "extended" | "all";
  /** Plan all buffers as one block. Off, because it can nearly double the peak memory of a training graph. */
  readonly memoryPattern?: boolean;
  /**
   * Keep memory that is no longer needed, for what comes next (the default). It is faster, and holds a
   * multiple of what is needed where sizes differ much; without it every tensor goes back to the system.
   */
  readonly arena?: boolean;
  /** The folder of the files that hold a model's stored weights (see `stored` in onnx/). Node only. */
  readonly weightsFolder?: string;
  /** Sizes for symbolic dimensions of the graph. */
  readonly dimensions?: Readonly<Record<string, number>>;
  /** Names ONNX Runtime's execution providers directly (CUDA, CoreML, ...), instead of a device. */
  readonly executionProviders?: readonly (string | { readonly name: string })[];
  /** Configuration entries handed to ONNX Runtime as they are, such as `{ session: { ... } }`. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /**
   * Inputs and outputs, by name, that are parts of device tensors: such inputs are read where they lie and
   * never fed, such outputs are written there by every run and never returned. An output may be bound to what
   * an input is bound to, as its next value, if all that reads the input comes before what the output is
   * computed from, or is its last operation.
   */
  readonly bound?: Readonly<Record<string, DevicePart>>;
  /**
   * A file that is written with the model as the runtime has rewritten it for this processor, in the
   * runtime's own format (ORT); a session of it is made with `optimization: "disabled"`. Node only.
   */
  readonly rewrittenFile?: string;
  /** What errors call a model that is given as bytes. */
  readonly name?: string;
  /** Which binding: onnxruntime-node in Node, onnxruntime-web in a browser, unless one is named. */
  readonly backend?: BackendName;
}

export interface RunOptions {
  /**
   * Which outputs to compute, by name; all when left out. With a tensor the result is written into its data,
   * which in Node saves an allocation a run; null lets the runtime allocate.
   */
  readonly fetches?: readonly string[] | Readonly<Record<string, Tensor | null>>;
}

/** What a model declares of an input or output. */
export interface TensorFacts {
  readonly name: string;
  /** Empty where it is no tensor. */
  readonly type: string;
  /** A side of any length is a word, or a number below 1; a scalar, and what declares nothing, has none. */
  readonly shape: readonly (number | string)[];
}

export interface Session {
  /** What a run is fed: the model's inputs but for those that are bound. */
  readonly inputs: readonly string[];
  /** What a run can return: the model's outputs but for those that are bound. */
  readonly outputs: readonly string[];
  /**
   * Types and shapes of inputs and outputs, as the model declares them; none where a runtime does not tell.
   */
  readonly facts: { readonly inputs: readonly TensorFacts[]; readonly outputs: readonly TensorFacts[] };
  /** Where the session runs: "cpu", "webgpu", "torch", or the execution providers that were named. */
  readonly device: string;
  /**
   * Runs the model once. In Node this blocks the thread until it is done, so anything that must stay
   * responsive runs its sessions in a worker (`startThread`). Neither feeds nor results are copied on this
   * side of the runtime. Calls at the same time run one after the other.
   * @throws {SamsrError} naming the model, and the input that is missing or has another shape.
   */
  run(feeds: Readonly<Record<string, Tensor>>, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Frees the model's memory, after the runs that have begun. A second call does nothing. */
  release(): Promise<void>;
}

/**
 * Loads an ONNX model, from bytes or from a file's path (in a browser: its URL).
 *
 * @example
 * const session = await createSession("model.onnx", { device: "cpu", threads: 2 });
 * const { y } = await session.run({ x: { type: "float32", shape: [1, 3, 8, 8], data } });
 * await session.release();
 *
 * @throws {SamsrError} one line: the model cannot be read or is damaged, or the device is not there.
 */
export async function createSession(
  model: Uint8Array | string,
  options: SessionOptions = {},
): Promise<Session> {
  const {
    device: wanted = "auto",
    threads,
    name = typeof model === "string" ? model : "model",
    bound = {},
  } = options;
  if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
    throw new SamsrError(`threads: expected a whole number from 1 on, got ${threads}`);
  }
  const backend = await loadBackend(options.backend, wanted);
  if (threads !== undefined) backend.setThreads?.(threads);
  const held = backend.allocate && { bound };
  const create = (providers: SessionOptions["executionProviders"]) =>
    turnOf(
      backend,
      providers,
    )(() => backend.ort.InferenceSession.create(model, { ...ortOptions(options, providers), ...held }));

  if (options.executionProviders) {
    const providers = options.executionProviders;
    const session = await create(providers).catch((error) => refuse(name, backend, error));
    return open(session, name, providers.map(nameOf).join(), backend, turnOf(backend, providers), bound);
  }
  const on = async (device: Device) => {
    const providers = [backend.providers[device]!];
    return open(await create(providers), name, device, backend, turnOf(backend, providers), bound);
  };
  const device = await chooseDevice(wanted, backend);
  return on(device)
    .catch((error) => {
      // The GPU was auto's idea; a model that it does not take may still run on the CPU.
      if (device === "webgpu" && wanted === "auto") return on("cpu");
      throw error;
    })
    .catch((error) => refuse(name, backend, error));
}

type Provider = NonNullable<SessionOptions["executionProviders"]>[number];

const nameOf = (provider: Provider) => (typeof provider === "string" ? provider : provider.name);

/**
 * Tells how native work is let in: on Node's WebGPU one thread at a time, and never into a thread being
 * stopped.
 */
function turnOf(
  backend: Backend,
  providers: readonly Provider[] = [],
): <T>(work: () => Promise<T>) => Promise<T> {
  if (backend.name !== "node") return (work) => work();
  if (!providers.some((p) => nameOf(p) === backend.providers.webgpu)) return native;
  return (work) => aloneOnGpu(() => native(work));
}

function ortOptions(options: SessionOptions, executionProviders: SessionOptions["executionProviders"]) {
  const {
    threads,
    spinning,
    optimization = "all",
    memoryPattern = false,
    arena = true,
    dimensions,
  } = options;
  const session = {
    ...(options.extra?.session as object),
    ...(spinning !== undefined && { intra_op: { allow_spinning: spinning ? "1" : "0" } }),
    ...(options.weightsFolder !== undefined && {
      model_external_initializers_file_folder_path: options.weightsFolder,
    }),
    ...(options.rewrittenFile !== undefined && { save_model_format: "ORT" }),
  };
  const extra = { ...options.extra, ...(Object.keys(session).length > 0 && { session }) };
  // ONNX Runtime takes an absent key, but not one that is undefined.
  return {
    executionProviders,
    graphOptimizationLevel: optimization,
    enableMemPattern: memoryPattern,
    enableCpuMemArena: arena,
    logSeverityLevel: 4,
    ...(threads !== undefined && { intraOpNumThreads: threads }),
    ...(options.rewrittenFile !== undefined && { optimizedModelFilePath: options.rewrittenFile }),
    ...(dimensions && { freeDimensionOverrides: dimensions }),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function open(
  session: OrtSession,
  name: string,
  device: string,
  { ort, fillsFetches }: Backend,
  inTurn: ReturnType<typeof turnOf>,
  bound: Readonly<Record<string, DevicePart>>,
): Session {
  const toOrt = (t: Tensor) => new ort.Tensor(t.type, t.data, t.shape);
  const free = (names: readonly string[]) => names.filter((key) => !Object.hasOwn(bound, key));
  const inputs = free(session.inputNames);
  const outputs = free(session.outputNames);
  // Parts that the backend does not hold itself lie in this process, and are fed and fetched there.
  const here = (names: readonly string[]): [string, FloatTensor][] =>
    names
      .filter((key) => Object.hasOwn(bound, key) && bound[key].tensor.id === undefined)
      .map((key) => [key, partHere(bound[key])]);
  const [boundInputs, boundOutputs] = [session.inputNames, session.outputNames].map(here);
  let released: Promise<void> | undefined;
  // A WASM session takes one run at a time, and releasing waits for what has begun: everything stands in one
  // line.
  const queue = createQueue();
  const inLine = <T>(work: () => Promise<T>): Promise<T> => queue(() => inTurn(work));

  const run: Session["run"] = async (feeds, options = {}) => {
    if (released) throw new SamsrError(`${name}: this session has been released`);
    const given: Record<string, OrtTensor> = {};
    for (const key of inputs) {
      const tensor = feeds[key];
      if (!tensor) throw new SamsrError(`${name}: input "${key}" is missing (it takes ${inputs.join(", ")})`);
      checkTensor(`${name}: input "${key}"`, tensor);
      given[key] = toOrt(tensor);
    }
    for (const [key, tensor] of boundInputs) given[key] = toOrt(tensor);
    const wanted = listFetches(options.fetches ?? outputs);
    const fetches: Record<string, OrtTensor | null> = {};
    for (const [key, tensor] of Object.entries(wanted)) {
      if (!outputs.includes(key)) {
        throw new SamsrError(`${name}: no output is called "${key}" (it gives ${outputs.join(", ")})`);
      }
      if (tensor) checkTensor(`${name}: output "${key}"`, tensor);
      fetches[key] = tensor && fillsFetches ? toOrt(tensor) : null;
    }
    for (const [key, tensor] of boundOutputs) fetches[key] = fillsFetches ? toOrt(tensor) : null;
    const results = await inLine(() => session.run(given, fetches)).catch((error) => {
      throw new SamsrError(`${name}: the run failed: ${oneLine(error)}`, { cause: error });
    });
    const resultOf = (key: string, tensor: Tensor | null) => {
      if (tensor && fillsFetches) return tensor;
      const { type, dims, data } = results[key];
      const result = asTensor(type, dims, data as ArrayBufferView);
      return tensor ? fill(name, key, tensor, result) : result;
    };
    for (const [key, tensor] of boundOutputs) resultOf(key, tensor);
    return Object.fromEntries(Object.entries(wanted).map(([key, tensor]) => [key, resultOf(key, tensor)]));
  };

  const release = () => (released ??= inLine(() => session.release()));
  const facts = { inputs: factsOf(session.inputMetadata), outputs: factsOf(session.outputMetadata) };
  return { inputs, outputs, facts, device, run, release };
}

function factsOf(declared: readonly OrtFacts[] = []): TensorFacts[] {
  return declared.map(({ name, type = "", shape = [] }) => ({ name, type, shape }));
}

function fill(name: string, key: string, tensor: Tensor, result: Tensor): Tensor {
  if (tensor.type !== result.type || tensor.data.length !== result.data.length) {
    const [wanted, got] = [tensor, result].map((t) => `${t.type} [${t.shape}]`);
    throw new SamsrError(`${name}: output "${key}" is ${got}, the tensor given for it is ${wanted}`);
  }
  (tensor.data as Float32Array).set(result.data as Float32Array);
  return tensor;
}

function listFetches(fetches: NonNullable<RunOptions["fetches"]>): Readonly<Record<string, Tensor | null>> {
  return Array.isArray(fetches)
    ? Object.fromEntries(fetches.map((key) => [key, null]))
    : (fetches as Readonly<Record<string, Tensor | null>>);
}

function refuse(name: string, backend: Backend, error: unknown): never {
  if (error instanceof SamsrError) throw error;
  const text = oneLine(error);
  const runner = backend.name === "torch" ? "PyTorch" : "ONNX Runtime";
  let message = `${name}: ${runner} cannot load this model: ${text}`;
  if (isOutOfMemory(error)) {
    message = `${name}: there is not enough memory for this model (${text})`;
  } else if (/doesn't exist|no such file|ENOENT|failed to fetch/i.test(text)) {
    message = `${name}: there is no such model file`;
  } else if (/protobuf parsing failed|data pointer is null|ModelProto|no graph was found/i.test(text)) {
    message = `${name}: this is not an ONNX model, or it is damaged; download or export it again`;
  } else if (/is a directory/i.test(text)) {
    message = `${name}: this is a directory, expected an ONNX model file`;
  }
  throw new SamsrError(message, { cause: error });
}

/** Returns what ONNX Runtime says, without the places in its own source and in one line. */
function oneLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const plain = text
    .replace(/\/onnxruntime_src\/\S+:\d+ .*? was false\.\s*/gs, "")
    .replace(/\s+/g, " ")
    .trim();
  return plain.length > 300 ? `${plain.slice(0, 300)}...` : plain;
}
