/**
 * Where results go, decided before any work is done: a file, a folder or standard output; the names in a
 * folder; and every reason to refuse a name that can be known beforehand.
 */
import { constants, fstatSync, type Stats } from "node:fs";
import { access, lstat, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { SamsrError } from "../base/errors.js";
import { isPlainName } from "../base/plain-name.js";
import { SCALE } from "../base/scale.js";
import { formatLike, formatOfName, type OutputFormat } from "../image/formats.js";
import type { Metadata } from "../image/index.js";
import type { FoundInputs, Input } from "./inputs.js";
import { UsageError } from "./report.js";

/** Standard output has a path where it was named by one, such as that of a link to /proc/self/fd/1. */
type Destination = { kind: "stdout"; path?: string } | { kind: "file" | "folder"; path: string };

export interface Target {
  /** The path of the result; left out for standard output. */
  readonly path?: string;
  readonly format: OutputFormat;
  /** Whether the result exists and is to be left as it is. */
  readonly skip: boolean;
}

interface TargetOptions {
  readonly destination: Destination;
  readonly format?: OutputFormat;
  readonly overwrite?: boolean;
  readonly skipExisting?: boolean;
  /**
   * How results in a folder are called, without their ending: `{name}`, `{ext}` and `{scale}` stand for the
   * input's and the factor.
   */
  readonly name?: string;
  readonly scale?: number;
  readonly inputs: readonly Input[];
}

const endingOfFormat: Record<OutputFormat, string> = {
  png: ".png",
  jpeg: ".jpg",
  webp: ".webp",
  avif: ".avif",
  tiff: ".tif",
  gif: ".gif",
};

/**
 * Reads the word after `-o`: a folder when it ends in a slash, is one, or several files may come; else a
 * file.
 *
 * @throws UsageError when standard output cannot take the results, or the ending is no format that can be
 *   written
 * @throws SamsrError when a file is where a folder is due
 */
export async function chooseDestination(
  out: string,
  found: FoundInputs,
  format?: OutputFormat,
): Promise<Destination> {
  if (out === "-") {
    if (found.inputs.length > 1 || found.several) {
      throw new UsageError("standard output (-o -) takes one picture; several inputs need a folder");
    }
    if (process.stdout.isTTY) {
      throw new UsageError("standard output (-o -) is a terminal; send it to a file or another program");
    }
    return { kind: "stdout" };
  }
  const facts = await stat(out).catch(() => undefined);
  if (facts?.isDirectory()) return { kind: "folder", path: out };
  if (facts && !found.several && isStandardOutput(facts)) return { kind: "stdout", path: out };
  if (/[/\\]$/.test(out) || found.several) {
    if (facts !== undefined || (await isBelowFile(out))) {
      throw new SamsrError(`${out}: a file is in the way; a folder is needed for several inputs`);
    }
    if (!/[/\\]$/.test(out) && formatOfName(out) !== undefined) {
      throw new UsageError(
        `${out}: the name of one file, for several inputs; name a folder (${out}/, should it be called so)`,
      );
    }
    return { kind: "folder", path: out };
  }
  const ending = extname(out);
  if (ending !== "" && format === undefined && formatOfName(out) === undefined) {
    throw new UsageError(
      `${out}: samsr writes no ${ending} files; name it .png, .jpg, .webp, .avif, .tif or .gif, or ` +
        "give --format",
    );
  }
  return { kind: "file", path: out };
}

/** Tells whether a path leads to what standard output is, whatever it is. */
function isStandardOutput({ dev, ino }: Stats): boolean {
  try {
    const own = fstatSync(1);
    return own.dev === dev && own.ino === ino;
  } catch {
    return false;
  }
}

async function isBelowFile(path: string): Promise<boolean> {
  const facts = await stat(await existingAncestor(path)).catch(() => undefined);
  return !facts?.isDirectory();
}

/** Returns the path itself, or the nearest folder above it that exists. */
async function existingAncestor(path: string): Promise<string> {
  for (let at = resolve(path); ; at = dirname(at)) {
    if ((await lstat(at).catch(() => undefined)) || dirname(at) === at) return at;
  }
}

/** What of a picture that was read decides its format. */
type ReadFormat = Pick<Metadata, "format" | "pageCount">;

export interface Targets {
  /**
   * Settles where an input's result goes and claims that name.
   *
   * @param read the format and number of frames that the input turned out to have, once it is read
   * @returns undefined while the format cannot be told from names alone: ask again with `read`
   * @throws SamsrError when the name is taken by a file, an input or another result, or cannot be written
   */
  claim(input: Input, read?: ReadFormat): Promise<Target | undefined>;
}

export async function planTargets(options: TargetOptions): Promise<Targets> {
  const { destination, overwrite = false, skipExisting = false, inputs } = options;
  const claimed = new Map<string, Input>();
  const originals = new Map<string, Input>();
  for (const input of inputs) if (input.path) originals.set(await canonical(input.path), input);

  function formatFor(input: Input, read?: ReadFormat): OutputFormat | undefined {
    if (options.format) return options.format;
    const byOut = destination.kind === "folder" ? undefined : formatOfName(destination.path ?? "");
    const byName = input.path === undefined ? undefined : formatOfName(input.path);
    // A GIF becomes a GIF only where it moves, which only reading it tells.
    if (byOut ?? (byName !== "gif" && byName)) return byOut ?? byName;
    return read && formatLike(read.format, read.pageCount);
  }

  async function claim(input: Input, read?: ReadFormat): Promise<Target | undefined> {
    const format = formatFor(input, read);
    if (format === undefined) return undefined;
    if (destination.kind === "stdout") return { format, skip: false };
    const path =
      destination.kind === "file" ? destination.path : pathIn(destination.path, input, format, options);
    const real = await canonical(path);

    const other = claimed.get(real);
    if (other !== undefined && other !== input) {
      throw new SamsrError(
        `${input.name} and ${other.name} would both be written to ${path}; do one of them apart`,
      );
    }
    claimed.set(real, input);
    const original = originals.get(real);
    if (original !== undefined) {
      const whose = original === input ? "its own input" : `the input ${original.name}`;
      throw new SamsrError(
        `${input.name}: the result would overwrite ${whose}; choose another name or folder`,
      );
    }
    const found = await stat(path).catch(() => lstat(path).catch(() => undefined));
    if (found?.isDirectory()) throw new SamsrError(`${path} is a directory; a file name was expected`);
    if (found && !found.isFile() && !found.isSymbolicLink()) {
      throw new SamsrError(`${path} is a device, pipe or socket; the name of a file was expected`);
    }
    if (found !== undefined && skipExisting) return { path, format, skip: true };
    if (found !== undefined && !overwrite) {
      throw new SamsrError(`${path} exists already; --overwrite replaces it, --skip-existing leaves it`);
    }
    await checkFolder(path);
    return { path, format, skip: false };
  }
  return { claim };
}

function pathIn(folder: string, input: Input, format: OutputFormat, { name, scale }: TargetOptions): string {
  const ending = extname(input.place);
  const stem = ending === "" ? input.place : input.place.slice(0, -ending.length);
  if (name === undefined) {
    return join(folder, stem + (formatOfName(input.place) === format ? ending : endingOfFormat[format]));
  }
  const values: Record<string, string> = {
    "{name}": basename(stem),
    "{ext}": ending.slice(1),
    "{scale}": String(scale ?? SCALE),
  };
  const filled = name.replace(/\{(name|ext|scale)\}/g, (field) => values[field]!);
  return join(folder, dirname(stem), filled + endingOfFormat[format]);
}

/**
 * Refuses a pattern of names that leads elsewhere or stands for nothing.
 * @throws UsageError
 */
export function checkResultName(
  {
    name,
    width,
    height,
    longest,
  }: Pick<TargetOptions, "name"> & Partial<Record<"width" | "height" | "longest", number>>,
  destination: Destination,
): void {
  if (name === undefined) return;
  const refuse = (why: string) => new UsageError(`--name ${name}: ${why}`);
  if (destination.kind !== "folder") throw refuse("names results in a folder; -o names one file");
  const unknown = name.replace(/\{(name|ext|scale)\}/g, "");
  if (/[{}]/.test(unknown)) throw refuse("expected {name}, {ext} and {scale} in it, and no other braces");
  if (!isPlainName(name)) throw refuse("expected the name of a file, with no folder");
  if (name.includes("{scale}") && (width ?? height ?? longest) !== undefined) {
    throw refuse("{scale} is not known where the result's size is given");
  }
}

/** Throws unless a file can be made at this path, its missing folders first. */
export async function checkFolder(path: string): Promise<void> {
  const existing = await existingAncestor(dirname(path));
  const refuse = (reason: string) => new SamsrError(`${path} cannot be written: ${reason}`);
  const facts = await stat(existing).catch(() => undefined);
  if (!facts?.isDirectory()) throw refuse(`${existing} is not a folder`);
  await access(existing, constants.W_OK | constants.X_OK).catch(() => {
    throw refuse(`no permission to write in ${existing}`);
  });
}

/** Throws when something has this name already, unless it may be replaced. */
export async function refuseExisting(path: string, overwrite: boolean | undefined): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found !== undefined && !overwrite) {
    throw new SamsrError(`${path} exists already; --overwrite replaces it`);
  }
}

/** Returns one spelling for one place: links resolved as far as the path exists. */
async function canonical(path: string): Promise<string> {
  const full = resolve(path);
  return realpath(full).catch(async () => {
    const above = dirname(full);
    return above === full ? full : join(await canonical(above), full.slice(above.length));
  });
}
