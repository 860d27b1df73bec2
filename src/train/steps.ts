/** How a step is taken: in this process, or on the device where the weights are. */
import type { Tensor } from "../runtime/index.js";
import type { TrainingState } from "./checkpoint.js";
import type { LookAhead } from "./look-ahead.js";
import { adamStep, biasCorrections, clipFactor, emaStep, globalNorm } from "./optimizer.js";
import type { ResidentSession } from "./resident-session.js";
import type { SessionToTrain } from "./session-to-train.js";
import type { TrainingSession } from "./training-session.js";

export type Feeds = Readonly<Record<string, Tensor>>;

/** What a step is taken with. */
export interface StepSettings {
  readonly learningRate: number;
  /** Decoupled, see `adamStep`. */
  readonly weightDecay: number;
  /** Gradients longer than this are shortened to it. */
  readonly clip: number;
  /** Of the moving average. */
  readonly emaDecay: number;
}

export interface Steps {
  /**
   * Computes a step's loss and gradient, averaged over its micro-batches.
   * @returns reported values, the gradient's length and the last micro-batch's inputs
   */
  compute(
    step: number,
    settings: StepSettings,
  ): Promise<{ means: Record<string, number>; norm: number; feeds: Feeds }>;
  /** Takes the step that was computed; without it, what was computed must be undone by `write` of a state. */
  take(settings: StepSettings): void;
  /** Brings the state's arrays up to date. */
  read(): Promise<void>;
  /** The state's arrays were changed from outside. */
  write(): void;
}

/** @param ahead the inputs of micro-batch i @param accumulate micro-batches of a step */
export function stepsOf(
  session: SessionToTrain,
  state: TrainingState,
  ahead: LookAhead<Feeds>,
  accumulate: number,
): Steps {
  return session.kind === "resident"
    ? onDevice(session, state, ahead, accumulate)
    : inProcess(session, state, ahead, accumulate);
}

function inProcess(
  session: TrainingSession,
  { weights, average, adam }: TrainingState,
  ahead: LookAhead<Feeds>,
  accumulate: number,
): Steps {
  const sum = accumulate > 1 ? new Float32Array(session.gradient.length) : undefined;
  const gradient = sum ?? session.gradient;
  let norm = 0;
  return {
    async compute(step) {
      sum?.fill(0);
      const computed = await microBatches(step, accumulate, ahead, async (feeds, i) => {
        const running = session.run(feeds);
        // On the CPU nothing happens beside a run; asked for now or later, the order of work is all that changes.
        ahead.begin(i + 1);
        const scalars = await running;
        if (sum) for (let k = 0; k < sum.length; k++) sum[k] += session.gradient[k] / accumulate;
        return scalars;
      });
      norm = globalNorm(gradient);
      return { ...computed, norm };
    },
    take({ learningRate, weightDecay, clip, emaDecay }) {
      adamStep(weights.flat, gradient, adam, { learningRate, weightDecay }, clipFactor(norm, clip));
      emaStep(average, weights.flat, emaDecay);
    },
    read: async () => {},
    write: () => {},
  };
}

function onDevice(
  session: ResidentSession,
  state: TrainingState,
  ahead: LookAhead<Feeds>,
  accumulate: number,
): Steps {
  session.write(state);
  return {
    async compute(step, { learningRate, weightDecay, clip, emaDecay }) {
      const { first, second } = biasCorrections(state.adam.step + 1);
      const common = {
        ...{ rate: learningRate * first, correction: second, keep: 1 - learningRate * weightDecay },
        ...{ share: 1 - emaDecay, limit: clip, fraction: 1 / accumulate },
      };
      let norm = 0;
      const computed = await microBatches(step, accumulate, ahead, async (feeds, i) => {
        const place = i - step * accumulate;
        const begin = place === 0 ? 1 : 0;
        const apply = place === accumulate - 1 ? 1 : 0;
        const running = session.step(feeds, { ...common, begin, apply });
        // The device is busy, and this thread is free.
        ahead.begin(i + 1);
        const { norm: length, ...scalars } = await running;
        norm = length;
        return scalars;
      });
      return { ...computed, norm };
    },
    take() {
      state.adam.step++;
    },
    read: () => session.read(state),
    write: () => session.write(state),
  };
}

async function microBatches(
  step: number,
  accumulate: number,
  ahead: LookAhead<Feeds>,
  run: (feeds: Feeds, index: number) => Promise<Record<string, number>>,
) {
  const means: Record<string, number> = {};
  let feeds: Feeds = {};
  for (let index = step * accumulate; index < (step + 1) * accumulate; index++) {
    feeds = await ahead.at(index);
    const scalars = await run(feeds, index);
    for (const [key, value] of Object.entries(scalars)) means[key] = (means[key] ?? 0) + value / accumulate;
  }
  return { means, feeds };
}
