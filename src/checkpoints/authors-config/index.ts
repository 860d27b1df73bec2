export { withAuthorsConfig } from "./agree.js";
export { autoencoderConfigOf, denoiserConfigOf, scheduleOf } from "./networks.js";
export { type ReadAuthorsConfig, readAuthorsConfig } from "./read.js";
export type * from "./types.js";
