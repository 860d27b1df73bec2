export { readSafetensors, type Tensors, writeSafetensors } from "./safetensors.js";
