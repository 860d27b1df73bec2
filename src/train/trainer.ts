/**
 * The loop of every training run. What can go wrong in hours of it is provided for: the process may be killed
 * at any moment (the state is replaced in one rename, and everything else follows from the step's number), a
 * step may go wrong (it is taken back and the rate halved), the disk may fill up (the last state stays and
 * the run goes on).
 */
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../base/errors.js";
import type { Raster } from "../image/raster.js";
import { loadTrainingState, saveTrainingState, saveWeights, type TrainingState } from "./checkpoint.js";
import type { DeviceTensors, Feeds } from "./device-tensors.js";
import { learningRateAt, type RateSchedule } from "./learning-rate.js";
import { openRunLog } from "./log/run-log.js";
import { addTo, newWindow, reportWindow } from "./log/window.js";
import { type EmaStart, emaDecayAt } from "./moving-average.js";
import { prefetch } from "./prefetch.js";
import { faultOf, settle } from "./stability.js";
import type { TrainingSession } from "./training-session.js";

export interface TrainerOptions {
  /** Where `state.safetensors`, `log.jsonl`, TensorBoard's events and `report.html` go. */
  readonly out: string;
  readonly resume: boolean;
  readonly steps: number;
  readonly learningRate: number;
  readonly warmup: number;
  /** What the rate does after its rise, and where it ends; see `learningRateAt`. */
  readonly rateSchedule?: RateSchedule;
  readonly rateFloor?: number;
  /** Decoupled, see `adamW`; default 0. */
  readonly weightDecay?: number;
  /** Gradients longer than this are shortened to it. */
  readonly clip: number;
  /** The decay of the moving average, a step. */
  readonly emaDecay: number;
  /** How that decay begins; default "rising". */
  readonly emaStart?: EmaStart;
  /** Batches whose gradients are averaged into one step. */
  readonly accumulate: number;
  readonly saveEvery: number;
  /**
   * Every so many steps the moving average is kept by itself, as `weights-STEP.safetensors`; left out, never.
   */
  readonly keepEvery?: number;
  /** Told of each file that is kept so, and of its step. */
  readonly onKept?: (weights: string, step: number) => Promise<void>;
  /**
   * Saves every so many minutes in place of every `saveEvery` steps, and with the state the moving average as
   * `weights.safetensors`, for use meanwhile.
   */
  readonly saveMinutes?: number;
  readonly reportEvery: number;
  readonly report: (line: string) => void;
  /** What the report calls the run, and shows as its settings. */
  readonly title?: string;
  readonly settings?: unknown;
  /** What the weights that are kept on the way tell of themselves, as metadata of their files. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Draws what the weights (their moving average) make of fixed pictures; asked at every save. */
  readonly sample?: (average: Float32Array) => Promise<Raster>;
  readonly signal?: AbortSignal;
}

/** How many times in a row a step may fail before the run gives up. */
const MOST_ROLLBACKS = 3;

/** A second network that is trained in turn with the first, on what the first one made. */
export interface Opponent {
  readonly session: TrainingSession;
  readonly learningRate: number;
}

/** What steps are taken on. */
interface StepInputs extends Pick<DeviceTensors, "stage" | "load"> {
  /**
   * Returns what micro-batch i brings, determined by i alone. It is made, and staged, while the device works
   * on the last.
   */
  at(index: number): Promise<Feeds>;
}

/**
 * Steps until `steps` are done: batch, gradient, clip, AdamW, moving average; saves now and then, and on
 * abort.
 * @param inputs made ahead, and loaded before the gradient is computed
 * @param opponent takes a step of its own after each
 * @throws {SamsrError} when the same step fails again and again, or the state can be saved neither at the
 * start nor at the end
 */
export async function train(
  session: TrainingSession,
  inputs: StepInputs,
  options: TrainerOptions,
  opponent?: Opponent,
): Promise<void> {
  const make = async (index: number) => {
    const feeds = await inputs.at(index);
    await inputs.stage(feeds);
    return feeds;
  };
  const ahead = prefetch(make, { ahead: 1, end: options.steps * options.accumulate });
  const load = async (index: number) => inputs.load(await ahead.at(index));
  try {
    await takeSteps(session, load, options, opponent);
  } finally {
    await ahead.settle();
  }
}

