import type { Coefficients, NoiseKind, Variant } from "../diffusion/index.js";
import type { StateDict } from "../nn/index.js";
import type { SamOptions, SourceNetworks } from "../semantics/index.js";
import type { CoverageWeights, SemanticsOptions } from "./crop-semantics.js";
import type { MaskContext } from "./data/batch-noise.js";
import type { CropCoverage } from "./data/coverage-store.js";
import type { AdversarialOptions } from "./discriminator.js";
import type { TeacherOptions } from "./teacher.js";
import type { DetailTarget, StudentExtras, TermName } from "./terms/index.js";

/**
 * The weights of the terms of the student's loss; the paper has the first three at 1, lambda, and none of the
 * others.
 */
export interface StudentWeights extends Readonly<Partial<Record<TermName, number>>> {
  readonly distill: number;
  readonly inverse: number;
  readonly gt: number;
  /** The weight lambda of the semantic consistency loss. */
  readonly sc?: number;
}

export interface StudentOptions extends Omit<TeacherOptions, "semantics"> {
  readonly teacher: StateDict;
  /** What the student begins as; default: the teacher. */
  readonly start?: StateDict;
  /** Timesteps of the teacher's roll-out, 1..T; fewer are faster and evenly spread. */
  readonly rollOut: number;
  /** The strength of W in equation 9, m, from 0 to less than 1. */
  readonly m: number;
  /** The variant of the method; default "paper". */
  readonly variant?: Variant;
  /** Which of eta and kappa follows W (table 4 of the paper compares them); default "both". */
  readonly coefficients?: Coefficients;
  /** The noise of x_T where there are masks; default "sam". */
  readonly noise?: NoiseKind;
  /** What finds masks; default "regions". */
  readonly masks?: SemanticsOptions["masks"];
  /**
   * Where `regions` looks: in each crop (the default), or in its whole photo, as upscaling does; then the
   * batches bring noise and W.
   */
  readonly maskContext?: MaskContext;
  /**
   * How many images of each batch, D, go through algorithm 1's terms. They cost a roll-out and three more
   * passes each, the other terms only the pass that `distill` takes anyway.
   */
  readonly distilled: number;
  readonly terms: StudentWeights;
  /**
   * What the terms of detail (structure, perceptual, adversarial) are judged against; default "original".
   * With "second teacher", as with a weight of the term `taught`, batches bring its pictures.
   */
  readonly detailTarget?: DetailTarget;
  /** What the term `adversarial` needs. */
  readonly adversarial?: AdversarialOptions;
  /**
   * The timestep whose features the term `perceptual` compares; default 1, where noise is weak and features
   * are of detail.
   */
  readonly featureTimestep?: number;
  /** The networks of the terms `lpips` and `dists`. */
  readonly metricTerms?: Pick<StudentExtras, "lpips" | "dists">;
  /** The network whose prediction of coverage the term `sc` compares. */
  readonly coverage?: CoverageWeights;
  /** How Segment Anything is asked where it looks at crops. */
  readonly samOptions?: SamOptions;
  /** The networks that masks by networks are asked of. */
  readonly networks?: SourceNetworks;
  /** What keeps the coverage of crops; left out, none does. */
  readonly cropCoverage?: CropCoverage;
}
