/**
 * Named tensors on the device, which sessions of one step are bound to: what a batch brings, what they hand
 * on.
 */
import { type Shape, sizeOf } from "../onnx/index.js";
import {
  createDeviceTensor,
  type DevicePart,
  devicePart,
  type SessionOptions,
  type Tensor,
} from "../runtime/index.js";

export type Feeds = Readonly<Record<string, Tensor>>;

export interface DeviceTensors {
  /** What inputs and outputs of these names are bound to. */
  readonly bound: Readonly<Record<string, DevicePart>>;
  /** Begins to bring what `load` will be given next; the device may still be at work on the last. */
  stage(feeds: Feeds): Promise<void>;
  /** Brings float32 numbers of these names and shapes to the device, after whatever it was asked before. */
  load(feeds: Feeds): Promise<void>;
  release(): Promise<void>;
}

export async function createDeviceTensors(
  shapes: Readonly<Record<string, Shape>>,
  options: SessionOptions = {},
): Promise<DeviceTensors> {
  const device = options.device ?? "cpu";
  const bound: Record<string, DevicePart> = {};
  for (const [name, shape] of Object.entries(shapes)) {
    const tensor = await createDeviceTensor(new Float32Array(sizeOf(shape)), { ...options, device });
    bound[name] = devicePart(tensor, shape);
  }
  const each = async (feeds: Feeds, work: (part: DevicePart, data: Float32Array) => Promise<unknown>) => {
    await Promise.all(
      Object.entries(bound).map(([name, part]) => {
        const { data, shape } = feeds[name] ?? {};
        if (String(shape) !== String(part.shape)) {
          throw new Error(`a step was given "${name}" as [${shape}], it takes [${part.shape}]`);
        }
        return work(part, data as Float32Array);
      }),
    );
  };
  return {
    bound,
    stage: (feeds) => each(feeds, ({ tensor }, data) => tensor.stage(data)),
    load: (feeds) => each(feeds, ({ tensor }, data) => tensor.push(data)),
    async release() {
      for (const { tensor } of Object.values(bound)) await tensor.release();
    },
  };
}
