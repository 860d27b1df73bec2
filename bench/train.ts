/** The teacher's training step as its recipe has it: a batch, forward and backward, Adam and the moving average. */
import { createRandom } from "../src/base/random.js";
import { exponentialSchedule, inputScale } from "../src/diffusion/index.js";
import { LATENT_CHANNELS, SCALE } from "../src/networks/index.js";
import { trainableScope } from "../src/nn/index.js";
import { countFlops } from "../src/onnx/flops.js";
import { gradients, sizeOf } from "../src/onnx/index.js";
import type { Tensor } from "../src/runtime/index.js";
import { createTrainingState } from "../src/train/checkpoint.js";
import { createBatches } from "../src/train/data/batches.js";
import { mildDegradation, mildTraining } from "../src/train/data/degrade.js";
import { degradedCrops, inMemory } from "../src/train/data/samples.js";
import { teacherLoss } from "../src/train/objectives.js";
import { adamStep, clipFactor, emaStep, globalNorm } from "../src/train/optimizer.js";
import { TEACHER_RECIPE } from "../src/train/recipe.js";
import { createTrainingSession } from "../src/train/training-session.js";
import { initialWeights } from "../src/train/weights.js";
import { createMatMul } from "./matmul.js";
import { gigaflops, takeTurns, zip } from "./measure.js";
import { grainyPicture } from "./picture.js";
import { type Bench, figure } from "./report.js";

export const bench: Bench = async ({ threads, rounds = 25 }) => {
  const { config, batch, crop, seed, learningRate, clip, emaDecay } = TEACHER_RECIPE;
  const side = crop / SCALE;
  const { scope, parameters } = trainableScope();
  const loss = teacherLoss(scope, config, { batch, side });
  const specs = parameters();
  const slopes = gradients(
    loss,
    specs.map(({ value }) => value),
  );
  const forward = countFlops([loss]);
  const both = countFlops([loss, ...slopes]);

  const state = createTrainingState(initialWeights(specs, seed));
  const session = await createTrainingSession(state.weights, loss, {}, { threads, spinning: false });
  const photos = [await grainyPicture(768, 512)];
  const batches = createBatches({
    source: degradedCrops(inMemory(photos), mildDegradation(mildTraining)),
    batch,
    crop,
    seed,
  });
  const matmul = await createMatMul(threads);

  const schedule = exponentialSchedule(TEACHER_RECIPE.schedule);
  const tensor = (shape: readonly number[], data: Float32Array): Tensor => ({ type: "float32", shape, data });
  let feeds: Readonly<Record<string, Tensor>> = {};
  const data = async () => {
    const step = state.adam.step;
    const { hr, lq } = await batches.at(step);
    const random = createRandom(seed, step);
    const timesteps = Array.from({ length: batch }, () => random.integer(schedule.steps));
    const perImage = (f: (t: number) => number) =>
      tensor(
        [batch, 1, 1, 1],
        Float32Array.from(timesteps, (t) => f(t)),
      );
    const latent = [batch, LATENT_CHANNELS, side, side];
    feeds = {
      hr: tensor([batch, 3, crop, crop], hr),
      lq: tensor([batch, 3, side, side], lq),
      noise: tensor(latent, random.normals(new Float32Array(sizeOf(latent)))),
      t: tensor([batch], Float32Array.from(timesteps)),
      eta: perImage((t) => schedule.eta[t]),
      sigma: perImage((t) => schedule.kappa * schedule.sqrtEta[t]),
      scale: perImage((t) => inputScale(schedule.eta[t], schedule.kappa)),
    };
  };
  const network = () => session.run(feeds);
  const optimizer = () => {
    const { weights, average, adam } = state;
    const shorten = clipFactor(globalNorm(session.gradient), clip);
    adamStep(weights.flat, session.gradient, adam, { learningRate: learningRate / 100 }, shorten);
    emaStep(average, weights.flat, emaDecay);
  };
  const times = await takeTurns({ data, network, optimizer, matmul: matmul.run }, { rounds });
  const peak = process.resourceUsage().maxRSS / 1024;
  await matmul.release();
  await session.release();

  const step = zip((a, b, c) => a + b + c, times.data, times.network, times.optimizer);
  const rate = zip((ms) => gigaflops(both.products, ms), times.network);
  const matmulRate = zip((ms) => gigaflops(matmul.flops, ms), times.matmul);
  const millions = (state.weights.flat.length / 1e6).toFixed(1);
  return {
    about:
      `The teacher's step: ${millions} M parameters, batch ${batch}, crops of ${crop} x ${crop}, ` +
      `${session.nodes} nodes, ${threads} threads. The step is the sum of its three parts.`,
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
