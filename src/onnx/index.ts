export { type AccelerateOptions, accelerate, blockedLayoutPays } from "./accelerate.js";
export { type AnySize, anySize } from "./any-size.js";
export { fromFloat16, toFloat16 } from "./float16.js";
export { gradients } from "./gradients.js";
export { asImageNormals } from "./image-normals.js";
export {
  type Dimension,
  type Model,
  type ModelFacts,
  type ModelOptions,
  type ModelStream,
  OPSET,
  streamModel,
  toModel,
} from "./model.js";
export * from "./operators/index.js";
export { inputShapes } from "./order.js";
export { sameGraph } from "./same-graph.js";
export { shapeless } from "./shapeless.js";
export { inStrips, type StripOptions } from "./strips.js";
export { type TailOptions, tailInStrips } from "./tail.js";
export { unfolded, unfoldedBytes } from "./unfolded.js";
export {
  asValue,
  type ConstantData,
  constant,
  type DataType,
  input,
  integers,
  type Operand,
  type Place,
  type Shape,
  sameShape,
  sizeOf,
  stopGradient,
  stored,
  type Value,
} from "./value.js";
export { trainableWinogradConv, trainableWinogradPays } from "./winograd-trainable.js";
