/**
 * How pictures get from whoever hands them in to the workers, and results back: by a folder that all see, or
 * by a bucket.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { SamsrError } from "../../base/errors.js";
import { STORE_PACKAGES, withPackages } from "../packages.js";
import type { WorkSettings } from "../settings.js";
import type { Bucket } from "../store/bucket.js";
import { checkTask, type QueuedTask } from "./shared.js";

type Place = Pick<QueuedTask, "id" | "place">;

/** Files of one picture. */
export interface PictureFiles {
  readonly input: string;
  readonly output: string;
}

export interface Exchange {
  /** Tells where a picture's files are while it is enlarged; `sent` brings the result to whoever wants it. */
  take<T>(task: Place, work: (files: PictureFiles, sent: () => Promise<void>) => Promise<T>): Promise<T>;
  /** Hands in a picture, a file or its bytes. */
  handIn(task: Place, source: string | Uint8Array): Promise<void>;
  /** Writes a result to a file. */
  bring(task: Place, path: string): Promise<void>;
  /** Reads a result's bytes. */
  read(task: Place): Promise<Uint8Array>;
  /** Takes away what there is of a picture. */
  clear(task: Place): Promise<void>;
}

/**
 * Opens the place where pictures and results are exchanged.
 * @throws SamsrError where the folder of pictures is not there, or the bucket cannot be used
 */
export async function openExchange({ data, store }: Pick<WorkSettings, "data" | "store">): Promise<Exchange> {
  if (store !== undefined) return inBucket(await openStore(store));
  if (!(await stat(data).catch(() => undefined))?.isDirectory()) {
    throw new SamsrError(`${data} is no folder; name the one in which the server's pictures lie`);
  }
  return inFolder(data);
}

/** Opens a bucket. @throws SamsrError where its package is missing, or it cannot be used */
export async function openStore(address: string): Promise<Bucket> {
  const { openBucket } = await withPackages(STORE_PACKAGES, () => import("../store/bucket.js"));
  return openBucket(address);
}

function inFolder(data: string): Exchange {
  const folderOf = (task: Place) => {
    checkTask(task);
    return join(data, task.place, task.id);
  };
  const filesOf = (task: Place) => ({
    input: join(folderOf(task), "input"),
    output: join(folderOf(task), "result"),
  });
  return {
    take: (task, work) => work(filesOf(task), async () => {}),
    async handIn(task, source) {
      await mkdir(folderOf(task), { recursive: true });
      const { input } = filesOf(task);
      await (typeof source === "string" ? copyFile(source, input) : writeFile(input, source));
    },
    bring: (task, path) => copyFile(filesOf(task).output, path),
    read: (task) => readFile(filesOf(task).output),
    clear: (task) => rm(folderOf(task), { recursive: true, force: true }),
  };
}

function inBucket(bucket: Bucket): Exchange {
  const keyOf = (task: Place, name: "input" | "result") => {
    checkTask(task);
    return `${task.place}/${task.id}/${name}`;
  };
  return {
    async take(task, work) {
      const folder = await mkdtemp(join(tmpdir(), "samsr-picture-"));
      const [input, output] = [join(folder, "input"), join(folder, "result")];
      try {
        await bucket.fetch(keyOf(task, "input"), input);
        return await work({ input, output }, () => bucket.put(keyOf(task, "result"), output));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    async handIn(task, source) {
      if (typeof source === "string") return bucket.put(keyOf(task, "input"), source);
      const folder = await mkdtemp(join(tmpdir(), "samsr-picture-"));
      try {
        await writeFile(join(folder, "input"), source);
        await bucket.put(keyOf(task, "input"), join(folder, "input"));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    bring: (task, path) => bucket.fetch(keyOf(task, "result"), path),
    read: async (task) => buffer((await bucket.open(keyOf(task, "result"))).stream),
    async clear(task) {
      await bucket.remove(keyOf(task, "input"));
      await bucket.remove(keyOf(task, "result"));
    },
  };
}
