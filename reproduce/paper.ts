/** The figures of the paper (Liu, Zhang, Tang, IJCAI 2025) for what has a row in our tables, as printed. */

/** CLIPIQA and MUSIQ; of both more is better. */
export type Perceptual = readonly [clipiqa: string, musiq: string];

/** Figures by data set: table 1, and the columns of table 3. */
export type RealWorld = { readonly RealSR: Perceptual; readonly RealSet65: Perceptual };

export const TABLE_1: Readonly<Record<"resshift" | "sinsr" | "samsr", RealWorld>> = {
  resshift: { RealSR: ["0.5958", "59.873"], RealSet65: ["0.6537", "61.330"] },
  sinsr: { RealSR: ["0.6887", "61.582"], RealSet65: ["0.7150", "62.169"] },
  samsr: { RealSR: ["0.7179", "63.696"], RealSet65: ["0.7324", "65.089"] },
};

/** Table 2 of the paper, ImageNet-Test: PSNR, SSIM, LPIPS, CLIPIQA, MUSIQ. */
export const TABLE_2: Readonly<Record<"resshift" | "sinsr" | "samsr", readonly string[]>> = {
  resshift: ["24.90", "0.673", "0.228", "0.603", "53.897"],
  sinsr: ["24.56", "0.657", "0.221", "0.611", "53.357"],
  samsr: ["24.74", "0.666", "0.217", "0.619", "54.146"],
};

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
