export * from "./arithmetic.js";
export * from "./blocks.js";
export { expand, reduceSum, reshape } from "./broadcast.js";
export * from "./convolution.js";
export * from "./linear.js";
export * from "./max-pool.js";
export * from "./normalization.js";
export * from "./reduce.js";
export { concat, gather, pad, slice, split, transpose } from "./shape.js";
