/** Reads a configuration of the authors, section by section. */

import {
  type Check,
  flag,
  list,
  nullable,
  number,
  object,
  optional,
  test,
  text,
  whole,
} from "../../base/checks.js";
import { SamsrError } from "../../base/errors.js";
import type { AuthorsConfig } from "./types.js";
import { readYaml } from "./yaml.js";

const maybe = (fields: Readonly<Record<string, Check>>): Record<string, Check> =>
  Object.fromEntries(Object.entries(fields).map(([key, check]) => [key, optional(check)]));

const any: Check = () => undefined;
const path = nullable(text);
const probability = number(0, 1);
const amount = number(0, 1e9);
const share = test(
  (v) => typeof v === "boolean" || (typeof v === "number" && v >= 0),
  "true, false or a weight",
);
const range = list(number(-1e9, 1e9), 2, 2, "two numbers");
const probabilities = list(probability);
const threeProbabilities = list(probability, 3, 3, "three probabilities");
const words = list(text, 0, 1000, "a list of texts");
const textOrTexts: Check = (value, at, unknown) => (Array.isArray(value) ? words : text)(value, at, unknown);
const wholeOrWholes: Check = (value, at, unknown) =>
  (Array.isArray(value) ? list(whole(0, 1000)) : whole(0, 1000))(value, at, unknown);

const denoiser = object({
  image_size: whole(),
  in_channels: whole(),
  model_channels: whole(),
  out_channels: whole(),
  attention_resolutions: list(whole(), 0),
  channel_mult: list(number(1e-2, 1024)),
  num_res_blocks: wholeOrWholes,
  swin_depth: whole(1, 1000),
  swin_embed_dim: whole(),
  window_size: whole(1, 1024),
  mlp_ratio: number(1e-3, 1024),
  ...maybe({
    num_head_channels: whole(-1),
    num_heads: whole(-1),
    cond_lq: flag,
    lq_size: whole(),
    dropout: probability,
    conv_resample: flag,
    dims: whole(1, 3),
    use_fp16: flag,
    use_scale_shift_norm: flag,
    resblock_updown: flag,
    patch_norm: flag,
  }),
});

const diffusion = object({
  sf: whole(1, 64),
  steps: whole(1, 10_000),
  kappa: number(1e-6, 1000),
  min_noise_level: number(1e-9, 1),
  etas_end: number(1e-9, 1),
  schedule_name: text,
  schedule_kwargs: object({ power: number(1e-3, 100) }),
  ...maybe({
    weighted_mse: flag,
    predict_type: text,
    timestep_respacing: nullable(
      test((v) => typeof v === "number" || typeof v === "string", "a number of steps"),
    ),
    scale_factor: nullable(number(1e-9, 1e9)),
    normalize_input: flag,
    latent_flag: flag,
  }),
});

const vq = object({
  embed_dim: whole(),
  n_embed: whole(),
  ddconfig: object({
    z_channels: whole(),
    ch: whole(),
    ch_mult: list(number(1e-2, 1024)),
    num_res_blocks: wholeOrWholes,
    attn_resolutions: list(whole(), 0),
    resolution: whole(),
    in_channels: whole(),
    out_ch: whole(),
    ...maybe({ double_z: flag, dropout: probability, padding_mode: text }),
  }),
});

/** Fields of the first round of degradations, and of the second, whose names end in 2. */
const rounds = (fields: Readonly<Record<string, Check>>) => ({
  ...fields,
  ...Object.fromEntries(Object.entries(fields).map(([key, check]) => [`${key}2`, check])),
});

const degradation = object({
  sf: whole(1, 64),
  ...maybe({
    ...rounds({
      resize_prob: threeProbabilities,
      resize_range: range,
      gaussian_noise_prob: probability,
      noise_range: range,
      poisson_scale_range: range,
      gray_noise_prob: probability,
      jpeg_range: range,
    }),
    second_order_prob: probability,
    second_blur_prob: probability,
    gt_size: whole(),
    resize_back: flag,
    use_sharp: flag,
  }),
});

