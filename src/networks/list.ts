/** One line for each network. */
export { COVERAGE_NETWORK } from "./coverage-network/index.js";
export { ONNX_FILE } from "./onnx-file/index.js";
export { PIXEL_DENOISER } from "./pixel-denoiser/index.js";
export { RRDB } from "./rrdb/index.js";
export { SEGMENT_ANYTHING } from "./segment-anything/index.js";
export { SRVGG } from "./srvgg/index.js";
export { SWIN_UNET } from "./swin-unet/index.js";
export { VQ_AUTOENCODER } from "./vq-autoencoder/index.js";
