/** The students of the tables: for each a recipe of configs/, and what stands over it. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { SamsrError } from "../src/base/errors.js";
import type { StudentConfig } from "../src/train/config/index.js";
import type { Budget } from "./budget.js";

/** A student that tables show. */
export interface Student {
  /** The name of the student and of its run's folder. */
  readonly name: string;
  /** What the student shows, in words. */
  readonly about: string;
  /** The file of configs/ that it is trained by. */
  readonly recipe: string;
  /** Fields of the section `student` that stand over the recipe's. */
  readonly over?: {
    readonly m?: number;
    readonly variant?: "paper" | "release";
    readonly coefficients?: "both" | "eta" | "kappa";
    readonly terms?: Readonly<Record<string, number>>;
  };
  /** Its name in tables 1, 2 and 5, which show SAMSR otherwise than the paper has it, too. */
  readonly variation?: string;
  /** The section `discriminator`, which stands over the recipe's. */
  readonly discriminator?: StudentConfig["discriminator"];
  /** Whether it is trained by the guided teacher, not by the one that --teacher names. */
  readonly guided?: boolean;
  /** Whether its weights along the way are wanted, not only the last ones. */
  readonly kept?: boolean;
}

/** The n of m = 1/n that table 3 compares. */
export const DIVISORS = [2, 4, 5, 6, 8, 10, 20];

const samsr = { recipe: "tiny-samsr.yaml" };
const shipped = { recipe: "samsr-tiny-student.yaml" };
/** The students of table 6 are trained by the originals alone, as most of samsr-tiny's student is. */
const original = { recipe: "samsr-tiny-student-2.yaml" };
const game = { channels: [64, 128, 128], learningRate: 3e-4, gamma: 0.002 };

/** Names SAMSR's student at m = 1/n. The one of 1/5, the paper's choice, is the run of all tables. */
export function studentAt(divisor: number): string {
  return divisor === 5 ? "samsr" : `samsr-m-${divisor}`;
}

/** The teacher that was trained with masks, on from the other one. */
export const GUIDED_TEACHER = { name: "guided-teacher", recipe: "tiny-guided-teacher.yaml" };

export const STUDENTS: readonly Student[] = [
  { name: "samsr", about: "SAMSR as the paper has it, m = 1/5", ...samsr, kept: true },
  { name: "sinsr", about: "SinSR: no masks, global coefficients", recipe: "tiny-sinsr.yaml", kept: true },
  { name: "samsr-no-sc", about: "SAMSR without L_SC", ...samsr, over: { terms: { sc: 0 } }, kept: true },
  {
    name: "samsr-release",
    about: "SAMSR as its released code has it: noise divided by coverage, global roll-out",
    variation: "SAMSR, variant release",
    ...{ ...samsr, over: { variant: "release" }, kept: true },
  },
  {
    ...{ name: "samsr-guided", about: "SAMSR by a teacher that was trained with masks" },
    variation: "SAMSR of a guided teacher",
    ...{ ...samsr, guided: true, kept: true },
  },
  { name: "shipped", about: "the recipe of samsr-tiny", ...shipped },
  { name: "original", about: "absolute error and SSIM", ...original },
  {
    ...{ name: "original-squared", about: "squared error", ...original },
    over: { terms: { absolute: 0, structure: 0, fidelity: 1 } },
  },
  {
    ...{ name: "original-absolute", about: "absolute error", ...original },
    over: { terms: { structure: 0 } },
  },
  {
    ...{ name: "original-perceptual", about: "both, and a distance in the teacher's features", ...original },
    over: { terms: { perceptual: 0.05 } },
  },
  {
    ...{ name: "original-adversarial", about: "both, and a discriminator", ...original },
    over: { terms: { adversarial: 0.1 } },
    discriminator: { ...game, sees: "grey" },
  },
  {
    ...{ name: "original-colour", about: "both, and a discriminator that sees colours", ...original },
    over: { terms: { adversarial: 0.1 } },
    discriminator: { ...game, sees: "colour" },
  },
  { name: "samsr-eta", about: "only eta follows W", ...samsr, over: { coefficients: "eta" } },
  { name: "samsr-kappa", about: "only kappa follows W", ...samsr, over: { coefficients: "kappa" } },
  ...DIVISORS.filter((n) => n !== 5).map((n) => ({
    ...{ name: studentAt(n), about: `SAMSR with m = 1/${n}` },
    ...{ ...samsr, over: { m: 1 / n } },
  })),
];

/** The students that tables 1, 2 and 5 show beside SAMSR. */
export const VARIATIONS = STUDENTS.flatMap(({ name, variation }) =>
  variation === undefined ? [] : [{ name, label: variation }],
);

/** Finds a student by its name. @throws SamsrError for a name that none has */
export function studentNamed(name: string): Student {
  const found = STUDENTS.find((student) => student.name === name);
  if (found) return found;
  const names = STUDENTS.map((student) => student.name).join(", ");
  throw new SamsrError(`there is no student "${name}"; there are ${names}`);
}

/** Makes the whole configuration of a student's run, in YAML: recipe, budget, and what is its own. */
export async function configOf(
  { recipe, over = {}, discriminator }: Student,
  { steps, batch, rollOut, distilled }: Budget,
  configs: string,
): Promise<string> {
  const config = parse(await recipeIn(configs, recipe));
  const { terms, ...fields } = over;
  Object.assign(config.data, { batch });
  Object.assign(config.optimiser, { steps, warmup: Math.min(config.optimiser.warmup ?? 0, steps) });
  Object.assign(config.student, { rollOut, distilled: Math.min(distilled, batch), ...fields });
  Object.assign(config.student.terms, terms);
  if (discriminator) config.discriminator = discriminator;
  return stringify(config);
}

/** Reads the text of a recipe. @throws {SamsrError} when there is none of that name */
export async function recipeIn(configs: string, name: string): Promise<string> {
  const path = join(configs, name);
  return readFile(path, "utf8").catch(() => {
    throw new SamsrError(`${path}: there is no such file; expected a configuration in YAML`);
  });
}
