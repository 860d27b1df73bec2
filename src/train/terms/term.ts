import type { DiscriminatorConfig, SwinUNetConfig } from "../../networks/index.js";
import type { DistsScopes, LpipsName, LpipsScopes } from "../../networks/metrics/index.js";
import type { Scope } from "../../nn/index.js";
import type * as o from "../../onnx/index.js";
import type { CoverageJudge } from "../semantic-consistency.js";
import type { TimestepConstants } from "../timestep.js";

/** What terms of detail are judged against. */
export const DETAIL_TARGETS = ["original", "second teacher"] as const;
export type DetailTarget = (typeof DETAIL_TARGETS)[number];

/** A term of the student's loss beyond the paper's: it judges the single step against the original. */
export interface Term {
  /** What it is, in a sentence for the configuration's schema. */
  readonly description: string;
  /** Whether it is of detail: what it takes for the original may be the second teacher's picture. */
  readonly detail?: true;
  /** The term's weight where a configuration says nothing; default 0. */
  readonly standard?: number;
  /** Computes the term as a scalar, before its weight. */
  loss(state: TermState): o.Value;
}

/** What a term may look at; latents are [N, C, S, S]. */
export interface TermState {
  /** The original; for a term of detail what stands for it, where the run says so. */
  readonly x0: o.Value;
  /** The student's prediction of x0 in its single step, f(x_T, y, T). */
  readonly x0Hat: o.Value;
  readonly y: o.Value;
  /** The low-resolution picture, [N, 3, S, S] in [-1, 1]. */
  readonly lq: o.Value;
  /** Gives a latent as a picture, [N, 3, 4S, 4S] in [-1, 1]. */
  readonly image: (latent: o.Value) => o.Value;
  readonly config: SwinUNetConfig;
  readonly extras: StudentExtras;
}

/** What some of the terms need beside a batch. */
export interface StudentExtras {
  readonly discriminator?: DiscriminatorConfig;
  /** The frozen teacher, and the timestep whose features are compared. */
  readonly features?: { readonly teacher: Scope; readonly at: TimestepConstants };
  /** What the second teacher makes of the small pictures, [N, C, S, S]. */
  readonly taught?: o.Value;
  /** What terms of detail are judged against; default "original". */
  readonly detailTarget?: DetailTarget;
  /** The judge of the semantic consistency loss. */
  readonly judge?: CoverageJudge;
  /** The network of the term lpips. */
  readonly lpips?: LpipsScopes & { readonly name: LpipsName };
  /** The network of the term dists. */
  readonly dists?: DistsScopes;
}

/** Returns what a term cannot do without. @throws Error when it is missing, which is the caller's mistake */
export function need<T>(extra: T | undefined, term: string): T {
  if (extra === undefined)
    throw new Error(`studentLoss: the term ${term} has a weight but not what it needs`);
  return extra;
}
