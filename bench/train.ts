/**
 * The teacher's training step as its recipe has it: a batch, forward and backward, Adam and the moving
 * average.
 */
import { TEACHER_RECIPE } from "../src/train/recipe.js";
import { createMatMul } from "./matmul.js";
import { gigaflops, takeTurns, zip } from "./measure.js";
import { type Bench, figure } from "./report.js";
import { createTeacherStep, drawnBatches } from "./teacher-step.js";

export const bench: Bench = async ({ threads, rounds = 25 }) => {
  const { batch, crop } = TEACHER_RECIPE;
  const teacher = await createTeacherStep(threads);
  const { network, optimizer } = teacher;
  const taps = await createTeacherStep(threads, {});
  const { forward, both } = taps;
  const batches = await drawnBatches();
  const matmul = await createMatMul(threads);
  taps.feed(await batches.at(0));
  const data = async () => teacher.feed(await batches.at(teacher.step()));
  const works = { data, network, optimizer, matmul: matmul.run, taps: taps.network };
  const times = await takeTurns(works, { rounds });
  await matmul.release();
  await taps.release();
  await teacher.release();

  const step = zip((a, b, c) => a + b + c, times.data, times.network, times.optimizer);
  const rate = zip((ms) => gigaflops(both.products, ms), times.network);
  const matmulRate = zip((ms) => gigaflops(matmul.flops, ms), times.matmul);
  const millions = (teacher.state.weights.flat.length / 1e6).toFixed(1);
  return {
    about:
      `The teacher's step: ${millions} M parameters, batch ${batch}, crops of ${crop} x ${crop}, ` +
      `${teacher.nodes} nodes, ${threads} threads. The step is the sum of its three parts.`,
    figures: [
      figure("step", "ms", step),
      figure("forward and backward", "ms", times.network),
      figure("Adam, clipping, moving average", "ms", times.optimizer),
      figure("data, made on the spot", "ms", times.data),
      figure("forward and backward, convolutions by taps alone", "ms", times.taps),
      figure(
        "the same to Winograd's",
        "ratio",
        zip((a, b) => a / b, times.taps, times.network),
      ),
      figure("products by taps, forward", "GFLOP", forward.products / 1e9),
      figure("products by taps, forward and backward", "GFLOP", both.products / 1e9),
      figure("products that are computed", "GFLOP", teacher.both.products / 1e9),
      figure("other operations, forward and backward", "GFLOP", both.others / 1e9),
      figure("forward and backward, products by taps", "GFLOP/s", rate),
      figure("MatMul 1024, same rounds", "GFLOP/s", matmulRate),
      figure(
        "forward and backward to MatMul",
        "ratio",
        zip((a, b) => a / b, rate, matmulRate),
      ),
    ],
  };
};
