/**
 * The samplers by the names under which they are asked for. A new one is a file here and a line in this list.
 */
import { resshift } from "./resshift.js";
import type { Sampler } from "./sampler.js";
import { samsr } from "./samsr.js";
import { sinsr } from "./sinsr.js";

export const SAMPLERS = { samsr, sinsr, resshift } as const satisfies Readonly<Record<string, Sampler>>;

/** The name of a sampler. */
export type Method = keyof typeof SAMPLERS;

/** The names of all samplers. */
export const METHODS = Object.keys(SAMPLERS) as Method[];

export type { Sampler, Step } from "./sampler.js";
