/** What lies in the folder of a student's run, and what can be read off it. */
import { access, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StudentConfig } from "../src/train/config/index.js";
import { demandKind, readTrainingConfig } from "../src/train/config/index.js";

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Reads the configuration that a run was begun with; undefined where no run is. */
export async function configIn(folder: string): Promise<StudentConfig | undefined> {
  const path = join(folder, "config.yaml");
  const text = await readFile(path, "utf8").catch(() => undefined);
  return text === undefined ? undefined : demandKind(readTrainingConfig(text, path), "student", path);
}

/** Finds the weights of a step; the last step's may have either name. Undefined where there are none. */
export async function weightsAt(
  folder: string,
  step: number,
  config: StudentConfig,
): Promise<string | undefined> {
  const kept = join(folder, `weights-${step}.safetensors`);
  if (await exists(kept)) return kept;
  const last = join(folder, "student.safetensors");
  return step === config.optimiser.steps && (await exists(last)) ? last : undefined;
}

/** Tells whether all steps of a run are done. */
export async function isFinished(folder: string): Promise<boolean> {
  const config = await configIn(folder);
  return config !== undefined && (await weightsAt(folder, config.optimiser.steps, config)) !== undefined;
}

/**
 * Adds up the seconds that a run took up to a step, by its log. They count its steps alone, not saving or the
 * start, and depend on what else the machine did. Undefined where the log was left behind.
 */
export async function secondsTo(folder: string, step: number): Promise<number | undefined> {
  const text = await readFile(join(folder, "log.jsonl"), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  let before = 0;
  let milliseconds = 0;
  for (const line of text.split("\n").filter((line) => line !== "")) {
    const entry = JSON.parse(line) as { step: number; msPerStep: number };
    milliseconds += (Math.min(entry.step, step) - before) * entry.msPerStep;
    before = Math.min(entry.step, step);
  }
  return milliseconds / 1000;
}
