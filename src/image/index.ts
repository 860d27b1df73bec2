export * from "./alpha.js";
export * from "./decode.js";
export * from "./encode.js";
export type { InputFormat, Metadata } from "./metadata.js";
export * from "./raster.js";
export * from "./resample.js";
export * from "./resize.js";
export * from "./tiles.js";
export * from "./write-file.js";
