/**
 * The files that the authors publish, as facts. Sizes and hashes that are not publicly stated are left out.
 */
import type { Published } from "../definition.js";

const RELEASE = "https://github.com/JingyunLiang/SwinIR/releases/download/v0.0";
const licence = "Apache-2.0 (SwinIR): https://github.com/JingyunLiang/SwinIR";

function file(name: string, summary: string): Published {
  return { file: `${name}.pth`, url: `${RELEASE}/${name}.pth`, summary, licence };
}

const CLASSICAL = [2, 3, 4, 8].map((s): [string, Published] => [
  `swinir-m-classical-x${s}`,
  file(
    `001_classicalSR_DF2K_s64w8_SwinIR-M_x${s}`,
    `SwinIR-M x${s}, for clean pictures that were only made smaller`,
  ),
]);
const LIGHT = [2, 3, 4].map((s): [string, Published] => [
  `swinir-s-light-x${s}`,
  file(`002_lightweightSR_DIV2K_s64w8_SwinIR-S_x${s}`, `SwinIR-S x${s}, the light one, for clean pictures`),
]);
const NOISE = [15, 25, 50].flatMap((level): [string, Published][] => [
  [
    `swinir-m-grey-noise${level}`,
    file(
      `004_grayDN_DFWB_s128w8_SwinIR-M_noise${level}`,
      `SwinIR-M, takes noise of ${level} off grey pictures`,
    ),
  ],
  [
    `swinir-m-noise${level}`,
    file(`005_colorDN_DFWB_s128w8_SwinIR-M_noise${level}`, `SwinIR-M, takes noise of ${level} off pictures`),
  ],
]);
const JPEG = [10, 20, 30, 40].flatMap((quality): [string, Published][] => [
  [
    `swinir-m-grey-jpeg${quality}`,
    file(`006_CAR_DFWB_s126w7_SwinIR-M_jpeg${quality}`, `SwinIR-M, repairs grey JPEG of quality ${quality}`),
  ],
  [
    `swinir-m-jpeg${quality}`,
    file(`006_colorCAR_DFWB_s126w7_SwinIR-M_jpeg${quality}`, `SwinIR-M, repairs JPEG of quality ${quality}`),
  ],
]);

export const published: Readonly<Record<string, Published>> = {
  "swinir-m-real-x4": file(
    "003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x4_GAN",
    "SwinIR-M x4, for photos as they come",
  ),
  "swinir-m-real-x2": file(
    "003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x2_GAN",
    "SwinIR-M x2, for photos as they come",
  ),
  "swinir-l-real-x4": file(
    "003_realSR_BSRGAN_DFOWMFC_s64w8_SwinIR-L_x4_GAN",
    "SwinIR-L x4, the largest, for photos as they come",
  ),
  "swinir-m-real-x4-psnr": file(
    "003_realSR_BSRGAN_DFO_s64w8_SwinIR-M_x4_PSNR",
    "SwinIR-M x4, for photos as they come, trained for fidelity alone",
  ),
  ...Object.fromEntries([...CLASSICAL, ...LIGHT, ...NOISE, ...JPEG]),
};
