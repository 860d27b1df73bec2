/** The students of the tables: for each a recipe of configs/, and what stands over it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { SamsrError } from "../src/base/errors.js";
import type { Budget } from "./budget.js";

export interface Student {
  /** Of its run's folder. */
  readonly name: string;
  /** What it shows, in words. */
  readonly about: string;
  /** A file of configs/. */
  readonly recipe: string;
  /** Fields of the section `student`. */
  readonly over?: {
    readonly m?: number;
    readonly coefficients?: "both" | "eta" | "kappa";
    readonly terms?: { readonly sc: number };
  };
  /** Its weights along the way are wanted, not only the last ones. */
  readonly kept?: boolean;
}

/** Table 3's n of m = 1/n. */
export const DIVISORS = [2, 4, 5, 6, 8, 10, 20];

const samsr = { recipe: "tiny-samsr.yaml" };

/** SAMSR at m = 1/n; of 1/5, the paper's choice, it is the run of all tables. */
export function studentAt(divisor: number): string {
  return divisor === 5 ? "samsr" : `samsr-m-${divisor}`;
}

export const STUDENTS: readonly Student[] = [
  { name: "samsr", about: "SAMSR as the paper has it, m = 1/5", ...samsr, kept: true },
  { name: "sinsr", about: "SinSR: no masks, global coefficients", recipe: "tiny-sinsr.yaml", kept: true },
  { name: "samsr-no-sc", about: "SAMSR without L_SC", ...samsr, over: { terms: { sc: 0 } }, kept: true },
  { name: "shipped", about: "the recipe of samsr-tiny", recipe: "tiny-student.yaml" },
  { name: "samsr-eta", about: "only eta follows W", ...samsr, over: { coefficients: "eta" } },
  { name: "samsr-kappa", about: "only kappa follows W", ...samsr, over: { coefficients: "kappa" } },
  ...DIVISORS.filter((n) => n !== 5).map((n) => ({
    ...{ name: studentAt(n), about: `SAMSR with m = 1/${n}` },
    ...{ ...samsr, over: { m: 1 / n } },
  })),
];

/** @throws SamsrError for a name that none has */
export function studentNamed(name: string): Student {
  const found = STUDENTS.find((student) => student.name === name);
  if (found) return found;
  const names = STUDENTS.map((student) => student.name).join(", ");
  throw new SamsrError(`there is no student "${name}"; there are ${names}`);
}

/** The whole configuration of a student's run, in YAML: recipe, budget, and what is its own. */
export async function configOf(
  { recipe, over = {} }: Student,
  { steps, batch, rollOut, distilled }: Budget,
  configs: string,
): Promise<string> {
  const path = join(configs, recipe);
  const text = await readFile(path, "utf8").catch(() => {
    throw new SamsrError(`${path}: there is no such file; expected a configuration in YAML`);
  });
  const config = parse(text);
  const { terms, ...fields } = over;
  Object.assign(config.data, { batch });
  Object.assign(config.optimiser, { steps, warmup: Math.min(config.optimiser.warmup ?? 0, steps) });
  Object.assign(config.student, { rollOut, distilled: Math.min(distilled, batch), ...fields });
  Object.assign(config.student.terms, terms);
  return stringify(config);
}
