/**
 * A training run's whole state in one safetensors file, replaced in one rename: weights, their moving
 * average, the optimiser's moments, the step and what it takes to notice that the run diverges. Everything
 * else (batches, noise) is addressed by the step, so a resumed run goes on with the same numbers.
 */
import { readFile } from "node:fs/promises";
import { SamsrError } from "../base/errors.js";
import { readSafetensors, type Tensors, writeSafetensors } from "../checkpoints/index.js";
import { writeFileAtomically } from "../image/index.js";
import type { StateDict } from "../nn/index.js";
import { createStability, type Stability } from "./stability.js";
import { createFlatWeights, type FlatWeights } from "./weights.js";

/** AdamW's moments, each laid out as the weights are. */
interface AdamState {
  readonly first: Float32Array;
  readonly second: Float32Array;
  /** The number of steps taken. */
  step: number;
}

export interface TrainingState {
  readonly weights: FlatWeights;
  readonly average: Float32Array;
  readonly adam: AdamState;
  readonly stability: Stability;
}

export function createTrainingState(weights: FlatWeights): TrainingState {
  const { length } = weights.flat;
  const adam = { first: new Float32Array(length), second: new Float32Array(length), step: 0 };
  return { weights, average: weights.flat.slice(), adam, stability: createStability() };
}

/**
 * Saves the state of a run to one file, replaced by one rename.
 * @param opponent the state of a second network that is trained in turn with the first, in the same file
 */
export async function saveTrainingState(
  path: string,
  state: TrainingState,
  opponent?: TrainingState,
): Promise<void> {
  const arrays = { ...arraysOf(state), ...(opponent && arraysOf(opponent, OPPONENT)) };
  const tensors = Object.entries(arrays).map(([key, data]) => [key, { shape: [data.length], data }] as const);
  const metadata = { step: String(state.adam.step), ...numbersOf(state.stability) };
  await writeFileAtomically(path, writeSafetensors(new Map(tensors), { metadata }), { overwrite: true });
}

const OPPONENT = "discriminator.";

function arraysOf({ weights, average, adam }: TrainingState, prefix = ""): Record<string, Float32Array> {
  return {
    [`${prefix}weights`]: weights.flat,
    [`${prefix}average`]: average,
    [`${prefix}adam.first`]: adam.first,
    [`${prefix}adam.second`]: adam.second,
  };
}

/** Overwrites `state` with what `path` holds. @throws {SamsrError} when it belongs to another network. */
export async function loadTrainingState(
  path: string,
  state: TrainingState,
  opponent?: TrainingState,
): Promise<void> {
  const bytes = await readFile(path).catch(() => {
    throw new SamsrError(`${path}: there is no such file, so there is no run to resume`);
  });
  const { tensors, metadata } = readSafetensors(bytes, path);
  const arrays = { ...arraysOf(state), ...(opponent && arraysOf(opponent, OPPONENT)) };
  for (const [key, target] of Object.entries(arrays)) {
    const found = tensors.get(key);
    if (found?.data.length !== target.length) {
      throw new SamsrError(
        `${path}: holds ${found?.data.length ?? "no"} numbers of "${key}", this network has ` +
          `${target.length}; ` +
          "resume with the configuration that the run began with",
      );
    }
    target.set(found.data);
  }
  const step = Number(metadata.step || Number.NaN);
  if (!Number.isSafeInteger(step) || step < 0) {
    throw new SamsrError(`${path}: does not say at which step it was saved, so it cannot be resumed`);
  }
  state.adam.step = step;
  if (opponent) opponent.adam.step = step;
  for (const key of ["rate", "typicalLoss"] as const) {
    const value = Number(metadata[key]);
    if (value > 0) state.stability[key] = value;
  }
}

function numbersOf({ rate, typicalLoss }: Stability): Record<string, string> {
  return { rate: String(rate), typicalLoss: String(typicalLoss) };
}

/** Returns the numbers of `flat`, laid out as `weights` are, as a file of named tensors. */
export async function saveWeights(
  path: string,
  weights: FlatWeights,
  flat: Float32Array,
  options: { precision: "float32" | "float16"; metadata: Readonly<Record<string, string>> },
): Promise<void> {
  const { tensors } = createFlatWeights(weights.specs, flat);
  await writeFileAtomically(path, writeSafetensors(tensors, options), { overwrite: true });
}

/** Reads weights that a run left. @throws {SamsrError} when there is no such file, or it is damaged. */
export async function readWeights(path: string): Promise<StateDict> {
  return (await readWeightsFile(path)).tensors;
}

/** Reads weights that a run left, and what their file tells of them. @throws {SamsrError} as `readWeights` */
export async function readWeightsFile(path: string): Promise<Tensors> {
  const bytes = await readFile(path).catch(() => {
    throw new SamsrError(`${path}: there is no such file; expected weights that samsr train wrote`);
  });
  return readSafetensors(bytes, path);
}
