import { checkArgument } from "../../base/arguments.js";
import { blindDegradation } from "./blind.js";
import { type Degradation, mildDegradation, mildTraining } from "./degrade.js";
import { realEsrganDegradation } from "./real-esrgan/degrade.js";
import { reductionAlone } from "./reduction.js";

const DEGRADATIONS = {
  blind: blindDegradation,
  mild: mildDegradation(mildTraining),
  "real-esrgan": realEsrganDegradation(),
  bicubic: reductionAlone(),
} as const;

export type DegradationName = keyof typeof DEGRADATIONS;

/**
 * Returns what makes photos small, by name; whatever its parameters are, only it reads them.
 * @throws SamsrError that lists the names
 */
export function degradationNamed(name: DegradationName): Degradation<unknown> {
  const known = typeof name === "string" && Object.hasOwn(DEGRADATIONS, name);
  checkArgument("a degradation", name, known, `one of ${Object.keys(DEGRADATIONS).join(", ")}`);
  return DEGRADATIONS[name] as Degradation<unknown>;
}
