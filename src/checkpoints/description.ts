/**
 * The contents of a model's `model.json`: one type for each kind of model, told apart by `network`. `weights`
 * names safetensors files beside it; `../NAME/FILE` is one of another model of the same store. What a
 * description holds is defined by the network that the model is about.
 */
import {
  type COVERAGE_NETWORK,
  type CommonDescription,
  type DirectJson,
  type JsonOf,
  type KnownNetwork,
  NETWORKS,
  type Network,
  type ONNX_FILE,
  type PIXEL_DENOISER,
  type SWIN_UNET,
  type VQ_AUTOENCODER,
} from "../networks/index.js";

export type ModelDescription = JsonOf<KnownNetwork> | DirectModel;

/** A denoiser of pixels, bundled or made by `samsr train`: a student that takes one step, and its teacher. */
export type PixelModel = JsonOf<typeof PIXEL_DENOISER>;

/** A denoiser of an autoencoder's latents: what SAMSR, SinSR and ResShift publish. */
export type LatentModel = JsonOf<typeof SWIN_UNET>;

/** An autoencoder by itself, for the denoisers that are added after it. */
export type AutoencoderModel = JsonOf<typeof VQ_AUTOENCODER>;

/** A network that predicts how many masks cover each pixel. */
export type CoverageModel = JsonOf<typeof COVERAGE_NETWORK>;

/** Any ONNX file that makes a large picture of a small one. */
export type OnnxFileModel = JsonOf<typeof ONNX_FILE>;

/** A description of which only what all have in common is known. */
type AnyDescription = CommonDescription & {
  readonly network: string;
  readonly weights: Readonly<Record<string, string>>;
};

/** A network that makes the large picture in one pass from the small one. */
export type DirectModel = DirectJson<string, unknown>;

/** The models that make a picture larger. */
export type UpscalingModel = PixelModel | LatentModel | DirectModel | OnnxFileModel;

/** Returns the network that a kind of model is about; undefined for a word that is no kind. */
export function networkOfKind(kind: string): Network | undefined {
  return NETWORKS.find(({ model }) => model.kind === kind);
}

/** A network in a model: in which file of weights, and with which configuration. */
export interface HeldNetwork {
  /** The name of its weights in the description. */
  readonly part: string;
  /** The file, as the description names it. */
  readonly file: string;
  readonly network: Network;
  readonly config: unknown;
}

/** Returns the network that a model is about. */
export function networkOf(description: { readonly network: string }): Network {
  return networkOfKind(description.network)!;
}

/**
 * Lists all networks in a model, the one that it is about first; a part that a model may lack is in those
 * that have it.
 */
export function networksIn(description: ModelDescription): readonly HeldNetwork[] {
  const network = networkOf(description);
  const { weights, ...fields } = description as AnyDescription & Readonly<Record<string, unknown>>;
  const held = Object.entries(network.model.weights).filter(([part]) => weights[part] !== undefined);
  return held.map(([part, held]) => ({
    part,
    file: weights[part],
    network: held === "self" ? network : held.network,
    config: fields[held === "self" ? "config" : held.config],
  }));
}

/** Tells whether a model makes pictures larger. */
export function enlarges(description: ModelDescription): description is UpscalingModel {
  return networkOf(description).upscaling !== undefined;
}

/** Tells whether a model is one of this network. */
export function isModelOf<N extends Network>(
  description: ModelDescription,
  network: N,
): description is Extract<ModelDescription, JsonOf<N>> {
  return networkOf(description) === (network as Network);
}
