export { timestepEmbedding } from "./embedding.js";
export { constantly, fanIn, type Initializer, initialize, normal, ones, zeros } from "./initializers.js";
export { conv, groupNorm, layerNorm, linear, prelu } from "./layers.js";
export { resBlock } from "./res-block.js";
export {
  type ConvolutionStrategy,
  createScope,
  frozenScope,
  type ParameterSpec,
  type Resolve,
  type Scope,
  type StateDict,
  type StoredTensor,
  trainableScope,
  type Weights,
} from "./scope.js";
export { type SwinOptions, swinLayer } from "./swin.js";
export { APART, attendInWindows } from "./window-attention.js";
