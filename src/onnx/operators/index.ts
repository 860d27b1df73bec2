export * from "./arithmetic.js";
export * from "./blocks.js";
export { expand, reduceSum, reshape } from "./broadcast.js";
export * from "./convolution.js";
export * from "./linear.js";
export * from "./normalization.js";
export * from "./reduce.js";
export * from "./shape.js";
