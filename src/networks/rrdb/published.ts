import type { Published } from "../definition.js";

const RELEASES = "https://github.com/xinntao/Real-ESRGAN/releases/download";
const licence = "BSD-3-Clause (Real-ESRGAN): https://github.com/xinntao/Real-ESRGAN/blob/master/LICENSE";

/** The files that Real-ESRGAN's releases hold. */
export const published: Readonly<Record<string, Published>> = {
  "realesrgan-x4plus": {
    file: "RealESRGAN_x4plus.pth",
    url: `${RELEASES}/v0.1.0/RealESRGAN_x4plus.pth`,
    size: 67_040_989,
    sha256: "4fa0d38905f75ac06eb49a7951b426670021be3018265fd191d2125df9d682f1",
    summary: "Real-ESRGAN x4, for photos of any kind",
    licence,
  },
  "realesrnet-x4plus": {
    file: "RealESRNet_x4plus.pth",
    url: `${RELEASES}/v0.1.1/RealESRNet_x4plus.pth`,
    summary: "Real-ESRNet x4, for photos: trained for fidelity alone, softer and without invented detail",
    licence,
  },
  "realesrgan-x2plus": {
    file: "RealESRGAN_x2plus.pth",
    url: `${RELEASES}/v0.2.1/RealESRGAN_x2plus.pth`,
    summary: "Real-ESRGAN x2, for photos of any kind",
    licence,
  },
  "realesrgan-x4plus-anime": {
    file: "RealESRGAN_x4plus_anime_6B.pth",
    url: `${RELEASES}/v0.2.2.4/RealESRGAN_x4plus_anime_6B.pth`,
    summary: "Real-ESRGAN x4, for drawings and anime: six blocks, a quarter of the work",
    licence,
  },
};
