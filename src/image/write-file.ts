/**
 * A result appears under its name whole or not at all: it is written to a temporary file in the same
 * directory and then given its name. Without leave to overwrite, the name is given by a hard link, which the
 * system refuses when the name is taken, however late that happened.
 */
import type { Stats } from "node:fs";
import {
  access,
  chmod,
  chown,
  constants,
  link,
  lstat,
  open,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { unlessAborted } from "../base/abort.js";
import { checkArgument, checkOptions, checkText, type OptionType } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { removeTemporary, sweepTemporaryFiles, temporaryPath } from "../base/temporary-files.js";

export interface WriteOptions {
  /** Replace an existing file; false by default. */
  readonly overwrite?: boolean;
  /** Gives up: the returned promise rejects with the signal's reason at once and no file stays. */
  readonly signal?: AbortSignal;
  /**
   * Nobody but this user may read it (0600). By default a new file has the usual mode, and another keeps its
   * own.
   */
  readonly secret?: boolean;
  /** Whether the file can be made again, so that nobody waits until the disk has it. */
  readonly volatile?: boolean;
}

const WRITE_OPTIONS = {
  overwrite: "boolean",
  signal: "signal",
  secret: "boolean",
  volatile: "boolean",
} as const satisfies Record<keyof WriteOptions, OptionType>;

/**
 * Writes a file whole or not at all, also if the power fails: the disk has the content before the name, and
 * the name when the promise resolves. What replaces a file has its mode, and its owner where the system
 * allows that.
 *
 * @param path the file's final name; a symbolic link is followed, also where nothing is at its end
 * @param content its bytes, or a function that writes them to the temporary path that it is given, where an
 *   empty file is
 * @throws SamsrError when the target exists (and may not be overwritten), is no regular file, or cannot be
 * written; what `content` throws passes through
 */
export async function writeFileAtomically(
  path: string,
  content: Uint8Array | ((temporaryPath: string) => Promise<unknown>),
  options: WriteOptions = {},
): Promise<void> {
  checkText("the path of a file", path);
  const bytes = content instanceof Uint8Array || typeof content === "function";
  checkArgument("the content of a file", content, bytes, "a Uint8Array, or a function that writes it");
  checkOptions("writeFileAtomically", options, WRITE_OPTIONS);
  const { overwrite = false, signal, secret, volatile } = options;
  signal?.throwIfAborted();
  const { target, replaced } = await checkTarget(path, overwrite);
  const mode = replaced && replaced.mode & 0o777;
  await sweepTemporaryFiles(dirname(target));
  const temporary = temporaryPath(dirname(target));

  // It is private before it holds anything, where it must be, and can be written to until the end.
  const created = open(temporary, "wx", secret ? 0o600 : mode === undefined ? 0o666 : mode | 0o600).then(
    (file) => file.close(),
  );
  const writing = (async () => {
    await created;
    if (typeof content !== "function") await writeFile(temporary, content);
    else await Promise.resolve(content(temporary)).catch((error) => fullDisk(temporary, error));
  })();
  // A write that was given up still runs to its end, and its file must go then.
  const settled = writing.then(
    () => undefined,
    () => undefined,
  );
  try {
    await unlessAborted(writing, signal);
    if (!volatile) await syncFile(temporary);
    if (replaced && !secret) await keepOwner(temporary, replaced);
    if (mode !== undefined && !secret) await chmod(temporary, mode);
    await publish(temporary, target, path, overwrite);
    if (!volatile) await syncFolder(dirname(target));
  } catch (error) {
    throw isSystemError(error) ? unwritable(path, error) : error;
  } finally {
    // One that is made only now would stay.
    await created.catch(() => {});
    await rm(temporary, { force: true });
    void settled.then(() => removeTemporary(temporary)).catch(() => {});
  }
}

/** Waits until the disk has what was written to a file. */
export async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Waits until the disk has the names in a folder. Windows opens no folders, and some file systems sync none.
 */
export async function syncFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    await folder.sync().finally(() => folder.close());
  } catch (error) {
    const able = !isSystemError(error) || ["EIO", "ENOSPC", "EDQUOT"].includes(error.code!);
    if (able) throw error;
  }
}

/**
 * Throws what writing to this path would be refused for, before any work is done for it.
 * @throws SamsrError when it exists (and may not be overwritten), is a directory, or its directory is
 * missing or not writable
 */
export async function checkWritable(path: string, options: { overwrite?: boolean } = {}): Promise<void> {
  checkText("the path of a file", path);
  checkOptions("checkWritable", options, { overwrite: "boolean" });
  await checkTarget(path, options.overwrite ?? false);
}

/** Tells where it goes in the end, and what is there. */
async function checkTarget(path: string, overwrite: boolean): Promise<{ target: string; replaced?: Stats }> {
  try {
    // What it leads to, also through /proc/self/fd, whose links name nothing that could be opened by name.
    const found = await stat(path).catch(() => undefined);
    if (found?.isDirectory()) throw new SamsrError(`${path} is a directory; a file name was expected.`);
    if (found !== undefined && !found.isFile()) {
      throw new SamsrError(`${path} is a device, pipe or socket; the name of a file was expected.`);
    }
    const target = await endOfLinks(path);
    if (found !== undefined && !overwrite) throw alreadyExists(path);
    await access(dirname(target), constants.W_OK | constants.X_OK);
    return { target, replaced: found };
  } catch (error) {
    throw isSystemError(error) ? unwritable(path, error) : error;
  }
}

/** Tells where a path leads, whether or not there is anything. */
async function endOfLinks(path: string): Promise<string> {
  let at = path;
  for (let steps = 0; steps < 40; steps++) {
    const facts = await lstat(at).catch(() => undefined);
    if (facts !== undefined && !facts.isSymbolicLink()) return realpath(at);
    if (facts === undefined) return at;
    at = resolve(await realpath(dirname(at)), await readlink(at));
  }
  throw new SamsrError(`${path} is a link that leads round in a circle; the name of a file was expected.`);
}

/**
 * Returns the owner of what is replaced: root may give it to anybody, others give to a group of theirs at
 * most.
 */
async function keepOwner(path: string, { uid, gid }: Stats): Promise<void> {
  const own = await stat(path);
  if (own.uid === uid && own.gid === gid) return;
  await chown(path, uid, gid).catch(() => chown(path, own.uid, gid).catch(() => {}));
}

/**
 * Tells why a codec could not write its file. Codecs tell of it in words of their own, so the disk is asked
 * for some room.
 * @throws what the system says of a full disk, else the codec's error
 */
async function fullDisk(path: string, error: unknown): Promise<never> {
  if (error instanceof SamsrError || isSystemError(error)) throw error;
  // It may be gone, when the write was given up, and is not made again then.
  const file = await open(path, "r+").catch(() => {
    throw error;
  });
  try {
    await file.write(new Uint8Array(2 ** 16), 0, 2 ** 16, (await file.stat()).size);
    await file.sync();
  } finally {
    await file.close();
  }
  throw error;
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
    await rename(temporary, target).catch(async (cause) => {
      await rm(target, { force: true });
      throw cause;
    });
  }
}

async function claim(target: string, path: string): Promise<void> {
  try {
    await (await open(target, "wx")).close();
  } catch (error) {
    throw isSystemError(error) && error.code === "EEXIST" ? alreadyExists(path) : error;
  }
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
    EDQUOT: "no more space is allowed",
    EFBIG: "it would be larger than files may be there",
    ENAMETOOLONG: "the name is too long",
  };
  return new SamsrError(`${path} cannot be written: ${reasons[error.code!] ?? error.message}.`);
}
