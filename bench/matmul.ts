/**
 * The rate at which ONNX Runtime multiplies large matrices here: the measure that networks are compared with.
 */
import { countFlops } from "../src/onnx/flops.js";
import { constant, input, matmul, toModel } from "../src/onnx/index.js";
import { createSession, type Tensor } from "../src/runtime/index.js";
import { gigaflops, takeTurns, zip } from "./measure.js";
import { type Bench, figure } from "./report.js";

const SIDE = 1024;
/** How many products make one work, so that it is long enough to time. */
const TIMES = 4;

export interface MatMul {
  /** Floating-point operations of one `run`. */
  readonly flops: number;
  run(): Promise<void>;
  release(): Promise<void>;
}

/** Makes a work of four products of a 1024 x 1024 matrix with a constant one. */
export async function createMatMul(threads: number): Promise<MatMul> {
  const shape = [SIDE, SIDE];
  const values = Float32Array.from({ length: SIDE * SIDE }, (_, i) => Math.sin(i));
  const a: Tensor = { type: "float32", shape, data: values };
  const product: Tensor = { type: "float32", shape, data: new Float32Array(SIDE * SIDE) };
  const y = matmul(input("a", shape), constant(values, shape));
  // Threads that go on spinning would take time from what is measured next.
  const session = await createSession(toModel({ y }).bytes, { device: "cpu", threads, spinning: false });
  return {
    flops: TIMES * countFlops([y]).products,
    async run() {
      for (let i = 0; i < TIMES; i++) await session.run({ a }, { fetches: { y: product } });
    },
    release: () => session.release(),
  };
}

export const bench: Bench = async ({ threads, rounds = 50 }) => {
  const matmul = await createMatMul(threads);
  const { product } = await takeTurns({ product: matmul.run }, { rounds });
  await matmul.release();
  return {
    about: `${SIDE} x ${SIDE} times ${SIDE} x ${SIDE}, float32, ${threads} threads.`,
    figures: [
      figure(
        "one product",
        "ms",
        zip((ms) => ms / TIMES, product),
      ),
      figure(
        "rate",
        "GFLOP/s",
        zip((ms) => gigaflops(matmul.flops, ms), product),
      ),
    ],
  };
};
