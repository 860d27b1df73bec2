export { fromAuthors, isAuthorsConfig } from "./authors.js";
export type {
  AutoencoderConfig,
  ConfigOf,
  CoverageConfig,
  Kind,
  StudentConfig,
  TeacherConfig,
  TrainingConfig,
} from "./description.js";
export {
  autoencoderOptions,
  coverageOptions,
  studentOptions,
  teacherOptions,
} from "./options.js";
export { checkedConfig, configSchema, demandKind, readTrainingConfig } from "./parse.js";
export { tinyConfig } from "./tiny.js";
export { toldOf, trainedNetwork } from "./told-of.js";
