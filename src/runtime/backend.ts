/**
 * What runs a graph: the two bindings of ONNX Runtime, onnxruntime-node and onnxruntime-web, and PyTorch. What they have in
 * common, and what each must say for itself.
 */
export type Device = "cpu" | "webgpu" | "torch";

export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(
    feeds: Record<string, OrtTensor>,
    fetches: Record<string, OrtTensor | null>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

export interface Ort {
  readonly Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  readonly InferenceSession: {
    create(model: Uint8Array | string, options: Record<string, unknown>): Promise<OrtSession>;
  };
}

export interface DeviceState {
  readonly device: Device;
  readonly available: boolean;
  /** Available, right in its results and so much faster than the CPU that `auto` takes it. */
  readonly preferred: boolean;
  /** One line for people: what it is, or why it is not there. */
  readonly detail: string;
}

export interface Backend {
  readonly name: "node" | "web" | "torch";
  readonly ort: Ort;
  /** Whether results land in the tensors given as fetches; the WASM build computes in memory of its own. */
  readonly fillsFetches: boolean;
  /** The processor, in a few words. */
  readonly cpu: string;
  /** What this binding calls its execution provider for a device; those that it does not have are left out. */
  readonly providers: Readonly<Partial<Record<Device, string>>>;
  /** Looks for the GPU; `compare` also asks whether it beats the CPU, which takes longer. Never throws. */
  probe(compare: boolean): Promise<DeviceState>;
  /** Tells a binding that wants to know it before its first session how many threads to use. */
  setThreads?(threads: number): void;
}
