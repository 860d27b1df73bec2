/** What a configuration of the authors says of the networks, in the words of this package. */

import { brief } from "../../base/brief.js";
import { SamsrError } from "../../base/errors.js";
import type { ScheduleDescription, SwinUNetConfig, VqConfig } from "../../networks/index.js";
import type { AuthorsConfig } from "./types.js";

/** Fields of which the networks and equations here know one value only. */
type Fixed = readonly (readonly [key: string, found: unknown, due: unknown])[];

/**
 * Returns the denoiser of a configuration.
 * @param name of the file, for errors
 * @throws {SamsrError} when it has none, or one that this package cannot build
 */
export function denoiserConfigOf(authors: AuthorsConfig, name: string): SwinUNetConfig {
  const { target, params: c } = sectionOf(authors, "model", name);
  const channels = c.cond_lq === false ? c.out_channels : c.out_channels + 3;
  const levels = c.channel_mult.length;
  demand(name, "model", [
    ["target", lastWord(target), "UNetModelSwin"],
    ["params.cond_lq", c.cond_lq ?? true, true],
    ["params.lq_size", c.lq_size ?? c.image_size, c.image_size],
    // Later versions count x alone and add the channels of lq themselves.
    ["params.in_channels", c.in_channels === c.out_channels ? channels : c.in_channels, channels],
    ["params.dims", c.dims ?? 2, 2],
    ["params.conv_resample", c.conv_resample ?? true, true],
    ["params.use_scale_shift_norm", c.use_scale_shift_norm ?? false, true],
    ["params.resblock_updown", c.resblock_updown ?? false, false],
    ["params.patch_norm", c.patch_norm ?? false, false],
  ]);
  const resBlocks =
    typeof c.num_res_blocks === "number" ? Array<number>(levels).fill(c.num_res_blocks) : c.num_res_blocks;
  if (resBlocks.length !== levels) {
    throw new SamsrError(
      `${name}: model.params.num_res_blocks has ${resBlocks.length} numbers, channel_mult ` +
        `${levels}; expected one a level`,
    );
  }
  const counted = (c.num_head_channels ?? -1) > 0 ? c.num_head_channels! : undefined;
  const headChannels = counted ?? c.swin_embed_dim / (c.num_heads ?? -1);
  if (!(headChannels > 0) || c.swin_embed_dim % headChannels !== 0) {
    throw new SamsrError(
      `${name}: model.params.swin_embed_dim ${c.swin_embed_dim} does not divide into heads by ` +
        `num_head_channels ${c.num_head_channels} and num_heads ${c.num_heads}`,
    );
  }
  return {
    outChannels: c.out_channels,
    modelChannels: c.model_channels,
    channelMult: c.channel_mult,
    resBlocks,
    imageSize: c.image_size,
    attentionResolutions: c.attention_resolutions,
    swin: {
      embed: c.swin_embed_dim,
      depth: c.swin_depth,
      headChannels,
      window: c.window_size,
      mlpRatio: c.mlp_ratio,
      masking: "published",
    },
  };
}

/**
 * Returns the autoencoder of a configuration.
 * @throws {SamsrError} when it has none, or one that this package cannot build
 */
export function autoencoderConfigOf(authors: AuthorsConfig, name: string): VqConfig {
  const { target, params } = sectionOf(authors, "autoencoder", name);
  const c = params.ddconfig;
  const [resBlocks] = [c.num_res_blocks].flat();
  demand(name, "autoencoder", [
    ["target", lastWord(target), "VQModelTorch"],
    ["params.embed_dim", params.embed_dim, c.z_channels],
    ["params.ddconfig.double_z", c.double_z ?? false, false],
    ["params.ddconfig.in_channels", c.in_channels, 3],
    ["params.ddconfig.out_ch", c.out_ch, 3],
    ["params.ddconfig.attn_resolutions", c.attn_resolutions.join(), ""],
    ["params.ddconfig.padding_mode", c.padding_mode ?? "zeros", "zeros"],
    ...[c.num_res_blocks].flat().map((n) => ["params.ddconfig.num_res_blocks", n, resBlocks] as const),
  ]);
  return {
    channels: c.ch,
    channelMult: c.ch_mult,
    resBlocks,
    latentChannels: params.embed_dim,
    codes: params.n_embed,
  };
}

/**
 * Returns the schedule of a configuration, as `exponentialSchedule` takes it.
 * @throws {SamsrError} when it has none, or a diffusion whose equations are not those of ResShift
 */
export function scheduleOf(authors: AuthorsConfig, name: string): ScheduleDescription {
  const { params: d } = sectionOf(authors, "diffusion", name);
  demand(name, "diffusion", [
    ["params.sf", d.sf, 4],
    ["params.schedule_name", d.schedule_name, "exponential"],
    ["params.predict_type", d.predict_type ?? "xstart", "xstart"],
    ["params.timestep_respacing", Number(d.timestep_respacing || d.steps), d.steps],
    ["params.scale_factor", d.scale_factor ?? 1, 1],
    ["params.normalize_input", d.normalize_input ?? true, true],
    ["params.latent_flag", d.latent_flag ?? true, true],
  ]);
  return {
    steps: d.steps,
    power: d.schedule_kwargs.power,
    kappa: d.kappa,
    minNoiseLevel: d.min_noise_level,
    etasEnd: d.etas_end,
  };
}

function sectionOf<Key extends "model" | "diffusion" | "autoencoder">(
  authors: AuthorsConfig,
  key: Key,
  name: string,
): NonNullable<AuthorsConfig[Key]> {
  const section = authors[key];
  if (!section) throw new SamsrError(`${name}: has no section "${key}"`);
  return section;
}

function demand(name: string, section: string, fields: Fixed): void {
  for (const [key, found, due] of fields) {
    if (found === due) continue;
    throw new SamsrError(
      `${name}: ${section}.${key} is ${brief(found)}; only ${brief(due)} can be built here`,
    );
  }
}

/** Returns the name of a Python class without its module: `UNetModelSwin` of `models.unet.UNetModelSwin`. */
function lastWord(target: string): string {
  return target.slice(target.lastIndexOf(".") + 1);
}
