/**
 * A file that is still growing, `FILE.part`, with a note beside it of where it comes from, so that a later
 * run can go on with it. The note stays until the file is put away, so that a whole one counts no more than
 * its origin. Only one at a time may write it: `whileLocked` sees to that.
 */
import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { openPlainFile, readPlainFile } from "../../base/plain-file.js";
import { storeError } from "./errors.js";

/** Where the bytes come from, and what the server called this version of the file. */
export interface Origin {
  /** Digits that stand for the address. */
  readonly address: string;
  readonly etag?: string;
  readonly lastModified?: string;
  /** Bytes of the whole file, where the server said it. */
  readonly length?: number;
}

export interface PartialFile {
  readonly path: string;
  /** Whether the file was whole in an earlier run, and had its name. */
  readonly finishedBefore: boolean;
  /** Returns the number of bytes that are there. */
  size(): number;
  origin(): Origin | undefined;
  /** Throws away what is there, and notes where the next bytes come from. */
  restart(origin?: Origin): Promise<void>;
  append(bytes: Uint8Array): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
  /** Lets go of it; what is there stays. */
  close(): Promise<void>;
}

/** A note is some hundred bytes. */
const LARGEST_NOTE = 10_000;

const partOf = (file: string) => `${file}.part`;
const noteOf = (file: string) => `${file}.part.json`;

/**
 * Opens the part of a download that is there already, or begins one.
 * @throws {SamsrError} when it cannot be written, or is a link
 */
export async function openPartial(file: string): Promise<PartialFile> {
  const [path, note] = [partOf(file), noteOf(file)];
  let handle: FileHandle;
  let finishedBefore = false;
  try {
    await mkdir(dirname(file), { recursive: true });
    if ((await lstat(file).catch(() => undefined))?.isFile()) {
      await rename(file, path);
      finishedBefore = true;
    }
    handle = await openPlainFile(path, constants.O_RDWR | constants.O_CREAT);
  } catch (error) {
    throw storeError(path, error);
  }
  let size = (await handle.stat()).size;
  let origin = await readNote(note);

  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeError(path, error);
    }
  }
  return {
    path,
    finishedBefore,
    size: () => size,
    origin: () => origin,
    restart: (next) =>
      guarded(async () => {
        await handle.truncate(0);
        size = 0;
        origin = next;
        if (next) await writeNote(note, next);
        else await rm(note, { force: true });
      }),
    append: (bytes) =>
      guarded(async () => {
        for (let done = 0; done < bytes.length; ) {
          const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, size);
          done += bytesWritten;
          size += bytesWritten;
        }
      }),
    finish: () =>
      guarded(async () => {
        await handle.sync();
        await rename(path, file);
      }),
    discard: () => guarded(() => discardDownload(file)),
    close: () => handle.close(),
  };
}

/** Removes a download, whole or in part, and its note. */
export async function discardDownload(file: string): Promise<void> {
  for (const path of [partOf(file), file, noteOf(file)]) await rm(path, { force: true });
}

async function writeNote(path: string, origin: Origin): Promise<void> {
  const { O_WRONLY, O_CREAT, O_TRUNC } = constants;
  const file = await openPlainFile(path, O_WRONLY | O_CREAT | O_TRUNC);
  await file.writeFile(JSON.stringify(origin)).finally(() => file.close());
}

async function readNote(path: string): Promise<Origin | undefined> {
  try {
    const note = JSON.parse((await readPlainFile(path, LARGEST_NOTE)).toString("utf8"));
    const { address, etag, lastModified, length } = note;
    if (typeof address !== "string") return undefined;
    const text = (value: unknown) => (typeof value === "string" ? value : undefined);
    return {
      address,
      etag: text(etag),
      lastModified: text(lastModified),
      length: Number.isSafeInteger(length) ? length : undefined,
    };
  } catch {
    return undefined;
  }
}
