/**
 * The configurations of SAMSR, SinSR and ResShift under the names their files have: sections that say what to
 * build (`target`, a Python class) and with what (`params`). Of these only `model`, `diffusion` and
 * `autoencoder` bear on running a network; the others describe training.
 */

interface Built<Params> {
  readonly target: string;
  readonly params: Params;
  readonly ckpt_path?: string | null;
}

export interface AuthorsModel extends Built<AuthorsDenoiser> {
  /** SinSR and SAMSR: whose chain the student learns to take in one step. */
  readonly teacher_ckpt_path?: string | null;
}

export interface AuthorsDenoiser {
  readonly image_size: number;
  /** Channels of x and lq together, or of x alone in later versions. */
  readonly in_channels: number;
  readonly model_channels: number;
  readonly out_channels: number;
  readonly attention_resolutions: readonly number[];
  readonly channel_mult: readonly number[];
  readonly num_res_blocks: number | readonly number[];
  readonly swin_depth: number;
  readonly swin_embed_dim: number;
  readonly window_size: number;
  readonly mlp_ratio: number;
  /** Channels of a head, or -1 where `num_heads` counts them. */
  readonly num_head_channels?: number;
  readonly num_heads?: number;
  readonly cond_lq?: boolean;
  readonly lq_size?: number;
  readonly dropout?: number;
  readonly conv_resample?: boolean;
  readonly dims?: number;
  readonly use_fp16?: boolean;
  readonly use_scale_shift_norm?: boolean;
  readonly resblock_updown?: boolean;
  readonly patch_norm?: boolean;
}

export interface AuthorsDiffusion {
  readonly sf: number;
  readonly steps: number;
  readonly kappa: number;
  readonly min_noise_level: number;
  readonly etas_end: number;
  readonly schedule_name: string;
  readonly schedule_kwargs: { readonly power: number };
  readonly weighted_mse?: boolean;
  readonly predict_type?: string;
  readonly timestep_respacing?: number | string | null;
  readonly scale_factor?: number | null;
  readonly normalize_input?: boolean;
  readonly latent_flag?: boolean;
}

export interface AuthorsAutoencoder extends Built<AuthorsVq> {
  readonly use_fp16?: boolean;
  readonly tune_decoder?: boolean;
}

export interface AuthorsVq {
  readonly embed_dim: number;
  readonly n_embed: number;
  readonly ddconfig: {
    readonly z_channels: number;
    readonly ch: number;
    readonly ch_mult: readonly number[];
    readonly num_res_blocks: number | readonly number[];
    readonly attn_resolutions: readonly number[];
    readonly resolution: number;
    readonly in_channels: number;
    readonly out_ch: number;
    readonly double_z?: boolean;
    readonly dropout?: number;
    readonly padding_mode?: string;
  };
}

type Range = readonly [low: number, high: number];

/**
 * How training pictures are made small: two rounds of blur, resizing, noise and JPEG (Real-ESRGAN), numbered
 * 1 and 2.
 */
export interface AuthorsDegradation {
  readonly sf: number;
  /** The probabilities of enlarging, reducing and keeping the size. */
  readonly resize_prob?: readonly [number, number, number];
  readonly resize_range?: Range;
  readonly gaussian_noise_prob?: number;
  readonly noise_range?: Range;
  readonly poisson_scale_range?: Range;
  readonly gray_noise_prob?: number;
  readonly jpeg_range?: Range;
  readonly second_order_prob?: number;
  readonly second_blur_prob?: number;
  readonly resize_prob2?: readonly [number, number, number];
  readonly resize_range2?: Range;
  readonly gaussian_noise_prob2?: number;
  readonly noise_range2?: Range;
  readonly poisson_scale_range2?: Range;
  readonly gray_noise_prob2?: number;
  readonly jpeg_range2?: Range;
  readonly gt_size?: number;
  readonly resize_back?: boolean;
  readonly use_sharp?: boolean;
}

export interface AuthorsData {
  readonly type: string;
  readonly params: AuthorsTrainData;
}

/** The kernels of the blurs, and how crops are cut. */
export interface AuthorsTrainData {
  readonly dir_paths?: readonly string[];
  readonly txt_file_path?: readonly string[] | string | null;
  readonly im_exts?: readonly string[] | string;
  readonly io_backend?: { readonly type: string };
  readonly blur_kernel_size?: number;
  readonly kernel_list?: readonly string[];
  readonly kernel_prob?: readonly number[];
  readonly sinc_prob?: number;
  readonly blur_sigma?: Range;
  readonly betag_range?: Range;
  readonly betap_range?: Range;
  readonly blur_kernel_size2?: number;
  readonly kernel_list2?: readonly string[];
  readonly kernel_prob2?: readonly number[];
  readonly sinc_prob2?: number;
  readonly blur_sigma2?: Range;
  readonly betag_range2?: Range;
  readonly betap_range2?: Range;
  readonly final_sinc_prob?: number;
  readonly gt_size?: number;
  readonly crop_pad_size?: number;
  readonly use_hflip?: boolean;
  readonly use_rot?: boolean;
  readonly rescale_gt?: boolean;
}

export interface AuthorsTraining {
  readonly lr: number;
  readonly lr_min?: number;
  readonly lr_schedule?: string | null;
  readonly warmup_iterations?: number;
  /** The size of a batch, for training and for validation. */
  readonly batch: readonly [number, number];
  readonly microbatch?: number;
  readonly iterations: number;
  readonly milestones?: readonly number[];
  readonly weight_decay?: number;
  readonly ema_rate?: number;
  readonly seed?: number;
  readonly global_seeding?: boolean;
  readonly use_fp16?: boolean;
  readonly use_amp?: boolean;
  readonly num_workers?: number;
  readonly prefetch_factor?: number;
  readonly save_freq?: number;
  readonly val_freq?: number;
  /** Losses, training pictures and validation pictures are logged this often. */
  readonly log_freq?: readonly number[];
  readonly save_images?: boolean;
  readonly use_ema_val?: boolean;
  readonly loss_coef?: readonly number[];
  readonly local_logging?: boolean;
  readonly tf_logging?: boolean;
  readonly val_y_channel?: boolean;
  readonly val_resolution?: number;
  readonly val_padding_mode?: string;
  readonly compile?: { readonly flag: boolean; readonly mode?: string };
  /** SinSR: the student also learns the way back, to x_T; a number is the loss's weight. */
  readonly learn_xT?: boolean | number;
  /** SinSR: the weight of the loss against the photo. */
  readonly finetune_use_gt?: boolean | number;
  readonly xT_cov_loss?: boolean | number;
  readonly loss_in_image_space?: boolean;
  readonly distill_ddpm?: boolean;
  readonly use_reflow?: boolean;
  readonly reformulated_reflow?: boolean;
  readonly uncertainty_hyper?: boolean;
  readonly uncertainty_num_aux?: number;
}

/** Whichever sections a file has. */
export interface AuthorsConfig {
  readonly trainer?: { readonly target: string };
  readonly model?: AuthorsModel;
  readonly diffusion?: Built<AuthorsDiffusion>;
  readonly autoencoder?: AuthorsAutoencoder;
  readonly degradation?: AuthorsDegradation;
  readonly data?: { readonly train?: AuthorsData; readonly val?: Readonly<Record<string, unknown>> };
  readonly train?: AuthorsTraining;
}
