export { examineOnnx, type OnnxFileOptions } from "./examine.js";
export { channelsOf, fromFile, toFile } from "./pictures.js";
