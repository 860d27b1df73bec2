/**
 * A file that is still growing, `FILE.part`, with a note beside it of where it comes from, so that a later run can go on
 * with it. Only one process at a time may write it.
 */
import { type FileHandle, mkdir, open, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { storeError } from "./errors.js";

/** Where the bytes come from. */
export interface Origin {
  readonly url: string;
  /** What the server calls this version of the file: an entity tag or a date. */
  readonly validator?: string;
}

export interface PartialFile {
  readonly path: string;
  /** Bytes that are there. */
  size(): number;
  origin(): Origin | undefined;
  /** Throws away what is there, and notes where the next bytes come from. */
  restart(origin: Origin): Promise<void>;
  append(bytes: Uint8Array): Promise<void>;
  /** Gives the file its name. */
  finish(): Promise<void>;
  /** Removes it. */
  discard(): Promise<void>;
  /** Lets go of it; what is there stays. */
  close(): Promise<void>;
}

/** @throws {SamsrError} when another process writes it, or it cannot be written */
export async function openPartial(file: string): Promise<PartialFile> {
  const [path, note, lock] = [`${file}.part`, `${file}.part.json`, `${file}.lock`];
  let handle: FileHandle;
  try {
    await mkdir(dirname(file), { recursive: true });
    await takeLock(lock, file);
    handle = await open(path, "r+").catch(() => open(path, "w+"));
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
  async function close() {
    await handle.close();
    await rm(lock, { force: true });
  }
  return {
    path,
    size: () => size,
    origin: () => origin,
    restart: (next) =>
      guarded(async () => {
        await handle.truncate(0);
        size = 0;
        origin = next;
        await writeFile(note, JSON.stringify(next));
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
        await rm(note, { force: true });
      }),
    discard: () =>
      guarded(async () => {
        await rm(path, { force: true });
        await rm(note, { force: true });
      }),
    close,
  };
}

async function readNote(path: string): Promise<Origin | undefined> {
  try {
    const { url, validator } = JSON.parse(await readFile(path, "utf8"));
    return typeof url === "string"
      ? { url, validator: typeof validator === "string" ? validator : undefined }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The lock holds the number of its process; one whose process is gone does not count. */
async function takeLock(lock: string, file: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(lock, String(process.pid), { flag: "wx" });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const owner = Number(await readFile(lock, "utf8").catch(() => ""));
    if (owner !== process.pid && isRunning(owner)) {
      throw new SamsrError(`${file} is being fetched by another samsr (process ${owner}); wait for it`);
    }
    await rm(lock, { force: true });
  }
  throw new SamsrError(`${lock}: cannot be taken; remove it`);
}

export function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
