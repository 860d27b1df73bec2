/**
 * The loop of every training run. What can go wrong in hours of it is provided for: the process may be killed at any
 * moment (the state is replaced in one rename, and everything else follows from the step's number), a step may go
 * wrong (it is taken back and the rate halved), the disk may fill up (the last state stays and the run goes on).
 */
import { access, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../base/errors.js";
import type { Raster } from "../image/raster.js";
import { loadTrainingState, saveTrainingState, saveWeights, type TrainingState } from "./checkpoint.js";
import type { Companion } from "./companion.js";
import { openRunLog, type RunLog } from "./log/run-log.js";
import { type LookAhead, lookAhead } from "./look-ahead.js";
import { learningRateAt, type RateSchedule } from "./optimizer.js";
import type { SessionToTrain } from "./session-to-train.js";
import { faultOf, settle } from "./stability.js";
import { type Feeds, stepsOf } from "./steps.js";

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
  /** Decoupled, see `adamStep`; default 0. */
  readonly weightDecay?: number;
  /** Gradients longer than this are shortened to it. */
  readonly clip: number;
  /** Of the moving average, a step. */
  readonly emaDecay: number;
  /** Batches whose gradients are averaged into one step. */
  readonly accumulate: number;
  readonly saveEvery: number;
  /** Every so many steps the moving average is kept by itself, as `weights-STEP.safetensors`; left out, never. */
  readonly keepEvery?: number;
  readonly reportEvery: number;
  readonly report: (line: string) => void;
  /** What the report calls the run, and shows as its settings. */
  readonly title?: string;
  readonly settings?: unknown;
  /** Draws what the weights (their moving average) make of fixed pictures; asked at every save. */
  readonly sample?: (average: Float32Array) => Promise<Raster>;
  readonly signal?: AbortSignal;
}

/** So many times in a row a step may fail before the run gives up. */
const MOST_ROLLBACKS = 3;

/**
 * Steps until `steps` are done: batch, gradient, clip, Adam, moving average; saves now and then, and on abort.
 * @param feedsAt the inputs of micro-batch i, determined by i alone
 * @param companion takes a step of its own after each; the session keeps what it needs as `made`
 * @throws {SamsrError} when the same step fails again and again, or the state can be saved neither at the start nor at the
 * end
 */
export async function train(
  session: SessionToTrain,
  state: TrainingState,
  feedsAt: (index: number) => Promise<Feeds>,
  options: TrainerOptions,
  companion?: Companion,
): Promise<void> {
  const ahead = lookAhead(feedsAt, options.steps * options.accumulate);
  try {
    await takeSteps(session, state, ahead, options, companion);
  } finally {
    await ahead.settle();
  }
}

async function takeSteps(
  session: SessionToTrain,
  state: TrainingState,
  ahead: LookAhead<Feeds>,
  options: TrainerOptions,
  companion?: Companion,
): Promise<void> {
  const { steps, report, signal } = options;
  const statePath = await begin(state, companion, options);
  const { average, adam, stability } = state;
  const log = await openRunLog({
    out: options.out,
    title: options.title ?? "training",
    settings: options.settings,
    step: adam.step,
    warn: report,
  });
  const taking = stepsOf(session, state, ahead, options.accumulate);
  let window = newWindow();
  let rollbacks = 0;
  let furthest = adam.step;

  while (adam.step < steps && !signal?.aborted) {
    const step = adam.step;
    const scheduled = learningRateAt(step, {
      ...{ peak: options.learningRate, floor: options.rateFloor },
      ...{ warmup: options.warmup, steps, schedule: options.rateSchedule },
    });
    const settings = {
      ...{
        learningRate: stability.rate * scheduled,
        weightDecay: options.weightDecay ?? 0,
        clip: options.clip,
      },
      emaDecay: Math.min(options.emaDecay, (2 + step) / (11 + step)),
    };
    const { means, norm, feeds } = await taking.compute(step, settings);
    let fault = faultOf(stability, step, { loss: means.loss, norm });
    if (fault === undefined && companion) {
      // On what the student made before this step: its weights are still those.
      Object.assign(means, await companion.step(session.kept.made, feeds, stability.rate));
      if (!Object.values(means).every(Number.isFinite)) fault = "the discriminator's loss is not finite";
    }
    if (fault !== undefined) {
      const rate = stability.rate / 2;
      await loadTrainingState(statePath, state, companion?.state);
      taking.write();
      if (++rollbacks > MOST_ROLLBACKS) throw gaveUp(step, fault, adam.step, options.out);
      stability.rate = rate;
      report(`step ${step + 1}: ${fault}; back to step ${adam.step} with ${rate} of the learning rate`);
      window = newWindow();
      continue;
    }
    taking.take(settings);
    settle(stability, means.loss);
    if (adam.step > furthest) {
      furthest = adam.step;
      rollbacks = 0;
    }

    addTo(window, means, norm);
    if (adam.step % options.reportEvery === 0 || adam.step === steps) {
      await tell(window, adam.step, settings.learningRate, log, options);
      window = newWindow();
    }
    const [keeping, saving] = [options.keepEvery, options.saveEvery].map((n) => n && adam.step % n === 0);
    if (keeping || saving) await taking.read();
    if (keeping) await keep(state, options);
    if (saving) {
      await saveTrainingState(statePath, state, companion?.state).catch((error) => {
        report(
          `the state could not be saved (${error.message}); the one before it stays, and the run goes on`,
        );
      });
      if (options.sample) await log.sample(adam.step, await options.sample(average));
      await log.report();
    }
  }
  await taking.read();
  await saveTrainingState(statePath, state, companion?.state);
  await log.report();
}

