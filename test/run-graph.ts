import { createRandom } from "../src/base/random.js";
import * as o from "../src/onnx/index.js";
import { createSession, type SessionOptions, type Tensor } from "../src/runtime/index.js";

/** Standard normals, the same for the same seed. */
export function normals(shape: o.Shape, seed = 1): Float32Array {
  return createRandom(seed).normals(new Float32Array(o.sizeOf(shape)));
}

/** Writes the graph behind `outputs`, runs it once on the CPU and gives the numbers of each output. */
export async function runGraph<Name extends string>(
  outputs: Readonly<Record<Name, o.Value>>,
  feeds: Readonly<Record<string, Float32Array>> = {},
  { precision, ...options }: SessionOptions & Pick<o.ModelOptions, "precision"> = {},
): Promise<Record<Name, number[]>> {
  const model = o.toModel(outputs, { precision });
  const session = await createSession(model.bytes, { device: "cpu", ...options });
  try {
    const tensors = Object.fromEntries(
      model.inputs.map(({ name, shape }): [string, Tensor] => [
        name,
        { type: "float32", shape, data: feeds[name] },
      ]),
    );
    const results = await session.run(tensors);
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [
        name,
        Array.from(data as ArrayLike<number>, Number),
      ]),
    ) as Record<Name, number[]>;
  } finally {
    await session.release();
  }
}
