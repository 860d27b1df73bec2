/**
 * The files that the authors publish, as facts: where, how large, which hash, under which licence. Sizes and hashes that
 * are not publicly stated are left out, never guessed. (The digits in Segment Anything's file names are the beginning of
 * the MD5.)
 */
import type { LatentModel } from "../description.js";
import type { Recognised } from "../recognise/index.js";

export interface Published {
  readonly file: string;
  readonly url: string;
  readonly size?: number;
  readonly sha256?: string;
  readonly network: Recognised["network"];
  readonly summary: string;
  readonly licence: string;
  /** Of a denoiser. */
  readonly method?: LatentModel["method"];
}

const SAMSR = "https://huggingface.co/zh-liu799/SAMSR/resolve/main";
const SINSR = "https://github.com/wyf0912/SinSR/releases/download/v1.0";
const RESSHIFT = "https://github.com/zsyOAOA/ResShift/releases/download/v2.0";
const SAM = "https://dl.fbaipublicfiles.com/segment_anything";

const SAMSR_LICENCE =
  "not known, none is in github.com/Liu-Zihang/SAMSR; SinSR (CC BY-NC-SA 4.0) and ResShift (S-Lab License 1.0), which it builds on, are for non-commercial use";
const SINSR_LICENCE = "CC BY-NC-SA 4.0 (github.com/wyf0912/SinSR)";
const RESSHIFT_LICENCE = "S-Lab License 1.0, non-commercial (github.com/zsyOAOA/ResShift)";
const SAM_LICENCE = "Apache 2.0 (github.com/facebookresearch/segment-anything)";

function sam(size: "B" | "L" | "H", digits: string, bytes: number, sha256: string): Published {
  const file = `sam_vit_${size.toLowerCase()}_${digits}.pth`;
  const summary = `Segment Anything, ViT-${size}: masks for samsr`;
  return {
    file,
    url: `${SAM}/${file}`,
    size: bytes,
    sha256,
    network: "segment-anything",
    summary,
    licence: SAM_LICENCE,
  };
}

/** By the name that each has in the store. */
export const PUBLISHED: Readonly<Record<string, Published>> = {
  "samsr-v1": {
    file: "SamSR_v1.pth",
    url: `${SAMSR}/SamSR_v1.pth`,
    network: "swin-unet",
    summary: "SAMSR of its authors, for real photos: x4 in one step, on latents",
    licence: SAMSR_LICENCE,
    method: "samsr",
  },
  "samsr-v2": {
    file: "SamSR_v2.pth",
    url: `${SAMSR}/SamSR_v2.pth`,
    network: "swin-unet",
    summary: "SAMSR of its authors, scored on ImageNet: x4 in one step, on latents",
    licence: SAMSR_LICENCE,
    method: "samsr",
  },
  "sinsr-v1": {
    file: "SinSR_v1.pth",
    url: `${SINSR}/SinSR_v1.pth`,
    network: "swin-unet",
    summary: "SinSR of its authors: x4 in one step, on latents",
    licence: SINSR_LICENCE,
    method: "sinsr",
  },
  "resshift-v1": {
    file: "resshift_realsrx4_s15_v1.pth",
    url: `${RESSHIFT}/resshift_realsrx4_s15_v1.pth`,
    network: "swin-unet",
    summary: "ResShift of its authors, the teacher: x4 in 15 steps, on latents",
    licence: RESSHIFT_LICENCE,
    method: "resshift",
  },
  "vq-f4": {
    file: "autoencoder_vq_f4.pth",
    url: `${RESSHIFT}/autoencoder_vq_f4.pth`,
    size: 221_364_711,
    sha256: "e967eaa2c380152811c53e312990d6967a8a957c4f7590f19490ec72110b2889",
    network: "vq-autoencoder",
    summary: "the autoencoder of SAMSR, SinSR and ResShift",
    licence: RESSHIFT_LICENCE,
  },
  "sam-vit-b": sam(
    "B",
    "01ec64",
    375_042_383,
    "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
  ),
  "sam-vit-l": sam(
    "L",
    "0b3195",
    1_249_524_607,
    "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
  ),
  "sam-vit-h": sam(
    "H",
    "4b8939",
    2_564_550_879,
    "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
  ),
};
