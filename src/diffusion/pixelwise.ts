/**
 * SAMSR's pixel-wise process: eta and kappa follow the semantic weight W(x, y) (equation 9).
 *
 * Where many masks overlap, W is 1: the residual is shifted in faster (a larger eta) and with less noise (a smaller
 * kappa), so structure there stays closer to y. Where nothing is covered, W is 0 and the process is SinSR's.
 */
import { SamsrError } from "../base/errors.js";
import { type Field, mapFields } from "./field.js";

/**
 * The paper and the authors' released code differ in details; both are supported.
 * `paper` follows the printed equations, `release` the behaviour that the published weights were trained with.
 */
export type Variant = "paper" | "release";

export interface PixelwiseOptions {
  /** m of equation 9, in [0, 1); default 1/5 */
  m?: number;
  /** default "paper" */
  variant?: Variant;
  /** Which of the two follows W (table 4 of the paper compares them); default "both". */
  modify?: "both" | "eta" | "kappa";
}

/** Equation 9 for one image: turns global values into maps. */
export interface Pixelwise {
  eta(eta: number): Field;
  kappa(kappa: number): Field;
}

/**
 * Equation 9. `paper`: eta (1 + m W). `release`: the factor sits on sqrt(eta), so eta (1 + m W)^2.
 * Both: kappa (1 - m W).
 *
 * At the last timesteps the new eta exceeds 1 (up to 1.18 for `paper`, 1.41 for `release`, with the defaults). That is
 * kept, as both sources do: the mean of equation 1 then overshoots y, away from x0, by eta - 1 of the residual. The
 * reverse step stays well defined, because equation 12 takes roots of eta only and never of 1 - eta, and the noise level
 * kappa sqrt(eta) still falls with W: (1 - m W) sqrt(1 + m W), or (1 - m W)(1 + m W), are both at most 1.
 *
 * @param weight W in [0, 1], a map [H, W] or one number; 0 gives back the global process
 * @throws SamsrError when m is not in [0, 1)
 */
export function pixelwise(weight: Field, options: PixelwiseOptions = {}): Pixelwise {
  const { m = 1 / 5, variant = "paper", modify = "both" } = options;
  if (!(m >= 0 && m < 1)) throw new SamsrError(`m of the pixel-wise process must be in [0, 1); got ${m}`);
  const power = variant === "paper" ? 1 : 2;
  return {
    eta: (eta) => (modify === "kappa" ? eta : mapFields((w) => eta * (1 + m * w) ** power, weight)),
    kappa: (kappa) => (modify === "eta" ? kappa : mapFields((w) => kappa * (1 - m * w), weight)),
  };
}