/** Resumes, or writes the first state: a folder that cannot take it is found out before there is work to lose. */
async function begin(
  state: TrainingState,
  companion: Companion | undefined,
  { out, resume, report }: TrainerOptions,
): Promise<string> {
  const path = stateFile(out);
  await mkdir(out, { recursive: true });
  if (resume) {
    await loadTrainingState(path, state, companion?.state);
    report(`resumed at step ${state.adam.step}`);
  } else {
    await demandNoRun(out);
    await saveTrainingState(path, state, companion?.state);
  }
  return path;
}

/** @throws {SamsrError} when a run lies in the folder, which a new one would lose */
export async function demandNoRun(out: string): Promise<void> {
  if (!(await exists(stateFile(out)))) return;
  throw new SamsrError(`${out} holds a training run already: go on with --resume, or choose another folder`);
}

function stateFile(out: string): string {
  return join(out, "state.safetensors");
}

/** At half precision, as bundled models have weights. A full disk costs this file, not the run. */
async function keep(
  { weights, average, adam }: TrainingState,
  { out, report }: TrainerOptions,
): Promise<void> {
  const path = join(out, `weights-${adam.step}.safetensors`);
  const metadata = { steps: String(adam.step) };
  await saveWeights(path, weights, average, { precision: "float16", metadata }).catch((error) => {
    report(`${path} could not be written (${error.message}); the run goes on`);
  });
}

/** What the steps since the last report came to. */
interface Window {
  seen: number;
  norms: number;
  readonly sums: Record<string, number>;
  readonly since: number;
}

function newWindow(): Window {
  return { seen: 0, norms: 0, sums: {}, since: performance.now() };
}

function addTo(window: Window, means: Readonly<Record<string, number>>, norm: number): void {
  window.seen++;
  window.norms += norm;
  for (const [key, value] of Object.entries(means)) window.sums[key] = (window.sums[key] ?? 0) + value;
}

async function tell(
  { seen, norms, sums, since }: Window,
  step: number,
  learningRate: number,
  log: RunLog,
  { steps, report }: TrainerOptions,
): Promise<void> {
  const msPerStep = (performance.now() - since) / seen;
  const means = Object.fromEntries(Object.entries(sums).map(([key, sum]) => [key, sum / seen]));
  const norm = norms / seen;
  const losses = Object.entries(means).map(([key, value]) => `${key} ${value.toFixed(5)}`);
  report(
    `step ${step}/${steps}  ${losses.join("  ")}  |g| ${norm.toFixed(3)}  lr ${learningRate.toExponential(1)}  ` +
      `${(1000 / msPerStep).toFixed(2)} steps/s  ${timeLeft((steps - step) * msPerStep)} left`,
  );
  await log.write({ step, ...means, norm, learningRate, msPerStep });
}

function timeLeft(milliseconds: number): string {
  const minutes = milliseconds / 60_000;
  return minutes < 90 ? `${minutes.toFixed(1)} min` : `${(minutes / 60).toFixed(1)} h`;
}

function gaveUp(step: number, fault: string, saved: number, out: string): SamsrError {
  return new SamsrError(
    `training diverged at step ${step}: ${fault}, ${MOST_ROLLBACKS + 1} times over, each time with half the learning rate; ` +
      `${out} holds the state of step ${saved}: look at the data, or begin anew with a lower rate`,
  );
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
