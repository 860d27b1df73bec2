/**
 * The terms of the student's loss beyond the paper's, by the names that a configuration gives weights under.
 * A new one is a file here and a line in this list.
 */
import { absolute } from "./absolute.js";
import { adversarial } from "./adversarial.js";
import { dists } from "./dists.js";
import { fidelity } from "./fidelity.js";
import { grain } from "./grain.js";
import { lpips } from "./lpips.js";
import { perceptual } from "./perceptual.js";
import { structure } from "./structure.js";
import { taught } from "./taught.js";
import type { Term } from "./term.js";

export const TERMS = {
  ...{ fidelity, absolute, structure, grain, adversarial, perceptual, lpips, dists, taught },
} as const satisfies Readonly<Record<string, Term>>;

/** The name of a term beyond the paper's. */
export type TermName = keyof typeof TERMS;

export {
  DETAIL_TARGETS,
  type DetailTarget,
  need,
  type StudentExtras,
  type Term,
  type TermState,
} from "./term.js";
