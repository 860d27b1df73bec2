/** The teacher's part of algorithm 1 as a session: nothing leaves the device between the chain's start and its end. */
import { toModel, type Value } from "../onnx/index.js";
import { createSession, floatTensor, type SessionOptions, type Tensor } from "../runtime/index.js";
import type { BatchShape } from "./batch-shape.js";

export interface RollOut {
  /**
   * @param pictures what the space feeds for a batch
   * @param noise [N, C, S, S] @param weight W [N, S, S]
   * @returns x_T [N, C, S, S] of every picture, and of the first D the x0 at the end of the chain
   */
  run(
    pictures: Readonly<Record<string, Tensor>>,
    noise: Float32Array,
    weight: Float32Array,
  ): Promise<{ xT: Tensor; teacherX0?: Tensor }>;
  release(): Promise<void>;
}

/** @param graph of `rollOutGraph`, from inputs `noise` and `weight` and those of the space */
export async function createRollOut(
  graph: { readonly xT: Value; readonly teacherX0?: Value },
  { batch, side }: BatchShape,
  sessionOptions: SessionOptions = {},
): Promise<RollOut> {
  const [, channels] = graph.xT.shape;
  const session = await createSession(toModel({ ...graph }).bytes, {
    ...{ device: "cpu", name: "the teacher" },
    ...sessionOptions,
  });
  return {
    async run(pictures, noise, weight) {
      const { xT, teacherX0 } = await session.run({
        ...pictures,
        noise: floatTensor([batch, channels, side, side], noise),
        weight: floatTensor([batch, 1, side, side], weight),
      });
      return { xT, ...(teacherX0 && { teacherX0 }) };
    },
    release: () => session.release(),
  };
}
