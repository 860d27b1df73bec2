import type { Sampler } from "./sampler.js";
import { sinsr } from "./sinsr.js";

/** SAMSR walks as SinSR does, with SAM-noise, and an eta and a kappa for every pixel. */
export const samsr: Sampler = { ...sinsr, semantic: true };
