/**
 * What runs a graph: the two bindings of ONNX Runtime, onnxruntime-node and onnxruntime-web, and PyTorch.
 * What they have in common, and what each must say for itself.
 */
import type { Shape } from "../onnx/value.js";

export type Device = "cpu" | "webgpu" | "torch";

export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: unknown;
}

/** What a binding tells of an input or output; type and shape of tensors alone. */
export interface OrtFacts {
  readonly name: string;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Left out by PyTorch. */
  readonly inputMetadata?: readonly OrtFacts[];
  readonly outputMetadata?: readonly OrtFacts[];
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

/** A flat float32 array on a device. */
export interface DeviceTensor {
  /**
   * The tensor's numbers here: the tensor itself where the device shares this memory, else a copy as old as
   * the last `pull` or `push`.
   */
  readonly data: Float32Array;
  /** What the device's process calls it; undefined where `data` is the tensor itself. */
  readonly id?: number;
  /** Brings `data` up to date with the device. */
  pull(): Promise<void>;
  /** Brings the device up to date with `data`, or with other numbers, which `data` then need not have. */
  push(other?: Float32Array): Promise<void>;
  /**
   * Says what will be pushed next, while a session may still be at work on what was pushed last: where the
   * device has memory of its own, part of the way is done meanwhile.
   */
  stage(other: Float32Array): Promise<void>;
  /** Frees the device's memory; `data` stays. A second call does nothing. */
  release(): Promise<void>;
}

/** A part of a device tensor, with a shape: what an input or an output of a session is bound to. */
export interface DevicePart {
  readonly tensor: DeviceTensor;
  /** Where the part begins in the tensor, counted in numbers. */
  readonly offset: number;
  readonly shape: Shape;
}

export interface Backend {
  readonly name: "node" | "web" | "torch";
  readonly ort: Ort;
  /** Whether results land in the tensors given as fetches; the WASM build computes in memory of its own. */
  readonly fillsFetches: boolean;
  /** The version of what runs graphs, where it is known. */
  readonly version?: string;
  /** The processor, in a few words. */
  readonly cpu: string;
  /**
   * What this binding calls its execution provider for a device; those that it does not have are left out.
   */
  readonly providers: Readonly<Partial<Record<Device, string>>>;
  /** Looks for the GPU; `compare` also asks whether it beats the CPU, which takes longer. Never throws. */
  probe(compare: boolean): Promise<DeviceState>;
  /** Tells a binding that wants to know it before its first session how many threads to use. */
  setThreads?(threads: number): void;
  /**
   * Copies `data` to the device, where sessions can be bound to it; left out where the device shares this
   * process's memory.
   */
  allocate?(data: Float32Array): Promise<DeviceTensor>;
}
