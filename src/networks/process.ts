/**
 * The diffusion process that a denoiser's weights were trained with, as fields of a model and of a training.
 */
import { type Filled, number, oneOf, optional, section, whole } from "../base/fields.js";
import { COEFFICIENTS, METHODS, NOISE_KINDS, VARIANTS } from "../diffusion/index.js";

/** The fields of the exponential schedule of eta (equation 4), as `exponentialSchedule` takes them. */
export const scheduleFields = {
  steps: whole("T.", 1, 10_000),
  power: number("p: small spends most steps near the noisy end.", 1e-3, 100),
  kappa: number("Strength of the noise.", 1e-6, 1000),
  minNoiseLevel: number("Bound of the noise's deviation at t = 0.", 1e-9, 1),
  etasEnd: number("sqrt(eta) at the last timestep.", 1e-9, 1),
};
export const schedule = section("The schedule of eta, exponential.", scheduleFields);
export type ScheduleDescription = Filled<typeof schedule>;

/** The strength m of equation 9; m W must stay below 1, or kappa would be negative. */
export const m = number("m of equation 9.", 0, 0.999);

export const variant = oneOf("Equations of the paper, or of its released code.", ...VARIANTS);

export const method = oneOf(
  "What the weights were trained for: one step (samsr, sinsr) or the whole chain (resshift).",
  ...METHODS,
);

export const coefficients = oneOf("What follows W (table 4).", ...COEFFICIENTS);

export const noise = oneOf(
  "The noise of x_T: of equations 5 to 7, or line 7's plain Gaussian.",
  ...NOISE_KINDS,
);

/** How a denoiser's weights were trained, as far as a file or a person tells. */
export const training = section("How the weights were trained.", {
  schedule: optional(schedule),
  m: optional(m),
  method: optional(method),
  variant: optional(variant),
  coefficients: optional(coefficients),
  noise: optional(noise),
});
export type Training = Filled<typeof training>;

/**
 * The fields of a model beyond its schedule and m that a run of it goes by; what is left out is the paper's.
 */
export const trained = {
  coefficients: optional(coefficients),
  noise: optional(noise),
};

/** Returns what a model's description, or a configuration, tells of how its weights were trained. */
export function trainingIn(told: Training): Training {
  const { schedule, m, method, variant, coefficients, noise } = told;
  return training.fill({ schedule, m, method, variant, coefficients, noise });
}