async function takeSteps(
  session: TrainingSession,
  load: (index: number) => Promise<void>,
  options: TrainerOptions,
  opponent?: Opponent,
): Promise<void> {
  const { steps, report, signal } = options;
  const { state } = session;
  const { average, adam, stability } = state;
  const both = opponent ? [session, opponent.session] : [session];
  const statePath = await begin(both, options);
  const log = await openRunLog({
    out: options.out,
    title: options.title ?? "training",
    settings: options.settings,
    step: adam.step,
    warn: report,
  });
  let window = newWindow();
  let rollbacks = 0;
  let furthest = adam.step;
  let savedAt = performance.now();
  const { saveMinutes } = options;
  const isDue = (step: number) =>
    saveMinutes === undefined
      ? step % options.saveEvery === 0
      : performance.now() - savedAt >= saveMinutes * 60_000;

  while (adam.step < steps && !signal?.aborted) {
    const step = adam.step;
    const scheduled = learningRateAt(step, {
      ...{ peak: options.learningRate, floor: options.rateFloor },
      ...{ warmup: options.warmup, steps, schedule: options.rateSchedule },
    });
    const settings = {
      learningRate: stability.rate * scheduled,
      weightDecay: options.weightDecay ?? 0,
      clip: options.clip,
      emaDecay: emaDecayAt(step, options.emaDecay, options.emaStart),
    };
    const means = await gradientOf(session, load, step, options.accumulate);
    const norm = await session.update(settings);
    let fault = faultOf(stability, step, { loss: means.loss, norm });
    if (fault === undefined && opponent) {
      Object.assign(means, await answer(opponent, stability.rate));
      if (!Object.values(means).every(Number.isFinite)) fault = "the discriminator's loss is not finite";
    }
    if (fault !== undefined) {
      const rate = stability.rate / 2;
      await loadTrainingState(statePath, state, opponent?.session.state);
      for (const { push } of both) await push();
      if (++rollbacks > MOST_ROLLBACKS) throw gaveUp(step, fault, adam.step, options.out);
      stability.rate = rate;
      report(`step ${step + 1}: ${fault}; back to step ${adam.step} with ${rate} of the learning rate`);
      window = newWindow();
      continue;
    }
    settle(stability, means.loss);
    if (adam.step > furthest) {
      furthest = adam.step;
      rollbacks = 0;
    }

    addTo(window, means, norm);
    if (adam.step % options.reportEvery === 0 || adam.step === steps) {
      const at = { step: adam.step, steps, learningRate: settings.learningRate };
      await reportWindow(window, at, log, report);
      window = newWindow();
    }
    const keeping = options.keepEvery && adam.step % options.keepEvery === 0;
    const saving = isDue(adam.step);
    if (keeping || saving) await pullAll(both);
    if (keeping) {
      const kept = await keep(state, `-${adam.step}`, options);
      if (kept !== undefined) await options.onKept?.(kept, adam.step);
    }
    if (saving) {
      savedAt = performance.now();
      if (saveMinutes !== undefined) await keep(state, "", options);
      await saveTrainingState(statePath, state, opponent?.session.state).catch((error) => {
        report(
          `the state could not be saved (${error.message}); the one before it stays, and the run goes on`,
        );
      });
      if (options.sample) await log.sample(adam.step, await options.sample(average));
      await log.report();
    }
  }
  await pullAll(both);
  if (saveMinutes !== undefined) await keep(state, "", options);
  await saveTrainingState(statePath, state, opponent?.session.state);
  await log.report();
}

/** Computes a step's gradient, averaged over its micro-batches. @returns the reported values */
async function gradientOf(
  session: TrainingSession,
  load: (index: number) => Promise<void>,
  step: number,
  accumulate: number,
): Promise<Record<string, number>> {
  const means: Record<string, number> = {};
  for (let place = 0; place < accumulate; place++) {
    await load(step * accumulate + place);
    const scalars = await session.backward(place);
    for (const [key, value] of Object.entries(scalars)) means[key] = (means[key] ?? 0) + value / accumulate;
  }
  return means;
}

/** Takes the opponent's step. @returns what it reports; not finite when its gradient was not */
async function answer({ session, learningRate }: Opponent, rate: number) {
  const { loss: _, ...reports } = await session.backward();
  const norm = await session.update({ learningRate: rate * learningRate });
  const named = Object.fromEntries(Object.entries(reports).map(([key, value]) => [`D ${key}`, value]));
  return Number.isFinite(norm) ? named : { ...named, "D game": Number.NaN };
}

async function pullAll(sessions: readonly TrainingSession[]): Promise<void> {
  for (const { pull } of sessions) await pull();
}

/**
 * Resumes, or writes the first state: a folder that cannot take it is found out before there is work to lose.
 */
async function begin(
  sessions: readonly TrainingSession[],
  { out, resume, report }: TrainerOptions,
): Promise<string> {
  const [state, opponent] = sessions.map(({ state }) => state);
  const path = stateFile(out);
  await mkdir(out, { recursive: true });
  if (resume) {
    await loadTrainingState(path, state, opponent);
    for (const { push } of sessions) await push();
    report(`resumed at step ${state.adam.step}`);
  } else {
    await demandNoRun(out);
    await saveTrainingState(path, state, opponent);
  }
  return path;
}

/**
 * Refuses a folder in which a run lies.
 * @throws {SamsrError} when a run lies in the folder, which a new one would lose
 */
export async function demandNoRun(out: string): Promise<void> {
  if (!(await exists(stateFile(out)))) return;
  throw new SamsrError(`${out} holds a training run already: go on with --resume, or choose another folder`);
}

function stateFile(out: string): string {
  return join(out, "state.safetensors");
}

/**
 * Keeps the moving average at half precision, as bundled models have weights. A full disk costs this file,
 * not the run.
 * @returns the file, if it was written
 */
async function keep(
  { weights, average, adam }: TrainingState,
  suffix: string,
  { out, report, metadata: told }: TrainerOptions,
): Promise<string | undefined> {
  const path = join(out, `weights${suffix}.safetensors`);
  const metadata = { ...told, steps: String(adam.step) };
  try {
    await saveWeights(path, weights, average, { precision: "float16", metadata });
    return path;
  } catch (error) {
    report(`${path} could not be written (${(error as Error).message}); the run goes on`);
    return undefined;
  }
}

function gaveUp(step: number, fault: string, saved: number, out: string): SamsrError {
  return new SamsrError(
    `training diverged at step ${step}: ${fault}, ${MOST_ROLLBACKS + 1} times over, each time with ` +
      "half the learning rate; " +
      `${out} holds the state of step ${saved}: look at the data, or begin anew with a lower rate`,
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
