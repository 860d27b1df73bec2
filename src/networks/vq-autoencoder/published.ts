/**
 * The files that the authors publish, as facts. Sizes and hashes that are not publicly stated are left out.
 */
import type { Published } from "../definition.js";

const RESSHIFT = "https://github.com/zsyOAOA/ResShift/releases/download/v2.0";
const RESSHIFT_LICENCE = "S-Lab License 1.0, non-commercial (github.com/zsyOAOA/ResShift)";

export const published: Readonly<Record<string, Published>> = {
  "vq-f4": {
    file: "autoencoder_vq_f4.pth",
    url: `${RESSHIFT}/autoencoder_vq_f4.pth`,
    size: 221_364_711,
    sha256: "e967eaa2c380152811c53e312990d6967a8a957c4f7590f19490ec72110b2889",
    summary: "the autoencoder of SAMSR, SinSR and ResShift",
    licence: RESSHIFT_LICENCE,
  },
};
