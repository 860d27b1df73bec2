/**
 * Algorithm 1: the student learns to do in one step what the teacher does in many. Masks are found on each
 * low-resolution crop, noise and coefficients follow them pixel by pixel, the teacher walks down its
 * deterministic chain, and the student is taught the way from the chain's start to its end.
 */
import {
  coefficients,
  exponentialSchedule,
  type Field,
  inputScale,
  noiseLevel,
  pixelwise,
  type Schedule,
  timesteps,
} from "../diffusion/index.js";
import { type CoverageNetworkConfig, LATENT_CHANNELS, SCALE } from "../networks/index.js";
import { frozenScope, type StateDict, trainableScope } from "../nn/index.js";
import { type Shape, sizeOf, toModel } from "../onnx/index.js";
import { createSession, floatTensor, type SessionOptions, type Tensor } from "../runtime/index.js";
import { createNoise, segmentRegions, semanticWeight } from "../semantics/index.js";
import { createTrainingState } from "./checkpoint.js";
import { type AdversarialOptions, createDiscriminator } from "./companion.js";
import { type BatchShape, chainStart, rollOutStep, type StudentWeights, studentLoss } from "./objectives.js";
import type { TeacherOptions } from "./teacher.js";
import { train } from "./trainer.js";
import { createTrainingSession } from "./training-session.js";
import { initialWeights, loadWeights, type Weights } from "./weights.js";

export interface StudentOptions extends TeacherOptions {
  readonly teacher: StateDict;
  /** Timesteps of the teacher's roll-out, 1..T; fewer are faster and evenly spread. */
  readonly rollOut: number;
  /** m of equation 9. */
  readonly m: number;
  /** How many images of each batch go through algorithm 1's terms; see `studentLoss`. */
  readonly distilled: number;
  readonly terms: StudentWeights;
  /** Of the term `adversarial`. */
  readonly adversarial?: AdversarialOptions;
  /** Of the term `perceptual`: the timestep whose features are compared; default {@link FEATURE_TIMESTEP}. */
  readonly featureTimestep?: number;
  /** Of the term `sc`: what predicts coverage. */
  readonly coverage?: { readonly weights: StateDict; readonly config: CoverageNetworkConfig };
}

/** Noise there is weak, so the features are of the picture and its detail. */
const FEATURE_TIMESTEP = 1;

/** Seeds the SAM-noise apart from the data. */
const NOISE_SEED = 0x57ed;

/** Distils a student, which starts as a copy of the teacher. @returns its weights and their moving average */
export async function trainStudent(
  options: StudentOptions,
): Promise<{ weights: Weights; average: Float32Array }> {
  const { config, batches, batch, crop, seed, teacher, distilled } = options;
  const shape = { batch, side: crop / SCALE, distilled };
  const schedule = exponentialSchedule(options.schedule);
  const at = (timestep: number) => ({ timestep, scale: inputScale(schedule.eta[timestep], schedule.kappa) });
  const { scope, parameters } = trainableScope();
  const { terms, adversarial, coverage } = options;
  const { loss, reports, made } = studentLoss(
    scope,
    config,
    shape,
    terms,
    { first: at(0), last: at(schedule.steps - 1) },
    {
      discriminator: adversarial?.discriminator,
      features: {
        teacher: frozenScope(teacher, "teacher:"),
        at: at(options.featureTimestep ?? FEATURE_TIMESTEP),
      },
      judge: coverage && { scope: frozenScope(coverage.weights, "coverage:"), config: coverage.config },
    },
  );
  const companion =
    adversarial && terms.adversarial
      ? await createDiscriminator(adversarial, shape, seed, options.session)
      : undefined;
  const weights = initialWeights(parameters(), seed);
  loadWeights(weights, teacher, "the teacher");
  const kept = companion && { made };
  const session = await createTrainingSession(weights, loss, reports, options.session, kept);
  const rollOut = await createRollOut(options, schedule, shape, options.session);
  const state = createTrainingState(weights);

  const feedsAt = async (index: number) => {
    const { hr, lq } = await batches.at(index);
    const { noise, weight } = semanticsOf(lq, shape, seed + NOISE_SEED + index * batch);
    const { start, rolled } = await rollOut.run(lq, noise, weight);
    return {
      hr: floatTensor([batch, 3, crop, crop], hr),
      lq: floatTensor([batch, 3, shape.side, shape.side], lq),
      start,
      ...(rolled && { rolled }),
      ...companion?.feeds,
    };
  };
  try {
    await train(session, state, feedsAt, options, companion);
  } finally {
    await session.release();
    await companion?.release();
    await rollOut.release();
  }
  return { weights, average: state.average };
}

