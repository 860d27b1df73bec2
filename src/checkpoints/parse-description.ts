/** Reads a `model.json`: every field is checked, so that what follows may rely on its type. */
import { SamsrError } from "../base/errors.js";
import type { ModelDescription } from "./description.js";

/** Says what is wrong with a value, or nothing; `at` is its place, such as `config.swin.window`. */
type Check = (value: unknown, at: string) => string | undefined;

const whole = (least = 1, most = 2 ** 20): Check =>
  test(
    (v) => Number.isInteger(v) && (v as number) >= least && (v as number) <= most,
    `a whole number from ${least} to ${most}`,
  );

const number = (least: number, most: number): Check =>
  test((v) => typeof v === "number" && v >= least && v <= most, `a number from ${least} to ${most}`);

const text = test((v) => typeof v === "string" && v.trim() !== "", "a text");

const oneOf = (...words: string[]): Check =>
  test(
    (v) => words.includes(v as string),
    words
      .map((word) => `"${word}"`)
      .join(", ")
      .replace(/, (?=[^,]*$)/, " or "),
  );

const fileName = "[^/\\\\:.][^/\\\\:]*";
const weightsFile = test(
  (v) => typeof v === "string" && new RegExp(`^(\\.\\./${fileName}/)?${fileName}$`).test(v),
  "the name of a file beside it, or ../NAME/FILE of another model",
);

function test(good: (value: unknown) => boolean, expected: string): Check {
  return (value, at) => {
    if (value === undefined) return `"${at}" is missing`;
    return good(value) ? undefined : `"${at}" must be ${expected}, not ${brief(value)}`;
  };
}

function optional(check: Check): Check {
  return (value, at) => (value === undefined ? undefined : check(value, at));
}

/** A list with at least `least` elements. */
function list(element: Check, least = 1): Check {
  const isList = test((v) => Array.isArray(v) && v.length >= least && v.length <= 1000, "a list of numbers");
  return (value, at) =>
    isList(value, at) ?? first((value as unknown[]).map((v, i) => element(v, `${at}.${i}`)));
}

function object(fields: Readonly<Record<string, Check>>): Check {
  const isObject = test((v) => typeof v === "object" && v !== null && !Array.isArray(v), "an object");
  return (value, at) =>
    isObject(value, at) ??
    first(
      Object.entries(fields).map(([key, check]) => {
        const field = Object.hasOwn(value as object, key)
          ? (value as Record<string, unknown>)[key]
          : undefined;
        return check(field, at === "" ? key : `${at}.${key}`);
      }),
    );
}

const first = (complaints: (string | undefined)[]) => complaints.find((c) => c !== undefined);

function brief(value: unknown): string {
  const json = JSON.stringify(value);
  return json.length > 60 ? `${json.slice(0, 60)}...` : json;
}

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
    channelMult: list(whole()),
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
