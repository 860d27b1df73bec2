/**
 * The files that the authors publish, as facts. Sizes and hashes that are not publicly stated are left out.
 */
import type { Published } from "../definition.js";

const SAMSR = "https://huggingface.co/zh-liu799/SAMSR/resolve/main";
const SINSR = "https://github.com/wyf0912/SinSR/releases/download/v1.0";
const RESSHIFT = "https://github.com/zsyOAOA/ResShift/releases/download/v2.0";

const SAMSR_LICENCE =
  "not known, none is in github.com/Liu-Zihang/SAMSR; SinSR (CC BY-NC-SA 4.0) and ResShift " +
  "(S-Lab License 1.0), which it builds on, are for non-commercial use";
const SINSR_LICENCE = "CC BY-NC-SA 4.0 (github.com/wyf0912/SinSR)";
const RESSHIFT_LICENCE = "S-Lab License 1.0, non-commercial (github.com/zsyOAOA/ResShift)";

/**
 * The most bytes of a file: 118.6 million parameters take 0.47 GB as float32; with their moving average and
 * the optimiser's two moments, four times as much.
 */
const most = 2e9;

export const published: Readonly<Record<string, Published>> = {
  "samsr-v1": {
    file: "SamSR_v1.pth",
    url: `${SAMSR}/SamSR_v1.pth`,
    most,
    summary: "SAMSR of its authors, for real photos: x4 in one step, on latents",
    licence: SAMSR_LICENCE,
    method: "samsr",
  },
  "samsr-v2": {
    file: "SamSR_v2.pth",
    url: `${SAMSR}/SamSR_v2.pth`,
    most,
    summary: "SAMSR of its authors, scored on ImageNet: x4 in one step, on latents",
    licence: SAMSR_LICENCE,
    method: "samsr",
  },
  "sinsr-v1": {
    file: "SinSR_v1.pth",
    url: `${SINSR}/SinSR_v1.pth`,
    most,
    summary: "SinSR of its authors: x4 in one step, on latents",
    licence: SINSR_LICENCE,
    method: "sinsr",
  },
  "resshift-v1": {
    file: "resshift_realsrx4_s15_v1.pth",
    url: `${RESSHIFT}/resshift_realsrx4_s15_v1.pth`,
    most,
    summary: "ResShift of its authors, the teacher: x4 in 15 steps, on latents",
    licence: RESSHIFT_LICENCE,
    method: "resshift",
  },
};
