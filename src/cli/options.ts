/** Options that several commands take, and the parsers of their values. */
import { InvalidArgumentError, Option } from "commander";
import { isPlainName } from "../base/plain-name.js";
import { VARIANTS } from "../diffusion/pixelwise-options.js";
import type { OutputFormat } from "../image/index.js";
import type { DegradationName } from "../train/data/degradations.js";
import type { Interrupts } from "./interrupt.js";

/** What a command's definition is given beside the program. */
export interface Surroundings {
  readonly interrupts: Interrupts;
  /** Sets the exit code. */
  done(exitCode: number): void;
}

/** @param standard left out where the default is not one word for all */
export function choice(
  flags: string,
  description: string,
  choices: readonly string[],
  standard?: string,
): Option {
  return new Option(flags, description).choices(choices).default(standard);
}

/** A parser of whole numbers from `least` to `most`. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** A name that becomes a folder's, or stands in for one. */
export function plainName(text: string): string {
  if (isPlainName(text)) return text;
  throw new InvalidArgumentError(
    "Expected a name without slashes, backslashes or colons, and no dot in front.",
  );
}

export function factor(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value > 0 && value <= 8) return value;
  throw new InvalidArgumentError("Expected a number over 0 and at most 8.");
}

export function real(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected a number.");
}

export function notNegative(text: string): number {
  const value = real(text);
  if (value >= 0) return value;
  throw new InvalidArgumentError("Expected a number from 0 on.");
}

export function positive(text: string): number {
  const value = real(text);
  if (value > 0) return value;
  throw new InvalidArgumentError("Expected a number above 0.");
}

export function share(text: string): number {
  const value = real(text);
  if (value >= 0 && value <= 1) return value;
  throw new InvalidArgumentError("Expected a number from 0 to 1.");
}

/** Height and width, as shapes have them. */
export function size(text: string): { height: number; width: number } {
  const [, height, width] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? [];
  if (height !== undefined) return { height: Number(height), width: Number(width) };
  throw new InvalidArgumentError("Expected height and width, as 64x96.");
}

export function format(text: string): OutputFormat {
  const names: Record<string, OutputFormat> = { jpg: "jpeg", tif: "tiff" };
  const name = names[text.toLowerCase()] ?? text.toLowerCase();
  if (/^(png|jpeg|webp|avif|tiff|gif)$/.test(name)) return name as OutputFormat;
  throw new InvalidArgumentError("Allowed choices are png, jpeg, webp, avif, tiff, gif.");
}

export const model = () =>
  new Option("--model <name>", "an installed model, or a model's folder").default("samsr-tiny");
export const device = () =>
  choice("--device <name>", "where the network runs", ["auto", "cpu", "webgpu", "torch"], "auto");
/** Of training, which only runs elsewhere than on the CPU where it is told to. */
export const trainingDevice = () =>
  choice("--device <name>", "where the network runs", ["cpu", "webgpu", "torch"], "cpu");
export const threads = () =>
  new Option("--threads <n>", "threads on the CPU (default: all cores)").argParser(whole(1, 1024));
export const seed = () =>
  new Option("--seed <n>", "seed of the noise; the same seed gives the same noise")
    .argParser(whole(0))
    .default(0);
/** @param standard for a command without a model, which otherwise decides */
export const variant = (standard?: string) =>
  choice(
    "--variant <name>",
    `equations of the paper or of its code${standard ? "" : " (default: the model's)"}`,
    VARIANTS,
    standard,
  );
export const pixelLimit = () =>
  new Option("--pixel-limit <n>", "the most pixels a picture may have (default: 100000000)").argParser(
    whole(1),
  );
const degradations: DegradationName[] = ["mild", "real-esrgan", "bicubic", "blind"];
export const degradation = (standard?: DegradationName) =>
  choice("--degradation <name>", "how photos are made small (default: mild)", degradations, standard);
