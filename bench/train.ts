/** The teacher's training step as its recipe has it: a batch, forward and backward, Adam and the moving average. */
import { TEACHER_RECIPE } from "../src/train/recipe.js";
import { createMatMul } from "./matmul.js";
import { gigaflops, takeTurns, zip } from "./measure.js";
import { type Bench, figure } from "./report.js";
import { createTeacherStep, drawnBatches } from "./teacher-step.js";

export const bench: Bench = async ({ threads, rounds = 25 }) => {
  const { batch, crop } = TEACHER_RECIPE;
  const teacher = await createTeacherStep(threads);
  const { forward, both, network, optimizer } = teacher;
  const batches = await drawnBatches();
  const matmul = await createMatMul(threads);
  const data = async () => teacher.feed(await batches.at(teacher.step()));
  const times = await takeTurns({ data, network, optimizer, matmul: matmul.run }, { rounds });
  const peak = process.resourceUsage().maxRSS / 1024;
  await matmul.release();
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
      figure("products, forward", "GFLOP", forward.products / 1e9),
      figure("products, forward and backward", "GFLOP", both.products / 1e9),
      figure("other operations, forward and backward", "GFLOP", both.others / 1e9),
      figure("forward and backward", "GFLOP/s", rate),
      figure("MatMul 1024, same rounds", "GFLOP/s", matmulRate),
      figure(
        "forward and backward to MatMul",
        "ratio",
        zip((a, b) => a / b, rate, matmulRate),
      ),
      figure("peak memory of the process", "MB", peak),
    ],
  };
};