/** SAM-noise [N, 48, S, S] and W [N, S, S] of a batch of low-resolution crops, from their regions. */
export function semanticsOf(lq: Float32Array, { batch, side }: BatchShape, seed: number) {
  const plane = side * side;
  const noise = new Float32Array(batch * LATENT_CHANNELS * plane);
  const weight = new Float32Array(batch * plane);
  for (let n = 0; n < batch; n++) {
    const data = lq.subarray(n * 3 * plane, (n + 1) * 3 * plane).map((v) => (v + 1) / 2);
    const { coverage } = segmentRegions({ width: side, height: side, data });
    weight.set(semanticWeight(coverage), n * plane);
    const options = { seed: seed + n, width: side, height: side, channels: LATENT_CHANNELS, coverage };
    noise.set(createNoise(options).fill(0, 0, side, side), n * LATENT_CHANNELS * plane);
  }
  return { noise, weight };
}

/**
 * Lines 7 to 15 of algorithm 1, with the teacher's weights frozen: the start of every chain of a batch, and the end
 * of its first `distilled` where a term asks for it.
 */
async function createRollOut(
  { config, teacher, rollOut, m, terms }: StudentOptions,
  schedule: Schedule,
  { batch, side, distilled }: BatchShape & { readonly distilled: number },
  sessionOptions: SessionOptions = {},
) {
  const options = { device: "cpu", name: "the teacher", ...sessionOptions } as const;
  const open = (outputs: Parameters<typeof toModel>[0]) => createSession(toModel(outputs).bytes, options);
  const starting = await open(chainStart({ batch, side }));
  const stepping = await open(rollOutStep(frozenScope(teacher), config, { batch: distilled, side }));
  const visited = timesteps(schedule, rollOut);
  const plane = side * side;

  const run = async (lq: Float32Array, noise: Float32Array, weight: Float32Array) => {
    const local = pixelwise(weight, { m });
    const sigma = noiseLevel(local.eta(schedule.eta[visited[0]]), local.kappa(schedule.kappa));
    const { start } = await starting.run({
      lq: floatTensor([batch, 3, side, side], lq),
      noise: floatTensor([batch, LATENT_CHANNELS, side, side], noise),
      sigma: fieldTensor([batch, 1, side, side], sigma),
    });

    if (terms.distill === 0 && terms.inverse === 0) return { start };
    const few = pixelwise(weight.subarray(0, distilled * plane), { m });
    const etas = visited.map((t) => few.eta(schedule.eta[t]));
    const shape = [distilled, LATENT_CHANNELS, side, side];
    const map = (field: Field) => fieldTensor([distilled, 1, side, side], field);
    const condition = floatTensor([distilled, 3, side, side], lq.subarray(0, distilled * 3 * plane));
    let x: Tensor = floatTensor(shape, (start.data as Float32Array).subarray(0, sizeOf(shape)));
    for (const [i, t] of visited.entries()) {
      const { k, m: keep, j } = coefficients(etas[i], etas[i + 1] ?? 0);
      const results = await stepping.run({
        x,
        lq: condition,
        k: map(k),
        m: map(keep),
        j: map(j),
        scale: fieldTensor([distilled, 1, 1, 1], inputScale(schedule.eta[t], schedule.kappa)),
        t: fieldTensor([distilled], t),
      });
      x = results.next;
    }
    return { start, rolled: x };
  };
  const release = async () => {
    await starting.release();
    await stepping.release();
  };
  return { run, release };
}

/** A field as a tensor; a number fills it. */
function fieldTensor(shape: Shape, field: Field): Tensor {
  if (typeof field === "number") return floatTensor(shape, new Float32Array(sizeOf(shape)).fill(field));
  return floatTensor(shape, field instanceof Float32Array ? field : Float32Array.from(field));
}
