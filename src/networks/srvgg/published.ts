import type { Published } from "../definition.js";

const RELEASE = "https://github.com/xinntao/Real-ESRGAN/releases/download/v0.2.5.0";
const licence = "BSD-3-Clause (Real-ESRGAN): https://github.com/xinntao/Real-ESRGAN/blob/master/LICENSE";

/** The files that Real-ESRGAN's releases hold. */
export const published: Readonly<Record<string, Published>> = {
  "realesr-general-x4v3": {
    file: "realesr-general-x4v3.pth",
    url: `${RELEASE}/realesr-general-x4v3.pth`,
    sha256: "8dc7edb9ac80ccdc30c3a5dca6616509367f05fbc184ad95b731f05bece96292",
    summary: "Real-ESRGAN's small network x4, for photos: fast, takes noise away",
    licence,
  },
  "realesr-general-wdn-x4v3": {
    file: "realesr-general-wdn-x4v3.pth",
    url: `${RELEASE}/realesr-general-wdn-x4v3.pth`,
    size: 4_885_111,
    sha256: "1641f8c4464b9f097c9fdda5589273713f67cf59f3d909e0bd688f0cee269dca",
    summary: "Real-ESRGAN's small network x4, for photos: fast, keeps much of the noise",
    licence,
  },
  "realesr-animevideo-x4": {
    file: "realesr-animevideov3.pth",
    url: `${RELEASE}/realesr-animevideov3.pth`,
    summary: "Real-ESRGAN's smallest network x4, for drawn films",
    licence,
  },
};
