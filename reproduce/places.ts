import { fileURLToPath } from "node:url";

/** The clone's root, seen from where this file is compiled to. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The command that trains, as `npm run build` leaves it. */
export const COMMAND = `${ROOT}/dist/cli/main.js`;
/** Recipes. */
export const CONFIGS = `${ROOT}/configs`;
/** Of samsr-tiny: what all students are trained by when no other is named. */
export const TEACHER = `${ROOT}/models/samsr-tiny/teacher.safetensors`;
/** What enlarges where masks are compared. */
export const MODEL = `${ROOT}/models/samsr-tiny`;
/** The coverage network that comes with samsr. */
export const COVERAGE = `${ROOT}/models/coverage-tiny`;
/** NIQE's parameters that come with samsr, for when no published ones are given. */
export const NIQE = `${ROOT}/models/niqe.safetensors`;
