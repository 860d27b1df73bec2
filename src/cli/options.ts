/** Options that several commands take, and the parsers of their values. */
import { readFileSync } from "node:fs";
import { type Command, InvalidArgumentError, Option } from "commander";
import { SamsrError } from "../base/errors.js";
import { isPlainName } from "../base/plain-name.js";
import { type Described, parseWords } from "../base/words.js";
import type { DegradationName } from "../train/data/degradations.js";
import { DEFAULT_MODEL } from "../upscale/default-model.js";
import { PRESETS, type Preset, PUBLISHED_SEED } from "../upscale/preset-names.js";
import { DEVICES, LIMIT_WORDS, UPSCALE_WORDS } from "../upscale/words.js";
import type { Interrupts } from "./interrupt.js";

/** What a command's definition is given beside the program. */
export interface Surroundings {
  readonly interrupts: Interrupts;
  /** Sets the exit code. */
  done(exitCode: number): void;
}

/** Returns the package's version. */
export function version(): string {
  return JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")).version;
}

/**
 * Makes an option whose value is one of some words.
 * @param standard left out where the default is not one word for all
 */
export function choice(
  flags: string,
  description: string,
  choices: readonly string[],
  standard?: string,
): Option {
  return new Option(flags, description).choices(choices).default(standard);
}

/** Returns a name as a flag: --eta-scale for `etaScale`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * Makes the option for a described value: `etaScale` is `--eta-scale <m>`.
 * @param words said instead of the description's own
 */
export function described(name: string, description: Described, words: string = description.words): Option {
  const flag = flagOf(name);
  const { schema, value, conflicts } = description;
  const option = new Option(schema.type === "boolean" ? flag : `${flag} <${value}>`, words);
  if (schema.type !== "boolean") option.argParser((text) => parsed(description, text));
  // The choices are for the help's eyes; the parser knows other words for some.
  if (schema.type === "string" && schema.enum) option.argChoices = [...schema.enum];
  if ("default" in schema) option.default(schema.default);
  return option.conflicts([...(conflicts ?? [])]);
}

function parsed(description: Described, text: string): unknown {
  try {
    return parseWords(description, text);
  } catch (error) {
    throw error instanceof SamsrError ? new InvalidArgumentError(error.message) : error;
  }
}

/** Makes a parser of whole numbers from `least` to `most`. */
export function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

/** Parses a name that becomes a folder's, or stands in for one. */
export function plainName(text: string): string {
  if (isPlainName(text)) return text;
  throw new InvalidArgumentError(
    "Expected a name without slashes, backslashes or colons, and no dot in front.",
  );
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

/** Parses height and width, as shapes have them. */
export function size(text: string): { height: number; width: number } {
  const [, height, width] = /^([1-9]\d{0,4})x([1-9]\d{0,4})$/.exec(text) ?? [];
  if (height !== undefined) return { height: Number(height), width: Number(width) };
  throw new InvalidArgumentError("Expected height and width, as 64x96.");
}

export const model = () =>
  new Option("--model <name>", "an installed model, a model's folder, or a file of weights").default(
    DEFAULT_MODEL,
  );
export const device = () => choice("--device <name>", "where the network runs", DEVICES, "auto");
/** The device of training, which only runs elsewhere than on the CPU where it is told to. */
export const trainingDevice = () =>
  choice(
    "--device <name>",
    "where the network runs",
    DEVICES.filter((name) => name !== "auto"),
    "cpu",
  );
export const threads = () =>
  new Option("--threads <n>", "threads on the CPU (default: all cores)")
    .env("SAMSR_THREADS")
    .argParser(whole(1, 1024));
/** How far between the ends of a model that has two. @param words said instead of the usual ones */
export const detail = (words?: string) => described("detail", UPSCALE_WORDS.detail, words);
export const seed = () => described("seed", UPSCALE_WORDS.seed);
/**
 * Makes the option `--variant`.
 * @param standard for a command without a model, which otherwise decides
 */
export function variant(standard?: string): Option {
  const option = described("variant", UPSCALE_WORDS.variant);
  if (standard === undefined) return option;
  option.description = option.description.replace(/ \(default: .*\)$/, "");
  return option.default(standard);
}
/** Makes the option `--limit`. @param things what is in the folders */
export const limit = (things = "photos") =>
  new Option("--limit <n>", `at most this many ${things}, spread evenly over all`).argParser(whole(1));
export const niqeModel = () =>
  new Option("--niqe-model <file>", "what NIQE compares with, .npz or .safetensors");
export const pixelLimit = () => described("pixelLimit", LIMIT_WORDS.pixelLimit);
const degradations: DegradationName[] = ["mild", "real-esrgan", "bicubic", "blind"];
export const degradation = (standard?: DegradationName) =>
  choice("--degradation <name>", "how photos are made small (default: mild)", degradations, standard);
export const preset = () =>
  new Option(
    "--preset <name>",
    "published: as the authors measure; what else is said stands over it",
  ).choices(PRESETS);
/** Adds the options of how methods enlarge the pictures that a command measures. */
export function addMethodOptions(command: Command): Command {
  for (const option of [preset(), seed(), device(), threads()]) command.addOption(option);
  return command;
}

/** Returns what a command was told, with its preset's seed where no other was said. */
export function withPresetSeed<T extends { readonly preset?: Preset; readonly seed: number }>(
  options: T,
  command: Command,
): T {
  const said = command.getOptionValueSource("seed") !== "default";
  return options.preset === undefined || said ? options : { ...options, seed: PUBLISHED_SEED };
}
