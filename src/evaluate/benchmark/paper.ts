/** The figures of the paper (Liu, Zhang, Tang, IJCAI 2025), as printed, and which models its methods are. */
import type { MetricName } from "../metrics/index.js";

/** CLIPIQA and MUSIQ; of both more is better. */
export type Perceptual = readonly [clipiqa: string, musiq: string];

/** Figures by data set: table 1, and the columns of table 3. */
export type RealWorld = { readonly RealSR: Perceptual; readonly RealSet65: Perceptual };

/** PSNR, SSIM, LPIPS, CLIPIQA, MUSIQ. */
type Synthetic = readonly [string, string, string, string, string];

/** A method of the paper's comparison. */
export interface PaperMethod {
  readonly label: string;
  /** The name in the store of the published model that it is; another one where table 2 has another. */
  readonly model: string;
  readonly model2?: string;
  /** The method's published file, for who adds it by hand. */
  readonly file: string;
  /** Steps of its chain, where the model can take others. */
  readonly steps?: number;
  /** Table 1; LDM-30 is in table 2 alone. */
  readonly real?: RealWorld;
  /** Table 2, ImageNet-Test. */
  readonly synthetic: Synthetic;
}

/** The columns of both tables, in the paper's order. */
export const TABLE_1_METRICS: readonly MetricName[] = ["clipiqa", "musiq"];
export const TABLE_2_METRICS: readonly MetricName[] = ["psnr", "ssim", "lpips", "clipiqa", "musiq"];

/** The data sets of table 1, and that of table 2. */
export const REAL_SETS = ["RealSR", "RealSet65"] as const;
export const SYNTHETIC_SET = "ImageNet-Test";

const real = (RealSR: Perceptual, RealSet65: Perceptual): RealWorld => ({ RealSR, RealSet65 });

/** The methods of tables 1 and 2, in the paper's order. */
export const PAPER_METHODS: readonly PaperMethod[] = [
  {
    ...{ label: "ESRGAN", model: "esrgan", file: "RRDB_ESRGAN_x4.pth" },
    real: real(["0.2362", "29.048"], ["0.3739", "42.369"]),
    synthetic: ["20.67", "0.448", "0.485", "0.451", "43.615"],
  },
  {
    ...{ label: "RealSR-JPEG", model: "realsr-jpeg", file: "RealSR_JPEG.pth" },
    real: real(["0.3615", "36.076"], ["0.5282", "50.539"]),
    synthetic: ["23.11", "0.591", "0.326", "0.537", "46.981"],
  },
  {
    ...{ label: "BSRGAN", model: "bsrgan", file: "BSRGAN.pth" },
    real: real(["0.5439", "63.586"], ["0.6163", "65.582"]),
    synthetic: ["24.42", "0.659", "0.259", "0.581", "54.697"],
  },
  {
    ...{
      label: "SwinIR",
      model: "swinir-m-real-x4",
      file: "003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x4_GAN.pth",
    },
    real: real(["0.4654", "59.636"], ["0.5782", "63.822"]),
    synthetic: ["23.99", "0.667", "0.238", "0.564", "53.790"],
  },
  {
    ...{ label: "RealESRGAN", model: "realesrgan-x4plus", file: "RealESRGAN_x4plus.pth" },
    real: real(["0.4898", "59.678"], ["0.5995", "63.220"]),
    synthetic: ["24.04", "0.665", "0.254", "0.523", "52.538"],
  },
  {
    ...{ label: "DASR", model: "dasr", file: "net_g.pth net_p.pth" },
    real: real(["0.3629", "45.825"], ["0.4965", "55.708"]),
    synthetic: ["24.75", "0.675", "0.250", "0.536", "48.337"],
  },
  {
    ...{ label: "LDM-30", model: "ldm-bsr", file: "last.ckpt", steps: 30 },
    synthetic: ["24.49", "0.651", "0.248", "0.572", "50.895"],
  },
  {
    ...{ label: "LDM-15", model: "ldm-bsr", file: "last.ckpt", steps: 15 },
    real: real(["0.3836", "49.317"], ["0.4274", "47.488"]),
    synthetic: ["24.89", "0.670", "0.269", "0.512", "46.419"],
  },
  {
    ...{ label: "ResShift-15", model: "resshift-v1", file: "resshift_realsrx4_s15_v1.pth" },
    real: real(["0.5958", "59.873"], ["0.6537", "61.330"]),
    synthetic: ["24.90", "0.673", "0.228", "0.603", "53.897"],
  },
  {
    ...{ label: "SinSR-1", model: "sinsr-v1", file: "SinSR_v1.pth" },
    real: real(["0.6887", "61.582"], ["0.7150", "62.169"]),
    synthetic: ["24.56", "0.657", "0.221", "0.611", "53.357"],
  },
  {
    ...{ label: "SAMSR", model: "samsr-v1", model2: "samsr-v2", file: "SamSR_v1.pth" },
    real: real(["0.7179", "63.696"], ["0.7324", "65.089"]),
    synthetic: ["24.74", "0.666", "0.217", "0.619", "54.146"],
  },
];

/** Returns a method of the paper by its name there. @throws {Error} for a name that none has */
export function paperMethod(label: string): PaperMethod {
  const found = PAPER_METHODS.find((method) => method.label === label);
  if (!found) throw new Error(`the paper has no method ${label}`);
  return found;
}

/** Table 3 of the paper, by n of m = 1/n; p = 0.3 and kappa = 2 throughout. */
export const TABLE_3: Readonly<Record<number, RealWorld>> = {
  2: { RealSR: ["0.6992", "60.483"], RealSet65: ["0.7193", "62.451"] },
  4: { RealSR: ["0.7019", "61.642"], RealSet65: ["0.7221", "62.633"] },
  5: { RealSR: ["0.7179", "63.696"], RealSet65: ["0.7324", "65.089"] },
  6: { RealSR: ["0.7092", "62.734"], RealSet65: ["0.7251", "62.914"] },
  8: { RealSR: ["0.7119", "62.385"], RealSet65: ["0.7291", "64.218"] },
  10: { RealSR: ["0.7069", "61.982"], RealSet65: ["0.7216", "63.814"] },
  20: { RealSR: ["0.6953", "61.492"], RealSet65: ["0.7194", "62.843"] },
};

/** Table 4 of the paper, on RealSet65. */
export const TABLE_4: Readonly<Record<"eta" | "kappa" | "both", Perceptual>> = {
  eta: ["0.7208", "63.613"],
  kappa: ["0.7194", "63.241"],
  both: ["0.7324", "65.089"],
};

/** Table 5 of the paper: iterations, training time on an RTX 4090, CLIPIQA, MUSIQ. */
export const TABLE_5: Readonly<Record<"resshift" | "sinsr" | "samsr", readonly string[]>> = {
  resshift: ["500k", "7.64 days", "0.6537", "61.330"],
  sinsr: ["30k", "2.57 days", "0.7150", "62.169"],
  samsr: ["10-15k", "1.89 days", "0.7324", "65.089"],
};
