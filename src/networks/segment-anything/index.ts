export { gridOf, SAM_VIT_B, type SamConfig, samConfigOf } from "./config.js";
export { imageEncoder } from "./image-encoder.js";
export {
  type DecodedTokens,
  decodeTokens,
  type MaskDecoderInputs,
  type Masks,
  maskDecoder,
  paintMasks,
} from "./mask-decoder.js";
export { maskLogits } from "./mask-logits.js";
export { SEGMENT_ANYTHING } from "./network.js";
export { encoderInput, fittedSize, PIXEL_DEVIATION, PIXEL_MEAN } from "./preprocess.js";
export { LABELS, type Prompts } from "./prompt-encoder.js";
