/** Weights between two ends: the student's, and a sharp end on whose line with it the detail lies. */
import { blendWeights } from "../checkpoints/blend.js";
import { enlarges, type ModelDescription } from "../checkpoints/description.js";
import type { StateDict } from "../nn/index.js";
import { kindOf } from "./kinds/index.js";

/**
 * Tells how far on the line from the student to the sharp end a detail is: 0 is the student, and what is more
 * faithful lies before it.
 */
export function blendAt(
  description: ModelDescription,
  part: string,
  asked?: number,
): { readonly share: number; readonly sharp: string } {
  const detail = enlarges(description) ? kindOf(description).detail : undefined;
  if (detail?.student !== part || asked === undefined) return { share: 0, sharp: part };
  return { share: (asked - detail.standard) / (1 - detail.standard), sharp: detail.sharp };
}

/**
 * Loads the numbers of a part of a model, at a detail where it has two ends.
 * @param detail as the setting has it, 0 to 1; left out, the student's
 * @param read reads the weights of a part by its name
 */
export async function weightsAt(
  description: ModelDescription,
  part: string,
  detail: number | undefined,
  read: (part: string) => Promise<StateDict>,
): Promise<StateDict> {
  const { share, sharp: end } = blendAt(description, part, detail);
  if (share === 0) return read(part);
  if (share === 1) return read(end);
  const load = async (name: string) => ({ name, tensors: await read(name) });
  const [student, sharp] = await Promise.all([load(part), load(end)]);
  return blendWeights(student, sharp, share);
}
