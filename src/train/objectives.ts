/**
 * The losses, as graphs. Every noise level enters as an input, so that the schedule stays with the caller and
 * the graph stays the same for every timestep.
 */
import type { DiscriminatorConfig, SwinUNetConfig } from "../networks/index.js";
import type { Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { adversarialTerm } from "./adversarial.js";
import { perceptualDistance } from "./perceptual.js";
import { type CoverageJudge, semanticConsistencyLoss } from "./semantic-consistency.js";
import { type BatchShape, type Condition, pixelSpace, type Space } from "./space.js";
import { structureLoss } from "./structure.js";
import type { TimestepConstants } from "./timestep.js";

/**
 * sqrt(d^2 + e^2) - e, averaged (Charbonnier 1994): a smooth absolute error. Its minimiser is a median, which
 * leaves less grain in sampled images than the mean that squared error asks for.
 */
export function charbonnier(a: o.Value, b: o.Value, e = 0.01): o.Value {
  const d = o.sub(a, b);
  return o.sub(o.reduceMean(o.sqrt(o.add(o.mul(d, d), e * e))), e);
}

/**
 * ResShift's objective: x0 from x_t = x0 + eta_t (y - x0) + kappa sqrt(eta_t) noise at a random timestep.
 * Inputs beside the batch: noise [N, C, S, S], t [N], and of shape [N, 1, 1, 1]: eta, sigma = kappa sqrt(eta)
 * and scale = 1 / sqrt(eta kappa^2 + 1).
 * @param rates whether eta and sigma are numbers of a picture, or maps [N, 1, S, S] that follow masks (equation 3)
 */
export function teacherLoss(
  p: Scope,
  config: SwinUNetConfig,
  shape: BatchShape,
  space: Space = pixelSpace(shape),
  rates: "global" | "local" = "global",
): o.Value {
  const { batch, side } = shape;
  const { x0, lq, y } = space.pair(shape);
  const noise = o.input("noise", [batch, space.channels, side, side]);
  const rate = rates === "local" ? [batch, 1, side, side] : [batch, 1, 1, 1];
  const [eta, sigma] = ["eta", "sigma"].map((name) => o.input(name, rate));
  const scale = o.input("scale", [batch, 1, 1, 1]);
  const t = o.input("t", [batch]);
  const mean = o.add(x0, o.mul(eta, o.sub(y, x0)));
  const x = o.mul(o.add(mean, o.mul(sigma, noise)), scale);
  return charbonnier(space.denoise(p, config, x, t, { lq, y }), x0);
}

/** The weights of the student's terms; the paper's algorithm has the first three at 1 and none of the others. */
export interface StudentWeights {
  readonly distill: number;
  readonly inverse: number;
  readonly gt: number;
  /** The single step against the original by squared error, with the same x_T as `distill`. */
  readonly fidelity: number;
  /** The same by {@link charbonnier}: a median of the possible originals is less of a blur than their mean. */
  readonly absolute?: number;
  /** The same as pictures, by structural similarity; see {@link structureLoss}. */
  readonly structure?: number;
  /** The single step against a discriminator. */
  readonly adversarial?: number;
  /** The single step against the original in the teacher's features. */
  readonly perceptual?: number;
  /** lambda of the semantic consistency loss, on the first D images as algorithm 1's other terms. */
  readonly sc?: number;
}

/** What some of the terms need. */
export interface StudentExtras {
  readonly discriminator?: DiscriminatorConfig;
  /** The frozen teacher, and the timestep whose features are compared. */
  readonly features?: { readonly teacher: Scope; readonly at: TimestepConstants };
  /** For the semantic consistency loss. */
  readonly judge?: CoverageJudge;
}

/**
 * The student's losses of algorithm 1, lines 16 to 19, and terms beyond it. Inputs beside the batch: `start` (x_T)
 * [N, C, S, S], and `rolled` (the teacher's x0 from it) [D, C, S, S] for the first D images of the batch. Algorithm
 * 1's terms are averaged over those D; they cost a roll-out and three more passes each, the others only the pass that
 * `distill` takes anyway. A term of weight 0 is not computed.
 * @param first t = 0 @param last t = T - 1
 * @returns the weighted sum, its terms, and what the single step made [N, C, S, S]
 */
export function studentLoss(
  p: Scope,
  config: SwinUNetConfig,
  shape: BatchShape & { readonly distilled: number },
  terms: StudentWeights,
  { first, last }: { readonly first: TimestepConstants; readonly last: TimestepConstants },
  extras: StudentExtras = {},
  space: Space = pixelSpace(shape),
) {
  const { batch, side, distilled } = shape;
  const { x0, lq, y } = space.pair(shape);
  const start = o.input("start", [batch, space.channels, side, side]);
  const rolled = o.input("rolled", [distilled, space.channels, side, side]);
  const head = (v: o.Value) => o.slice(v, [0], [0], [distilled]);
  const student = (x: o.Value, at: TimestepConstants, condition: Condition) => {
    const t = o.constant(new Float32Array(x.shape[0]).fill(at.timestep));
    return space.denoise(p, config, o.mul(x, at.scale), t, condition);
  };
  const few = (x: o.Value, at: TimestepConstants) => student(x, at, { lq: head(lq), y: head(y) });
  const made = student(start, last, { lq, y });
  const build: Record<keyof StudentWeights, () => o.Value> = {
    distill: () => o.meanSquaredError(head(made), rolled),
    inverse: () => o.meanSquaredError(few(rolled, first), head(start)),
    gt: () => o.meanSquaredError(few(o.stopGradient(few(head(x0), first)), last), head(x0)),
    fidelity: () => o.meanSquaredError(made, x0),
    absolute: () => charbonnier(made, x0),
    structure: () => structureLoss(space.image(made), space.image(x0)),
    adversarial: () => adversarialTerm(need(extras.discriminator, "adversarial"), { x0, y, made }),
    perceptual: () => {
      const { teacher, at } = need(extras.features, "perceptual");
      return perceptualDistance(teacher, config, made, x0, lq, at);
    },
    sc: () => {
      const [predicted, original] = [made, x0].map((latent) => space.image(head(latent)));
      return semanticConsistencyLoss(need(extras.judge, "sc"), predicted, original);
    },
  };
  const wanted = (Object.keys(build) as (keyof StudentWeights)[]).filter((name) => (terms[name] ?? 0) > 0);
  const reports = Object.fromEntries(wanted.map((name) => [name, build[name]()]));
  const loss = wanted.map((name) => o.mul(reports[name], terms[name]!)).reduce((a, b) => o.add(a, b));
  return { loss, reports, made };
}

function need<T>(extra: T | undefined, term: string): T {
  if (extra === undefined)
    throw new Error(`studentLoss: the term ${term} has a weight but not what it needs`);
  return extra;
}
