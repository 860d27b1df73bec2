import { access, appendFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../base/errors.js";
import type { Tensor } from "../runtime/index.js";
import { loadTrainingState, saveTrainingState, type TrainingState } from "./checkpoint.js";
import { adamStep, clipFactor, emaStep, globalNorm, learningRateAt } from "./optimizer.js";
import type { TrainingSession } from "./training-session.js";

export interface TrainerOptions {
  /** Where `state.safetensors` and `log.jsonl` go. */
  readonly out: string;
  readonly resume: boolean;
  readonly steps: number;
  readonly learningRate: number;
  readonly warmup: number;
  /** Gradients longer than this are shortened to it. */
  readonly clip: number;
  /** Of the moving average, a step. */
  readonly emaDecay: number;
  /** Batches whose gradients are averaged into one step. */
  readonly accumulate: number;
  readonly saveEvery: number;
  readonly reportEvery: number;
  readonly report: (line: string) => void;
  readonly signal?: AbortSignal;
}

/**
 * Steps until `steps` are done: batch, gradient, clip, Adam, moving average; saves now and then, and on abort.
 * @param feedsAt the inputs of micro-batch i, determined by i alone
 */
export async function train(
  session: TrainingSession,
  state: TrainingState,
  feedsAt: (index: number) => Promise<Readonly<Record<string, Tensor>>>,
  options: TrainerOptions,
): Promise<void> {
  const { out, steps, accumulate, report, signal } = options;
  const statePath = join(out, "state.safetensors");
  await mkdir(out, { recursive: true });
  if (options.resume) {
    await loadTrainingState(statePath, state);
    report(`resumed at step ${state.adam.step}`);
  } else if (await exists(statePath)) {
    throw new SamsrError(
      `${out} holds a training run already: go on with --resume, or choose another folder`,
    );
  }
  const { weights, average, adam } = state;
  const sum = accumulate > 1 ? new Float32Array(session.gradient.length) : undefined;
  let means: Record<string, number> = {};
  let seen = 0;
  let norms = 0;
  let since = performance.now();

  while (adam.step < steps && !signal?.aborted) {
    const step = adam.step;
    sum?.fill(0);
    for (let i = 0; i < accumulate; i++) {
      const scalars = await session.run(await feedsAt(step * accumulate + i));
      for (const [key, value] of Object.entries(scalars)) means[key] = (means[key] ?? 0) + value / accumulate;
      if (sum) for (let k = 0; k < sum.length; k++) sum[k] += session.gradient[k] / accumulate;
    }
    const gradient = sum ?? session.gradient;
    const norm = globalNorm(gradient);
    if (!Number.isFinite(norm)) {
      await loadTrainingState(statePath, state).catch(() => {});
      throw new SamsrError(
        `training diverged at step ${step}: the gradient is not finite; lower the learning rate and resume`,
      );
    }
    const learningRate = learningRateAt(step, { peak: options.learningRate, warmup: options.warmup, steps });
    adamStep(weights.flat, gradient, adam, { learningRate }, clipFactor(norm, options.clip));
    emaStep(average, weights.flat, Math.min(options.emaDecay, (1 + adam.step) / (10 + adam.step)));
    seen++;
    norms += norm;

    if (adam.step % options.reportEvery === 0 || adam.step === steps) {
      const ms = (performance.now() - since) / seen;
      for (const key of Object.keys(means)) means[key] /= seen;
      const left = ((steps - adam.step) * ms) / 60_000;
      const losses = Object.entries(means).map(([key, value]) => `${key} ${value.toFixed(5)}`);
      report(
        `step ${adam.step}/${steps}  ${losses.join("  ")}  |g| ${(norms / seen).toFixed(3)}  ` +
          `lr ${learningRate.toExponential(1)}  ${ms.toFixed(0)} ms/step  ${left.toFixed(1)} min left`,
      );
      const entry = { step: adam.step, ...means, norm: norms / seen, learningRate, msPerStep: ms };
      await appendFile(join(out, "log.jsonl"), `${JSON.stringify(entry)}\n`);
      means = {};
      seen = norms = 0;
      since = performance.now();
    }
    if (adam.step % options.saveEvery === 0) await saveTrainingState(statePath, state);
  }
  await saveTrainingState(statePath, state);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
