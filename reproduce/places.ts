import { fileURLToPath } from "node:url";

/** The clone's root, seen from where this file is compiled to. */
export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/** The command that trains, as `npm run build` leaves it. */
export const COMMAND = `${ROOT}/dist/cli/main.js`;
/** The folder of the recipes. */
export const CONFIGS = `${ROOT}/configs`;
/** The teacher of samsr-tiny, which trains all students where no other is named. */
export const TEACHER = `${ROOT}/models/samsr-tiny/teacher.safetensors`;
/** The model that enlarges where masks are compared. */
export const MODEL = `${ROOT}/models/samsr-tiny`;
/** The coverage network that comes with samsr. */
export const COVERAGE = `${ROOT}/models/coverage-tiny`;
/** NIQE's parameters that come with samsr, for when no published ones are given. */
export const NIQE = `${ROOT}/models/niqe.safetensors`;
