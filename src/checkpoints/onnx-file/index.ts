export { examineOnnx, type OnnxFileOptions } from "./examine.js";
export { isOnnx } from "./is-onnx.js";
export { channelsOf, fromFile, toFile } from "./pictures.js";
