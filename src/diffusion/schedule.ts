/**
 * The schedule: how far the residual y - x0 has been shifted in after each step.
 *
 * eta_t is the residual transfer rate: close to 0 at t = 0 (x_t is the sharp image), close to 1 at t = T - 1
 * (x_t is the upscaled image under noise). ResShift (Yue, Wang, Loy 2023, section 2.2) lets sqrt(eta) grow
 * exponentially, with a power p that says how early: small p spends most steps near the noisy end.
 *
 * Timesteps are numbered 0..T-1, as the denoiser sees them; the papers count 1..T.
 */
import { SamsrError } from "../base/errors.js";

/** The numbers of one schedule; arrays are indexed by timestep, `steps` long. */
export interface Schedule {
  /** The number of timesteps T. */
  readonly steps: number;
  /** Strength of the noise relative to the residual. */
  readonly kappa: number;
  readonly sqrtEta: Float64Array;
  readonly eta: Float64Array;
}

export interface ScheduleOptions {
  /** The number of timesteps T; default 15. */
  readonly steps?: number;
  /** The power p of the schedule, over 0; default 0.3. */
  readonly power?: number;
  /** The noise's strength kappa, over 0; default 2. */
  readonly kappa?: number;
  /** The noise's standard deviation at t = 0 is at most this; default 0.04. */
  readonly minNoiseLevel?: number;
  /** The root of eta at the last timestep, in (0, 1]; default 0.99. */
  readonly etasEnd?: number;
}

/**
 * The number that sqrt(eta_0) never exceeds, whatever the noise level asked for: eta_0 has to be close to 0.
 */
const LARGEST_FIRST_SQRT_ETA = Math.sqrt(0.001);

/**
 * Returns the exponential schedule: sqrt(eta_t) = s0 exp(ln(etasEnd / s0) (t / (T - 1))^p), with
 * s0 = min(minNoiseLevel / kappa, minNoiseLevel, sqrt(0.001)).
 *
 * One step (T = 1) has only the end of the schedule.
 *
 * @throws SamsrError for numbers out of range
 */
export function exponentialSchedule(options: ScheduleOptions = {}): Schedule {
  const { steps = 15, power = 0.3, kappa = 2, minNoiseLevel = 0.04, etasEnd = 0.99 } = options;
  if (!Number.isInteger(steps) || steps < 1)
    throw new SamsrError(`schedule: steps must be an integer of at least 1; got ${steps}`);
  for (const [name, value] of Object.entries({ power, kappa, minNoiseLevel })) {
    if (!(value > 0)) throw new SamsrError(`schedule: ${name} must be over 0; got ${value}`);
  }
  if (!(etasEnd > 0 && etasEnd <= 1))
    throw new SamsrError(`schedule: etasEnd must be over 0 and at most 1; got ${etasEnd}`);

  const first = Math.min(minNoiseLevel / kappa, minNoiseLevel, LARGEST_FIRST_SQRT_ETA);
  const sqrtEta = Float64Array.from({ length: steps }, (_, t) =>
    t === steps - 1 ? etasEnd : first * Math.exp(Math.log(etasEnd / first) * (t / (steps - 1)) ** power),
  );
  return { steps, kappa, sqrtEta, eta: sqrtEta.map((s) => s * s) };
}

/**
 * Returns the timesteps a chain of `count` denoiser calls visits, from T - 1 down, evenly spread.
 * All T of them give the full chain; one gives [T - 1], the single step of SinSR and SAMSR.
 *
 * @throws SamsrError unless 1 <= count <= T
 */
export function timesteps(schedule: Schedule, count = schedule.steps): number[] {
  if (!Number.isInteger(count) || count < 1 || count > schedule.steps)
    throw new SamsrError(`a chain takes 1 to ${schedule.steps} steps with this model; got ${count}`);
  return Array.from(
    { length: count },
    (_, i) => schedule.steps - 1 - Math.round((i * schedule.steps) / count),
  );
}
