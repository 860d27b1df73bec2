/** One line for each network. */
export { COVERAGE_NETWORK } from "./coverage-network/index.js";
export { DASR } from "./dasr/index.js";
export { DASR_PREDICTOR } from "./dasr-predictor/index.js";
export { LATENT_DIFFUSION } from "./latent-diffusion/index.js";
export { ONNX_FILE } from "./onnx-file/index.js";
export { PIXEL_DENOISER } from "./pixel-denoiser/index.js";
export { PLKSR } from "./plksr/index.js";
export { REAL_PLKSR } from "./real-plksr/index.js";
export { RRDB } from "./rrdb/index.js";
export { SEGMENT_ANYTHING } from "./segment-anything/index.js";
export { SPAN } from "./span/index.js";
export { SRVGG } from "./srvgg/index.js";
export { SWIN_UNET } from "./swin-unet/index.js";
export { SWINIR } from "./swinir/index.js";
export { VQ_AUTOENCODER } from "./vq-autoencoder/index.js";
