/**
 * Algorithm 1 of the paper, line by line: a student learns to do in one step what its teacher does in many.
 * The numbers in the comments are those of its lines. Timesteps count from 0 here, so the paper's T is T - 1,
 * and its 0 and 1 are both 0.
 *
 * Without masks W is 0 and the noise plain, and what is left is SinSR.
 */

import { SCALE } from "../base/scale.js";
import {
  chain,
  exponentialSchedule,
  inputScale,
  onGraphs,
  type PixelwiseOptions,
  SAMPLERS,
  type Schedule,
  type Variant,
} from "../diffusion/index.js";
import type { SwinUNetConfig } from "../networks/index.js";
import { frozenScope, type Scope, trainableScope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { createSession, floatTensor } from "../runtime/index.js";
import type { BatchShape } from "./batch-shape.js";
import { createTrainingState } from "./checkpoint.js";
import { createCropSemantics } from "./crop-semantics.js";
import { cropSeed, demandPhotoMasks, maskContextOf } from "./data/batch-noise.js";
import { createDeviceTensors, type Feeds } from "./device-tensors.js";
import { createDiscriminator } from "./discriminator.js";
import { semanticConsistencyLoss } from "./semantic-consistency.js";
import { type Condition, denoiseAt, pixelSpace, type Space, spaceOf } from "./space.js";
import type { StudentOptions, StudentWeights } from "./student-options.js";
import { need, type StudentExtras, TERMS, type Term, type TermName } from "./terms/index.js";
import type { TimestepConstants } from "./timestep.js";
import { train } from "./trainer.js";
import { convolutionStrategyOn, createTrainingSession } from "./training-session.js";
import { type FlatWeights, initialWeights, setWeights } from "./weights.js";

export type { StudentOptions, StudentWeights } from "./student-options.js";

/** A batch whose first D pictures go through algorithm 1's terms. */
interface StudentShape extends BatchShape {
  readonly distilled: number;
}

/**
 * Distils a student by algorithm 1, or with variant `release` as its authors' code does.
 * @returns its weights and their moving average
 * @throws SamsrError when the weights to begin with do not fit the network, or a run to resume is another
 */
export async function trainStudent(
  options: StudentOptions,
): Promise<{ weights: FlatWeights; average: Float32Array }> {
  const { config, batches, batch, crop, seed, teacher, distilled, terms, coverage } = options;
  const { variant = "paper", masks = "regions", session: sessionOptions } = options;
  const shape = { batch, side: crop / SCALE, distilled };
  const schedule = exponentialSchedule(options.schedule);
  const space = await spaceOf(options, shape);
  const bySecond = options.detailTarget === "second teacher";
  const taught = bySecond || terms.taught ? space.taught(shape) : undefined;

  // 1: the student begins as the teacher, unless it is given other weights.
  const { scope: student, parameters } = trainableScope("", convolutionStrategyOn(sessionOptions));
  const { loss, reports, x0Hat } = studentLoss(
    student,
    config,
    shape,
    terms,
    { schedule, variant },
    {
      discriminator: options.adversarial?.discriminator,
      features: {
        teacher: frozenScope(teacher, "teacher:"),
        at: timestepOf(schedule, options.featureTimestep ?? 1),
      },
      ...options.metricTerms,
      judge: coverage && { scope: frozenScope(coverage.weights, "coverage:"), config: coverage.config },
      ...{ taught, detailTarget: options.detailTarget },
    },
    space,
  );
  const weights = initialWeights(parameters(), seed);
  setWeights(weights, options.start ?? teacher, options.start ? "the weights to start with" : "the teacher");
  const state = createTrainingState(weights);
  const chainGraph = rollOutGraph(
    frozenScope(teacher),
    {
      ...{ config, schedule, steps: options.rollOut, whole: terms.distill > 0 || terms.inverse > 0 },
      pixelwise: { m: options.m, variant, coefficients: options.coefficients },
    },
    shape,
    space,
  );
  const adversarial = terms.adversarial ? options.adversarial : undefined;

  // A batch goes to the device once, and what the teacher, the student and the discriminator tell each other
  // stays there.
  const pair = [...Object.values(space.pair(shape)), ...(taught ? [taught] : [])];
  const inputs = await createDeviceTensors(o.inputShapes([...pair, chainGraph.xT]), sessionOptions);
  const made = shapesOf({ ...chainGraph, ...(adversarial && { x0Hat }) });
  const between = await createDeviceTensors(made, sessionOptions);
  const bound = { ...inputs.bound, ...between.bound };
  const rollOut = await createSession(o.toModel({ ...chainGraph }).bytes, {
    ...{ device: "cpu", name: "the teacher", ...sessionOptions, bound },
  });
  const discriminator =
    adversarial &&
    (await createDiscriminator(adversarial, bound, shape, seed, {
      ...{ session: sessionOptions, space, real: bySecond ? taught : undefined },
    }));
  const session = await createTrainingSession(
    state,
    { loss, reports, ...(adversarial && { outputs: { x0Hat } }) },
    {
      ...{ ...sessionOptions, accumulate: options.accumulate },
      bound: { ...bound, ...discriminator?.bound },
    },
  );
  const { noise: kind, networks, samOptions, cropCoverage } = options;
  const semantics = createCropSemantics(shape, {
    ...{ channels: space.channels, masks, variant, noise: kind, samOptions, networks, cropCoverage },
  });

  const feedsAt = async (step: number) => {
    // 3: sample x0, y.
    const pictures = await batches.at(step);
    demandPhotoMasks("student", maskContextOf(masks, options.maskContext), pictures);
    if (taught && !pictures.taught) {
      throw new Error("train student: what the second teacher makes has to come with the batches");
    }
    const feeds = await space.feeds(pictures);
    // 4: W (equation 8), and the SAM-noise of line 7 (equations 3 to 7), which the batch may bring.
    // The released code seeks masks in the latent y, where there is one.
    const latents = variant === "release" && options.autoencoder ? (feeds.y.data as Float32Array) : undefined;
    const { noise, weight } = pictures.weight
      ? { noise: pictures.noise!, weight: pictures.weight }
      : await semantics.of(pictures.lq, cropSeed(seed, step, batch), undefined, latents);
    const map = (channels: number, data: Float32Array) =>
      floatTensor([batch, channels, shape.side, shape.side], data);
    return { ...feeds, noise: map(space.channels, noise), weight: map(1, weight) };
  };
  const load = async (feeds: Feeds) => {
    await inputs.load(feeds);
    // 5 to 15: the teacher.
    await rollOut.run({});
  };
  try {
    // 2, 23, 24: gradient descent, on the loss of lines 16 to 22.
    await train(session, { at: feedsAt, stage: inputs.stage, load }, options, discriminator);
  } finally {
    for (const part of [session, discriminator?.session, rollOut, inputs, between, space])
      await part?.release();
  }
  // 25
  return { weights, average: state.average };
}

/** What the teacher's part of algorithm 1 is made of. */
interface RollOutOptions {
  readonly config: SwinUNetConfig;
  readonly schedule: Schedule;
  /** Timesteps visited, 1..T, evenly spread. */
  readonly steps: number;
  /** The options of equation 9. */
  readonly pixelwise: PixelwiseOptions;
  /** Whether the chain's end is asked for, and not only its start. */
  readonly whole: boolean;
}

/**
 * Lines 5 to 15 of algorithm 1 as one graph: the teacher, whose weights stay as they are, walks down its
 * chain. Its parameters appear once, however many the visits. Inputs beside the space's condition: SAM-noise
 * [N, C, S, S], and the weight W [N, 1, S, S].
 * @returns x_T [N, C, S, S], and of the first D pictures x0 at the end of the chain
 */
export function rollOutGraph(
  teacher: Scope,
  { config, schedule, steps, pixelwise, whole }: RollOutOptions,
  shape: StudentShape,
  space: Space = pixelSpace(shape),
): { xT: o.Value; teacherX0?: o.Value } {
  const { batch, side, distilled } = shape;
  const { lq, y } = space.condition(shape);
  const noise = o.input("noise", [batch, space.channels, side, side]);
  const weight = o.input("weight", [batch, 1, side, side]);
  const of = (x: o.Value) => head(x, distilled);

  // 5: kappa and eta of each pixel (equation 9).
  const rates = onGraphs.pixelwise(weight, pixelwise);
  // 7: noise of deviation kappa sqrt(eta). 8: x_T, equation 10.
  const xT = onGraphs.prior({ y, noise, level: onGraphs.priorLevel(schedule, rates) });
  if (!whole) return { xT };

  // As the released code has it, the teacher alone starts and walks with the global rates.
  const teacherRates = onGraphs.chainRates(of(weight), pixelwise);
  const level = onGraphs.priorLevel(schedule, teacherRates);
  const condition = { lq: of(lq), y: of(y) };
  const walk = chain(onGraphs, {
    // 6: k, m and j of each pixel (equation 12), step by step.
    ...{ sampler: SAMPLERS.samsr, schedule, steps, rates: teacherRates },
    ...{ y: condition.y, xT: onGraphs.prior({ y: condition.y, noise: of(noise), level }) },
  });
  // 9, 10, 12, 14, 15: from T down to 1.
  let asked = walk.next();
  while (!asked.done) {
    // 11: x0 is what the teacher says of x_1. 13: x_{t-1} is k f(x_t, y, t) + m x_t + j y (equation 11).
    const { x, timestep } = asked.value;
    asked = walk.next(denoiseAt(space, teacher, config, x, timestep, condition));
  }
  return { xT, teacherX0: asked.value };
}

/**
 * Lines 16 to 22 of algorithm 1 as a graph, and terms beyond it. Inputs beside the space's pair: xT [N, C, S,
 * S], and teacherX0 [D, C, S, S] for the first D pictures of the batch, over which algorithm 1's terms are
 * averaged. A term of weight 0 is not computed.
 * @param p of the student
 * @param process the schedule, and whose input scale timestep 0 has
 * @param extras what some of the terms need
 * @returns the weighted sum, its terms, and what the single step predicts [N, C, S, S]
 */
export function studentLoss(
  p: Scope,
  config: SwinUNetConfig,
  shape: StudentShape,
  weights: StudentWeights,
  { schedule, variant = "paper" }: { readonly schedule: Schedule; readonly variant?: Variant },
  extras: StudentExtras = {},
  space: Space = pixelSpace(shape),
) {
  const { batch, side, distilled } = shape;
  const { x0, lq, y } = space.pair(shape);
  const last = timestepOf(schedule, schedule.steps - 1);
  // The paper is silent on what f(x, y, 0) is scaled by. The released code gives the network timestep 0, but
  // the input scale of timestep T; `paper` scales as wherever else timestep 0 is asked.
  const first = variant === "release" ? { ...last, timestep: 0 } : timestepOf(schedule, 0);
  const xT = o.input("xT", [batch, space.channels, side, side]);
  const teacherX0 = o.input("teacherX0", [distilled, space.channels, side, side]);
  const of = (x: o.Value) => head(x, distilled);
  const condition = { lq: of(lq), y: of(y) };
  const f = (x: o.Value, { timestep, scale }: TimestepConstants, all: Condition = condition) =>
    denoiseAt(space, p, config, o.mul(x, scale), timestep, all);
  const x0Hat = f(xT, last, { lq, y });

  const paper = {
    // 16
    distill: () => o.meanSquaredError(of(x0Hat), teacherX0),
    // 17
    inverse: () => o.meanSquaredError(f(teacherX0, first), of(xT)),
    gt: () => {
      // 18
      const xTHat = f(of(x0), first);
      // 19
      return o.meanSquaredError(f(o.stopGradient(xTHat), last), of(x0));
    },
    // 20, 21: equation 13.
    sc: () => semanticConsistencyLoss(need(extras.judge, "sc"), space.image(of(x0Hat)), space.image(of(x0))),
  };
  const beyond = (name: TermName) => {
    const term: Term = TERMS[name];
    const bySecond = term.detail && extras.detailTarget === "second teacher";
    const target = bySecond ? need(extras.taught, name) : x0;
    return term.loss({ x0: target, x0Hat, y, lq, image: space.image, config, extras });
  };

  // 22: the weighted sum.
  const all: Record<string, () => o.Value> = { ...paper };
  for (const name of Object.keys(TERMS) as TermName[]) all[name] = () => beyond(name);
  const weightOf = (name: string) => weights[name as keyof StudentWeights] ?? 0;
  const wanted = Object.keys(all).filter((name) => weightOf(name) > 0);
  const reports = Object.fromEntries(wanted.map((name) => [name, all[name]()]));
  const loss = wanted.map((name) => o.mul(reports[name], weightOf(name))).reduce((a, b) => o.add(a, b));
  return { loss, reports, x0Hat };
}

/** Returns a timestep, and what x_t is scaled by there. */
function timestepOf({ eta, kappa }: Schedule, timestep: number): TimestepConstants {
  return { timestep, scale: inputScale(eta[timestep], kappa) };
}

/** Returns the first pictures of a batch. */
function head(pictures: o.Value, count: number): o.Value {
  return pictures.shape[0] === count ? pictures : o.slice(pictures, [0], [0], [count]);
}

function shapesOf(values: Readonly<Record<string, o.Value>>): Record<string, o.Shape> {
  return Object.fromEntries(Object.entries(values).map(([name, { shape }]) => [name, shape]));
}
