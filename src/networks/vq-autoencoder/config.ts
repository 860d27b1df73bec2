import { checked, type Filled, list, section, whole } from "../../base/fields.js";

export const config = checked(
  section("The autoencoder.", {
    channels: whole("Width that channelMult multiplies; divides by 32."),
    channelMult: list(
      "Width of each level, in multiples of channels; each after the first halves the size.",
      whole("A factor.", 1, 1024),
      1,
      12,
    ),
    resBlocks: whole("Residual blocks of each level.", 1, 100),
    latentChannels: whole("Channels of the latent.", 1, 16_384),
    codes: whole("Entries of the codebook."),
  }),
  ({ channels }, at) => (channels % 32 === 0 ? undefined : `${at("channels")} must divide by 32`),
);

export type VqConfig = Filled<typeof config>;

/** Tells how many times smaller a latent is than its picture. */
export function factorOf({ channelMult }: Pick<VqConfig, "channelMult">): number {
  return 2 ** (channelMult.length - 1);
}
