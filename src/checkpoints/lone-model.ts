/** Models whose weights are one file, described from what was recognised in it. */
import { SamsrError } from "../base/errors.js";
import type { CommonDescription } from "../networks/index.js";
import type { ModelDescription } from "./description.js";
import { networkNamed, type Recognised } from "./recognise.js";

/** What is said of weights that come without words. */
export const NO_LICENCE = "not stated; ask where the weights come from";

/**
 * Describes the model in one file of weights.
 * @param path what errors call the file
 * @param told its name in the store or page, which its weights have too, and what to say of a network by its
 *   title: a summary, and what to do where it needs the weights of another
 * @throws {SamsrError} for a network that is no model, or that needs the weights of another
 */
export function describeLone(
  found: Recognised,
  path: string,
  told: { readonly name: string; summary(title: string): string; needsMore(title: string): string },
): ModelDescription {
  const { model, title } = networkNamed(found.network);
  const refusal = model.refusal?.(found);
  if (refusal) throw new SamsrError(`${path}: ${refusal}`);
  const parts = Object.entries(model.weights);
  if (parts.some(([, held]) => held !== "self")) throw new SamsrError(`${path} is ${told.needsMore(title)}`);
  const { name } = told;
  const facts: CommonDescription = { name, summary: told.summary(title), licence: NO_LICENCE };
  const weights = Object.fromEntries(parts.map(([part]) => [part, name]));
  const description = {
    ...facts,
    network: model.kind,
    config: found.config,
    ...model.training?.({}),
    weights,
  };
  return description as unknown as ModelDescription;
}
