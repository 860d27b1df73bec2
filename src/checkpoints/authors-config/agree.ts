/** Whether a checkpoint is what a configuration says it is. */

import { brief } from "../../base/brief.js";
import { SamsrError } from "../../base/errors.js";
import { SWIN_UNET, type SwinUNetConfig, VQ_AUTOENCODER } from "../../networks/index.js";
import { isNetwork, type Recognised } from "../recognise.js";
import { autoencoderConfigOf, denoiserConfigOf } from "./networks.js";
import type { AuthorsConfig } from "./types.js";

/** What the authors' files call the fields of our denoiser's configuration. */
const DENOISER_KEYS: Readonly<Record<string, string>> = {
  outChannels: "out_channels",
  modelChannels: "model_channels",
  channelMult: "channel_mult",
  resBlocks: "num_res_blocks",
  imageSize: "image_size",
  attentionResolutions: "attention_resolutions",
  embed: "swin_embed_dim",
  depth: "swin_depth",
  headChannels: "num_head_channels",
  window: "window_size",
  mlpRatio: "mlp_ratio",
};
const AUTOENCODER_KEYS: Readonly<Record<string, string>> = {
  channels: "ddconfig.ch",
  channelMult: "ddconfig.ch_mult",
  resBlocks: "ddconfig.num_res_blocks",
  latentChannels: "embed_dim",
  codes: "n_embed",
};

/**
 * Compares a recognised checkpoint with the section of a configuration that is about it.
 * @param files what errors call the two
 * @returns the same, with the size it was built for from the configuration where the checkpoint does not tell
 *   it
 * @throws {SamsrError} naming a field and both its values, when they differ
 */
export function withAuthorsConfig(
  recognised: Recognised,
  authors: AuthorsConfig,
  files: { readonly checkpoint: string; readonly config: string },
): Recognised {
  const compare = (section: string, key: string, said: unknown, is: unknown) => {
    if (JSON.stringify(said) === JSON.stringify(is)) return;
    throw new SamsrError(
      `${files.config}: ${section}.params.${key} is ${brief(said)}, but the checkpoint ` +
        `${files.checkpoint} has ${brief(is)}`,
    );
  };
  if (isNetwork(recognised, VQ_AUTOENCODER)) {
    const said = autoencoderConfigOf(authors, files.config);
    for (const [field, value] of Object.entries(recognised.config)) {
      compare("autoencoder", AUTOENCODER_KEYS[field], said[field as keyof typeof said], value);
    }
    return recognised;
  }
  if (!isNetwork(recognised, SWIN_UNET)) {
    throw new SamsrError(
      `${files.config}: is about a denoiser and its autoencoder, but ${files.checkpoint} holds a ` +
        `${recognised.network}`,
    );
  }
  const said = denoiserConfigOf(authors, files.config);
  const { config, sizeKnown } = recognised;
  const is = sizeKnown ? config : { ...config, ...resized(config, said.imageSize) };
  const { attentionResolutions: saidSides, ...saidRest } = said;
  const levels = sidesOf(said);
  // No window is larger than the levels it lies in.
  const largest = Math.max(levels.at(-1)!, ...levels.filter((side) => saidSides.includes(side)));
  const saidSwin = { ...said.swin, window: Math.min(said.swin.window, largest) };
  const { swin: isSwin, attentionResolutions: isSides, ...isRest } = is;
  for (const [saidPart, isPart] of [
    [saidRest, isRest],
    [saidSwin, isSwin],
  ] as const) {
    for (const [field, value] of Object.entries(isPart)) {
      const key = DENOISER_KEYS[field];
      if (key !== undefined) compare("model", key, (saidPart as Record<string, unknown>)[field], value);
    }
  }
  // A list may be in any order and name sides that no level has.
  compare(
    "model",
    "attention_resolutions",
    levels.filter((side) => saidSides.includes(side)),
    isSides,
  );
  return { ...recognised, config: is, sizeKnown: true };
}

/** Returns the side of each level. */
function sidesOf({ imageSize, channelMult }: SwinUNetConfig): number[] {
  return channelMult.map((_, level) => Math.floor(imageSize / 2 ** level));
}

/** Returns the sizes of a network built for another size in which the same levels attend. */
function resized(config: SwinUNetConfig, imageSize: number) {
  const attends = sidesOf(config).map((side) => config.attentionResolutions.includes(side));
  const sides = sidesOf({ ...config, imageSize });
  return { imageSize, attentionResolutions: sides.filter((_, level) => attends[level]) };
}
