/**
 * Signs that a step has to be taken back: a number that is not finite, or a loss far above what the run is
 * used to.
 */

export interface Stability {
  /** What the learning rate is multiplied by: 1, and half of that after every step taken back. */
  rate: number;
  /** A running mean of the loss; 0 before the first step. */
  typicalLoss: number;
}

export function createStability(): Stability {
  return { rate: 1, typicalLoss: 0 };
}

/** A loss this many times the running mean is no bad luck of one batch any more. */
const FAR = 20;

/** Steps before the running mean means something. */
const SETTLING = 50;

/** Weight of a step in the running mean. */
const MEMORY = 0.02;

/** Tells why this step must not be taken, or undefined. */
export function faultOf(
  stability: Stability,
  step: number,
  { loss, norm }: { readonly loss: number; readonly norm: number },
): string | undefined {
  if (!Number.isFinite(loss)) return "the loss is not finite";
  if (!Number.isFinite(norm)) return "the gradient is not finite";
  if (step >= SETTLING && loss > FAR * stability.typicalLoss) {
    return `the loss is ${(loss / stability.typicalLoss).toFixed(0)} times what it was`;
  }
  return undefined;
}

/** Takes note of a step that was taken. */
export function settle(stability: Stability, loss: number): void {
  stability.typicalLoss =
    stability.typicalLoss === 0 ? loss : (1 - MEMORY) * stability.typicalLoss + MEMORY * loss;
}
