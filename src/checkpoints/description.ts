/**
 * The contents of a model's `model.json`: one type for each kind of model, told apart by `network`. `weights` names
 * safetensors files beside it; `../NAME/FILE` is one of another model of the same store.
 */
import type { CoverageNetworkConfig, SamConfig, SwinUNetConfig, VqConfig } from "../networks/index.js";

interface Described {
  readonly name: string;
  /** One line for `samsr models`. */
  readonly summary: string;
  readonly licence: string;
  /** Where the weights were fetched from. */
  readonly source?: string;
}

/** As `exponentialSchedule` takes it. */
export interface ScheduleDescription {
  readonly steps: number;
  readonly power: number;
  readonly kappa: number;
  readonly minNoiseLevel: number;
  readonly etasEnd: number;
}

/** A denoiser of pixels, bundled or made by `samsr train`. */
export interface PixelModel extends Described {
  readonly network: "pixel-denoiser";
  readonly config: SwinUNetConfig;
  readonly schedule: ScheduleDescription;
  /** m of equation 9. */
  readonly m: number;
  /** The student takes one step, the teacher a chain of them. */
  readonly weights: { readonly student: string; readonly teacher: string };
}

/** A denoiser of an autoencoder's latents: what SAMSR, SinSR and ResShift publish. */
export interface LatentModel extends Described {
  readonly network: "latent-denoiser";
  readonly config: SwinUNetConfig;
  readonly autoencoder: VqConfig;
  readonly schedule: ScheduleDescription;
  /** m of equation 9. */
  readonly m: number;
  /** Whose equations the weights were trained with; the default of every run. */
  readonly variant: "paper" | "release";
  /** What the weights were trained for: one step (samsr, sinsr) or the whole chain; the default of every run. */
  readonly method: "samsr" | "sinsr" | "resshift";
  readonly weights: { readonly denoiser: string; readonly autoencoder: string };
}

/** An autoencoder by itself, for the denoisers that are added after it. */
export interface AutoencoderModel extends Described {
  readonly network: "vq-autoencoder";
  readonly config: VqConfig;
  readonly weights: { readonly autoencoder: string };
}

/** Segment Anything, which finds masks. */
export interface SegmentationModel extends Described {
  readonly network: "segment-anything";
  readonly config: SamConfig;
  readonly weights: { readonly sam: string };
}

/** A network that predicts how many masks cover each pixel. */
export interface CoverageModel extends Described {
  readonly network: "coverage-network";
  readonly config: CoverageNetworkConfig;
  readonly weights: { readonly network: string };
}

export type ModelDescription =
  | PixelModel
  | LatentModel
  | AutoencoderModel
  | SegmentationModel
  | CoverageModel;

/** Those that make a picture larger. */
export type UpscalingModel = PixelModel | LatentModel;

export function enlarges(description: ModelDescription): description is UpscalingModel {
  return description.network === "pixel-denoiser" || description.network === "latent-denoiser";
}
