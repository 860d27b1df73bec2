/** A step of the teacher's training as its recipe has it, in parts. */
import { createRandom } from "../src/base/random.js";
import { exponentialSchedule, inputScale } from "../src/diffusion/index.js";
import { LATENT_CHANNELS, SCALE } from "../src/networks/index.js";
import { type ConvolutionStrategy, trainableScope } from "../src/nn/index.js";
import { countFlops } from "../src/onnx/flops.js";
import { gradients, sizeOf } from "../src/onnx/index.js";
import type { Tensor } from "../src/runtime/index.js";
import { createTrainingState } from "../src/train/checkpoint.js";
import { type Batch, createBatches } from "../src/train/data/batches.js";
import { mildDegradation, mildTraining } from "../src/train/data/degrade.js";
import { degradedCrops, inMemory } from "../src/train/data/samples.js";
import { TEACHER_RECIPE } from "../src/train/recipe.js";
import { teacherLoss } from "../src/train/teacher.js";
import { convolutionStrategyOn, createTrainingSession } from "../src/train/training-session.js";
import { initialWeights } from "../src/train/weights.js";
import { grainyPicture } from "./picture.js";

export type TeacherStep = Awaited<ReturnType<typeof createTeacherStep>>;

/** Makes batches as the recipe has them, of a picture that is drawn here. */
export async function drawnBatches() {
  const { batch, crop, seed } = TEACHER_RECIPE;
  const photos = inMemory([await grainyPicture(768, 512)]);
  return createBatches({ source: degradedCrops(photos, mildDegradation(mildTraining)), batch, crop, seed });
}

/**
 * Loss and gradients. @param convolutions how the network is written; none of them leaves convolutions by
 * taps
 */
export function teacherGraph(convolutions: ConvolutionStrategy = {}) {
  const { config, batch, crop } = TEACHER_RECIPE;
  const { scope, parameters } = trainableScope("", convolutions);
  const loss = teacherLoss(scope, config, { batch, side: crop / SCALE }, TEACHER_RECIPE.schedule);
  const specs = parameters();
  const slopes = gradients(
    loss,
    specs.map(({ value }) => value),
  );
  return { loss, specs, all: [loss, ...slopes] };
}

/** @param convolutions as the trainer has them on a processor, unless they are given */
export async function createTeacherStep(
  threads: number,
  convolutions: ConvolutionStrategy = convolutionStrategyOn(),
) {
  const { batch, crop, seed, learningRate, clip, emaDecay } = TEACHER_RECIPE;
  const side = crop / SCALE;
  const { loss, specs, all } = teacherGraph(convolutions);
  const state = createTrainingState(initialWeights(specs, seed));
  const session = await createTrainingSession(state, { loss }, { threads, spinning: false });

  const schedule = exponentialSchedule(TEACHER_RECIPE.schedule);
  const tensor = (shape: readonly number[], data: Float32Array): Tensor => ({ type: "float32", shape, data });
  let feeds: Readonly<Record<string, Tensor>> = {};
  return {
    state,
    nodes: session.nodes,
    forward: countFlops([loss]),
    both: countFlops(all),
    /** The graph of `network`. */
    outputs: Object.fromEntries(all.map((v, i) => [`out${i}`, v])),
    /** Which step is due, from 0. */
    step: () => state.adam.step,
    /** Noise and timesteps beside the batch. */
    feed({ hr, lq }: Batch) {
      const random = createRandom(seed, state.adam.step);
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
        scale: perImage((t) => inputScale(schedule.eta[t], schedule.kappa)),
      };
    },
    async network() {
      await session.inputs.load(feeds);
      return session.backward();
    },
    /** What `network` was last fed, and the gradients it came to, by name. */
    feeds: () => feeds,
    gradient: session.gradient.data,
    optimizer: () => session.update({ learningRate: learningRate / 100, clip, emaDecay }),
    release: () => session.release(),
  };
}
