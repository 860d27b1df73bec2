/** Reads a `model.json`: every field is checked, so that what follows may rely on its type. */

import {
  brief,
  type Check,
  list,
  number,
  object,
  oneOf,
  optional,
  test,
  text,
  whole,
} from "../base/checks.js";
import { SamsrError } from "../base/errors.js";
import type { ModelDescription } from "./description.js";

const fileName = "[^/\\\\:.][^/\\\\:]*";
const weightsFile = test(
  (v) => typeof v === "string" && new RegExp(`^(\\.\\./${fileName}/)?${fileName}$`).test(v),
  "the name of a file beside it, or ../NAME/FILE of another model",
);

const described = { name: text, summary: text, licence: text, source: optional(text) };

const schedule = object({
  steps: whole(1, 10_000),
  power: number(1e-3, 100),
  kappa: number(1e-6, 1000),
  minNoiseLevel: number(1e-9, 1),
  etasEnd: number(1e-9, 1),
});

const swinUNet: Check = (value, at) =>
  object({
    outChannels: whole(),
    modelChannels: whole(),
    channelMult: list(number(1e-2, 1024)),
    resBlocks: list(whole()),
    imageSize: whole(),
    attentionResolutions: list(whole(), 0),
    swin: object({
      embed: whole(),
      depth: whole(1, 1000),
      headChannels: whole(),
      window: whole(1, 1024),
      mlpRatio: number(1e-3, 1024),
      masking: oneOf("neighbours", "published"),
    }),
  })(value, at) ?? levels(value as { channelMult: unknown[]; resBlocks: unknown[] }, at);

function levels(config: { channelMult: unknown[]; resBlocks: unknown[] }, at: string): string | undefined {
  const { channelMult, resBlocks } = config;
  if (channelMult.length === resBlocks.length && channelMult.length <= 10) return undefined;
  return `"${at}.channelMult" and "${at}.resBlocks" must have one number for each level, not ${channelMult.length} and ${resBlocks.length}`;
}

const autoencoder = object({
  channels: whole(),
  channelMult: list(whole()),
  resBlocks: whole(0, 1000),
  latentChannels: whole(),
  codes: whole(),
});

const segmentAnything = object({
  imageSize: whole(),
  patchSize: whole(),
  embed: whole(),
  depth: whole(1, 1000),
  heads: whole(),
  mlp: whole(),
  window: whole(0, 1024),
  globalAttention: list(whole(0, 1000), 0),
  globalOffsets: whole(),
  promptEmbed: whole(),
  maskChannels: whole(),
  decoderDepth: whole(1, 1000),
  decoderHeads: whole(),
  decoderMlp: whole(),
  downsample: whole(),
  maskTokens: whole(1, 1000),
  iouHidden: whole(),
  iouDepth: whole(1, 1000),
});

/** m W must stay below 1, or kappa would be negative. */
const m = number(0, 0.999);

const kinds: Record<ModelDescription["network"], Check> = {
  "pixel-denoiser": object({
    ...described,
    config: swinUNet,
    schedule,
    m,
    weights: object({ student: weightsFile, teacher: weightsFile }),
  }),
  "latent-denoiser": object({
    ...described,
    config: swinUNet,
    autoencoder,
    schedule,
    m,
    variant: oneOf("paper", "release"),
    method: oneOf("samsr", "sinsr", "resshift"),
    weights: object({ denoiser: weightsFile, autoencoder: weightsFile }),
  }),
  "vq-autoencoder": object({
    ...described,
    config: autoencoder,
    weights: object({ autoencoder: weightsFile }),
  }),
  "coverage-network": object({
    ...described,
    config: object({ channels: list(whole()), blocks: list(whole()), groups: whole() }),
    weights: object({ network: weightsFile }),
  }),
  "segment-anything": object({
    ...described,
    config: segmentAnything,
    weights: object({ sam: weightsFile }),
  }),
};

/**
 * @param path what errors call it
 * @throws {SamsrError} that names the first field that is missing or makes no sense
 */
export function parseDescription(json: string, path: string): ModelDescription {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SamsrError(`${path}: not JSON; install the model again`);
  }
  const network = (value as ModelDescription | null)?.network;
  if (typeof network !== "string" || !Object.hasOwn(kinds, network)) {
    const known = Object.keys(kinds).join(", ");
    throw new SamsrError(`${path}: unknown network ${brief(network ?? "")}; this version knows ${known}`);
  }
  const complaint = kinds[network](value, "");
  if (complaint) throw new SamsrError(`${path}: ${complaint}; install the model again`);
  return value as ModelDescription;
}
