/**
 * A result appears under its name whole or not at all: it is written to a temporary file in the same
 * directory and then given its name. Without leave to overwrite, the name is given by a hard link, which the
 * system refuses when the name is taken, however late that happened.
 */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { access, constants, link, lstat, open, realpath, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SamsrError } from "../base/errors.js";

export interface WriteOptions {
  /** Replace an existing file; false by default. */
  overwrite?: boolean;
  /** Gives up: the returned promise rejects with the signal's reason at once and no file stays. */
  signal?: AbortSignal;
}

/** Temporary files in use; should the process exit meanwhile, they go with it. */
const temporaryFiles = new Set<string>();

/** Removes what is not finished yet: for a process that is about to end in a way that runs no exit handlers. */
export function removeTemporaryFiles(): void {
  for (const path of temporaryFiles) rmSync(path, { force: true });
}

/**
 * Writes a file whole or not at all.
 *
 * @param path the file's final name; a symbolic link is followed
 * @param content its bytes, or a function that writes them to the temporary path that it is given
 * @throws SamsrError when the target exists (and may not be overwritten), is a directory, or cannot be
 * written; what `content` throws passes through
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | ((temporaryPath: string) => Promise<unknown>),
  options: WriteOptions = {},
): Promise<void> {
  const { overwrite = false, signal } = options;
  signal?.throwIfAborted();
  const target = await checkTarget(path, overwrite);
  const temporary = join(dirname(target), `.samsr-${process.pid}-${randomBytes(6).toString("hex")}.tmp`);
  if (temporaryFiles.size === 0) process.once("exit", removeTemporaryFiles);
  temporaryFiles.add(temporary);

  const writing = (async () =>
    typeof content === "function" ? content(temporary) : writeFile(temporary, content))();
  // A write that was given up still runs to its end, and its file must go then.
  const settled = writing.then(
    () => undefined,
    () => undefined,
  );
  try {
    await untilAborted(writing, signal);
    await publish(temporary, target, path, overwrite);
  } catch (error) {
    throw isSystemError(error) ? unwritable(path, error) : error;
  } finally {
    await rm(temporary, { force: true });
    void settled.then(async () => {
      await rm(temporary, { force: true });
      temporaryFiles.delete(temporary);
      if (temporaryFiles.size === 0) process.off("exit", removeTemporaryFiles);
    });
  }
}

/**
 * Throws what writing to this path would be refused for, before any work is done for it.
 * @throws SamsrError when it exists (and may not be overwritten), is a directory, or its directory is
 * missing or not writable
 */
export async function checkWritable(path: string, options: { overwrite?: boolean } = {}): Promise<void> {
  await checkTarget(path, options.overwrite ?? false);
}

async function checkTarget(path: string, overwrite: boolean): Promise<string> {
  try {
    const target = await realpath(path).catch(() => path);
    const found = await lstat(target).catch(() => undefined);
    if (found?.isDirectory()) throw new SamsrError(`${path} is a directory; a file name was expected.`);
    if (found !== undefined && !overwrite) throw alreadyExists(path);
    await access(dirname(target), constants.W_OK | constants.X_OK);
    return target;
  } catch (error) {
    throw isSystemError(error) ? unwritable(path, error) : error;
  }
}

async function publish(temporary: string, target: string, path: string, overwrite: boolean): Promise<void> {
  if (overwrite) return rename(temporary, target);
  try {
    await link(temporary, target);
  } catch (error) {
    const code = isSystemError(error) ? error.code : undefined;
    if (code === "EEXIST") throw alreadyExists(path);
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code ?? "")) throw error;
    // A file system without hard links: claim the name by creating it, then put the file in its place.
    await claim(target, path);
    await rename(temporary, target);
  }
}

async function claim(target: string, path: string): Promise<void> {
  try {
    await (await open(target, "wx")).close();
  } catch (error) {
    throw isSystemError(error) && error.code === "EEXIST" ? alreadyExists(path) : error;
  }
}

function untilAborted(work: Promise<unknown>, signal: AbortSignal | undefined): Promise<unknown> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function alreadyExists(path: string): SamsrError {
  return new SamsrError(`${path} exists already; ask to overwrite it, or choose another name.`);
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

function unwritable(path: string, error: NodeJS.ErrnoException): SamsrError {
  const reasons: Record<string, string> = {
    ENOENT: "its directory does not exist",
    ENOTDIR: "a part of its path is not a directory",
    EACCES: "no permission",
    EPERM: "no permission",
    EROFS: "the file system is read-only",
    ENOSPC: "no space is left",
    ENAMETOOLONG: "the name is too long",
  };
  return new SamsrError(`${path} cannot be written: ${reasons[error.code!] ?? error.message}.`);
}
