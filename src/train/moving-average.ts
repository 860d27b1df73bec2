/** The moving average of the weights: how fast it follows them. */

/** How its decay begins. */
export const EMA_STARTS = ["rising", "constant"] as const;

/**
 * `rising`: (2 + step) / (11 + step) until that exceeds the decay, so that a short run does not end near its
 * beginning. `constant`: the decay throughout, as ResShift, SinSR and SAMSR are published.
 */
export type EmaStart = (typeof EMA_STARTS)[number];

/** Returns the decay of a step, counted from 0. @param start default "rising" */
export function emaDecayAt(step: number, decay: number, start: EmaStart = "rising"): number {
  return start === "constant" ? decay : Math.min(decay, (2 + step) / (11 + step));
}
