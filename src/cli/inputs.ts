/** What the words on the command line stand for: files, folders, patterns and standard input. */
import { readdir, stat } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { SamsrError } from "../base/errors.js";
import { recogniseFile } from "../image/recognise-file.js";
import { UsageError } from "./report.js";

export interface Input {
  /** What messages and results call it: the path, or "standard input". */
  readonly name: string;
  /** Left out for standard input. */
  readonly path?: string;
  /**
   * The input's path below the folder or pattern that named it; for a file that was named itself, the file
   * name.
   */
  readonly place: string;
}

export interface FoundInputs {
  readonly inputs: readonly Input[];
  /** Words that stand for nothing, and what of a folder cannot be looked at, each with its error. */
  readonly failures: readonly { readonly name: string; readonly error: unknown }[];
  /** Whether the words may mean more than one file, so that the output is a folder. */
  readonly several: boolean;
}

/** Files of a folder that mean to be pictures, whatever is in them. Of all others the content decides. */
const PICTURE = /\.(a?png|jpe?g?|jfif|webp|avif|tiff?|gif|bmp|hei[cf]|jxl)$/i;

/** More than this from a pipe is no picture. */
const STDIN_LIMIT = 2 ** 30;

/**
 * Finds the inputs, in the order of the words, those of a folder or pattern by name, each file once. Of a
 * folder, pictures that samsr does not read are inputs too, so that they are named.
 *
 * @param words paths, folders (their pictures, not hidden ones), patterns, `-`
 * @param options.recursive takes the pictures of subfolders too
 * @param options.out where results go; inside an input folder it is not an input
 * @throws UsageError when standard input is named twice or is a terminal
 */
export async function findInputs(
  words: readonly string[],
  options: { recursive?: boolean; out?: string } = {},
): Promise<FoundInputs> {
  const { recursive = false, out = "" } = options;
  const inputs: Input[] = [];
  const failures: { name: string; error: unknown }[] = [];
  let several = words.length > 1;
  const seen = new Set<string>();
  const add = (input: Input) => {
    const key = input.path === undefined ? "-" : resolve(input.path);
    if (!seen.has(key)) inputs.push(input);
    seen.add(key);
  };
  for (const word of words) {
    try {
      if (word === "-") add(standardInput(seen));
      else if (await isDirectory(word)) {
        several = true;
        const listed = await listFolder(word, recursive, out);
        for (const input of listed.inputs) add(input);
        failures.push(...listed.failures);
      } else if (await isPattern(word)) {
        several = true;
        const matched = await matchPattern(word);
        for (const input of matched.inputs) add(input);
        failures.push(...matched.failures);
      } else {
        // What the command line hands over in place of bytes that are no UTF-8.
        if (word.includes("\ufffd") && !(await exists(word))) throw notUtf8(word);
        add({ name: word, path: word, place: fileName(word) });
      }
    } catch (error) {
      if (error instanceof UsageError) throw error;
      failures.push({ name: word, error });
    }
  }
  return { inputs, failures, several };
}

function standardInput(seen: ReadonlySet<string>): Input {
  if (seen.has("-")) throw new UsageError("standard input (-) can be read only once");
  if (process.stdin.isTTY) {
    throw new UsageError("standard input (-) is a terminal; send a picture through a pipe, or name a file");
  }
  return { name: "standard input", place: "stdin" };
}

async function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );
}

/**
 * Tells whether this is a word with `*`, `?`, `[...]` or `{...}` that is not itself the name of something.
 */