const trainData = object({
  type: text,
  params: object(
    maybe({
      dir_paths: words,
      txt_file_path: nullable(textOrTexts),
      im_exts: textOrTexts,
      io_backend: object({ type: text }),
      ...rounds({
        blur_kernel_size: whole(1, 999),
        kernel_list: words,
        kernel_prob: probabilities,
        sinc_prob: probability,
        blur_sigma: range,
        betag_range: range,
        betap_range: range,
      }),
      final_sinc_prob: probability,
      gt_size: whole(),
      crop_pad_size: whole(),
      use_hflip: flag,
      use_rot: flag,
      rescale_gt: flag,
    }),
  ),
});

const count = whole(0, 1e9);

const train = object({
  lr: number(0, 1),
  batch: list(whole(), 2, 2, "two whole numbers, for training and validation"),
  iterations: count,
  ...maybe({
    lr_min: number(0, 1),
    lr_schedule: path,
    warmup_iterations: count,
    microbatch: whole(),
    milestones: list(count, 0),
    weight_decay: amount,
    ema_rate: probability,
    seed: whole(0, 2 ** 32),
    global_seeding: flag,
    use_fp16: flag,
    use_amp: flag,
    num_workers: count,
    prefetch_factor: count,
    save_freq: count,
    val_freq: count,
    log_freq: list(count),
    save_images: flag,
    use_ema_val: flag,
    loss_coef: list(amount),
    local_logging: flag,
    tf_logging: flag,
    val_y_channel: flag,
    val_resolution: whole(),
    val_padding_mode: text,
    compile: object({ flag, mode: optional(text) }),
    learn_xT: share,
    finetune_use_gt: share,
    xT_cov_loss: share,
    loss_in_image_space: flag,
    distill_ddpm: flag,
    use_reflow: flag,
    reformulated_reflow: flag,
    uncertainty_hyper: flag,
    uncertainty_num_aux: count,
  }),
});

const target = text;
const ckpt_path = optional(path);

const config = object(
  maybe({
    trainer: object({ target }),
    model: object({ target, ckpt_path, teacher_ckpt_path: ckpt_path, params: denoiser }),
    diffusion: object({ target, params: diffusion }),
    autoencoder: object({
      ...{ target, ckpt_path, params: vq },
      ...maybe({ use_fp16: flag, tune_decoder: flag }),
    }),
    degradation,
    // How pictures for validation are read differs from project to project, and nothing here asks for it.
    data: object(maybe({ train: trainData, val: any })),
    train,
  }),
);

export interface ReadAuthorsConfig {
  readonly config: AuthorsConfig;
  /** A line for each field that has no known meaning and is ignored. */
  readonly warnings: readonly string[];
}

/**
 * Reads a configuration as SAMSR, SinSR and ResShift publish them, in YAML.
 * @param content the file's bytes or text
 * @param name of the file, for errors and warnings
 * @throws {SamsrError} naming file and field, what was expected there and what was found
 *
 * @example
 * const { config, warnings } = readAuthorsConfig(await readFile("SinSR.yaml"), "SinSR.yaml");
 * const schedule = exponentialSchedule(scheduleOf(config, "SinSR.yaml"));
 */
export function readAuthorsConfig(content: Uint8Array | string, name: string): ReadAuthorsConfig {
  const data = readYaml(content, name);
  const unknown: string[] = [];
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new SamsrError(`${name}: expected sections such as model and diffusion`);
  }
  const complaint = config(data, "", unknown);
  if (complaint) throw new SamsrError(`${name}: ${complaint}`);
  const known = Object.keys(data).length - unknown.filter((key) => !key.includes(".")).length;
  if (known === 0) {
    throw new SamsrError(`${name}: holds no section of a model's configuration, such as model or diffusion`);
  }
  return {
    config: data as AuthorsConfig,
    warnings: unknown.map((key) => `${name}: "${key}" has no known meaning and is ignored`),
  };
}
