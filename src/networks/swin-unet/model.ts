/** The model that a Swin UNet makes with an autoencoder: what SAMSR, SinSR and ResShift publish. */
import type { Filled } from "../../base/fields.js";
import { SCALE } from "../../base/scale.js";
import type { Companion, NetworkModel } from "../definition.js";
import { modelJson } from "../model.js";
import { m, method, type ScheduleDescription, schedule, trained, variant } from "../process.js";
import { factorOf, type VqConfig } from "../vq-autoencoder/config.js";
import { VQ_AUTOENCODER } from "../vq-autoencoder/index.js";
import { config } from "./config.js";
import type { SwinUNetFound } from "./read.js";

/** The schedule of SAMSR, SinSR and ResShift as they are published. */
const RELEASED_SCHEDULE: ScheduleDescription = {
  steps: 15,
  power: 0.3,
  kappa: 2,
  minNoiseLevel: 0.04,
  etasEnd: 0.99,
};

/** The strength m of equation 9, in the paper and in the released code. */
const RELEASED_M = 0.2;

const json = modelJson(
  "latent-denoiser",
  { config, autoencoder: VQ_AUTOENCODER.config, schedule, m, variant, method, ...trained },
  ...(["denoiser", "autoencoder"] as const),
);

const autoencoder: Companion<SwinUNetFound> = {
  network: VQ_AUTOENCODER,
  config: "autoencoder",
  conflict({ config: { outChannels } }, other) {
    const { latentChannels, channelMult } = other as VqConfig;
    const factor = factorOf({ channelMult });
    if (latentChannels === outChannels && factor === SCALE) return undefined;
    return (
      `latents of ${latentChannels} channels, ${factor} times smaller; ` +
      `the denoiser takes ${outChannels} channels, ${SCALE} times smaller`
    );
  },
};

export const model: NetworkModel<SwinUNetFound, Filled<typeof json>> = {
  kind: "latent-denoiser",
  json,
  weights: { denoiser: "self", autoencoder },
  refusal: ({ lqChannels }) =>
    lqChannels === 3 ? undefined : `its condition has ${lqChannels} channels, expected the 3 of an image`,
  training: (told) => ({
    ...{ schedule: RELEASED_SCHEDULE, m: RELEASED_M, variant: "release", method: "samsr" },
    ...told,
  }),
};
