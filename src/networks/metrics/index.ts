/**
 * Networks that judge pictures: LPIPS, DISTS, CLIP-IQA and MUSIQ. They enlarge nothing and are no models;
 * their weights are those of `files.ts`.
 */
export { BACKBONES, type BackboneName } from "./backbones.js";
export { CLIP_RN50, clipImage, clipText } from "./clip.js";
export { clipIqa, FIVE_PAIRS, learnedFeatures, ONE_PAIR, pairFeatures } from "./clipiqa.js";
export { type DistsScopes, dists, distsFeatures } from "./dists.js";
export { METRIC_FILES, type MetricFile, type MetricFileName, parametersOfFile } from "./files.js";
export { LPIPS_BACKBONES, type LpipsName, type LpipsScopes, lpips, lpipsMaps } from "./lpips.js";
export { MUSIQ, type MusiqConfig, musiqScore, musiqStem, PATCH } from "./musiq.js";
export { musiqPatches } from "./musiq-patches.js";