async function isPattern(word: string): Promise<boolean> {
  if (!/[*?[{(]/.test(word)) return false;
  const { default: glob } = await import("fast-glob");
  return glob.isDynamicPattern(word) && !(await exists(word));
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function notUtf8(name: string): SamsrError {
  return new SamsrError(`${name}: its name is not UTF-8; rename it`);
}

/**
 * Returns all that matches and is no folder: what is no regular file either, reading will refuse by name.
 */
async function matchPattern(word: string): Promise<Pick<FoundInputs, "inputs" | "failures">> {
  const { default: glob } = await import("fast-glob");
  const pattern = sep === "\\" ? word.replaceAll("\\", "/") : word;
  const base = commonFolder(glob.generateTasks(pattern).map((task) => resolve(task.base)));
  const matching = await glob(pattern, { onlyFiles: false, suppressErrors: true });
  const inputs: Input[] = [];
  const failures: { name: string; error: unknown }[] = [];
  for (const path of matching.sort()) {
    if (await isDirectory(path)) continue;
    if (path.includes("\ufffd") && !(await exists(path))) failures.push({ name: path, error: notUtf8(path) });
    else inputs.push({ name: path, path, place: relative(base, resolve(path)) });
  }
  if (inputs.length === 0 && failures.length === 0) {
    throw new SamsrError(`${word}: no file matches this pattern`);
  }
  return { inputs, failures };
}

/** Returns the deepest folder that holds all of these. */
function commonFolder(folders: string[]): string {
  const [first = ".", ...others] = folders;
  const parts = first.split(sep);
  let shared = parts.length;
  for (const other of others) {
    const differs = other.split(sep).findIndex((part, i) => part !== parts[i]);
    shared = Math.min(shared, differs < 0 ? other.split(sep).length : differs);
  }
  return parts.slice(0, shared).join(sep) || sep;
}

async function listFolder(
  folder: string,
  recursive: boolean,
  out: string,
): Promise<Pick<FoundInputs, "inputs" | "failures">> {
  const inputs: Input[] = [];
  const failures: { name: string; error: unknown }[] = [];
  const results = resolve(out);
  async function list(inside: string): Promise<void> {
    const folders: string[] = [];
    for (const entry of await entriesOf(join(folder, inside))) {
      const { name, bytes } = entry;
      if (name.startsWith(".")) continue;
      const place = join(inside, name);
      const path = join(folder, place);
      if (!bytes.equals(Buffer.from(name))) failures.push({ name: path, error: notUtf8(path) });
      else if (entry.isFolder) folders.push(place);
      else if (await isInput(path)) inputs.push({ name: path, path, place });
    }
    if (!recursive) return;
    for (const place of folders) {
      const path = join(folder, place);
      if (resolve(path) === results) continue;
      await list(place).catch((error) => failures.push({ name: path, error }));
    }
  }
  await list("");
  if (inputs.length === 0 && failures.length === 0) {
    const more = recursive ? "" : "; --recursive looks into its subfolders too";
    throw new SamsrError(`${folder}: no pictures in this folder${more}`);
  }
  return { inputs, failures };
}

interface Entry {
  readonly name: string;
  /** The name as the system has it. */
  readonly bytes: Buffer;
  readonly isFolder: boolean;
}

/** Returns what is in a folder, by name. */
async function entriesOf(folder: string): Promise<Entry[]> {
  const entries = await readdir(folder, { withFileTypes: true, encoding: "buffer" });
  return entries
    .map((entry) => ({ name: entry.name.toString(), bytes: entry.name, isFolder: entry.isDirectory() }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Tells whether a file of a folder is an input: it means to be a picture or is one, of any kind; or it is a
 * pipe or a device, which reading will refuse by name. A link to a folder is neither a picture nor followed:
 * it may lead round in a circle.
 */
async function isInput(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory()) return false;
  if (PICTURE.test(path)) return true;
  if (facts === undefined) return false;
  return !facts.isFile() || (await recogniseFile(path).catch(() => undefined)) !== undefined;
}

function fileName(path: string): string {
  return path.split(/[/\\]/).at(-1) || path;
}

/** Reads all of standard input. */
export async function readStandardInput(signal?: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  const stop = () => process.stdin.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of process.stdin) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > STDIN_LIMIT) throw new SamsrError("standard input is larger than 1 GiB");
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", stop);
    process.stdin.destroy();
  }
  signal?.throwIfAborted();
  return Buffer.concat(chunks);
}
