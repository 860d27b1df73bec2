/**
 * Jobs on disk: a folder each, with the picture (`input`), what is known of the job (`job.json`, replaced by
 * one rename) and the result. A job is there when its `job.json` is; what a killed server left half made is
 * swept away by the next one, and so are jobs for which only a client waited, which have none. Names of files
 * never come from a client.
 */
import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { SamsrError } from "../../base/errors.js";
import { syncFile, syncFolder, writeFileAtomically } from "../../image/write-file.js";
import type { Bucket } from "../store/bucket.js";
import { JOB_STATES, type JobRecord } from "./job.js";

export interface JobStore {
  readonly folder: string;
  /** Makes up a path for a body that is coming in. */
  incoming(): string;
  /** Paths for an executor of this machine. */
  inputOf(id: string): string;
  resultOf(id: string): string;
  /** Opens a result, to be read. @throws Error where it is gone */
  openResult(id: string): Promise<{ readonly size: number; readonly stream: Readable }>;
  /** Reads every job that was kept. */
  read(): Promise<JobRecord[]>;
  /** Takes over the body at `path`. One that is kept survives that the power fails, when this resolves. */
  add(record: JobRecord, path: string): Promise<void>;
  /** Writes down what is known of a job now, where it is one that is kept. */
  write(record: JobRecord): Promise<void>;
  /** Gives a job the result of another, which may expire before it. */
  share(from: string, to: string): Promise<void>;
  remove(id: string): Promise<void>;
  /** Removes the picture, which is not needed any more. */
  removeInput(id: string): Promise<void>;
}

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** Tells whether a text can be the name of a job or batch; nothing else becomes a path. */
export function isId(text: string): boolean {
  return ID.test(text);
}

/**
 * Opens the store of a folder, which is made where it is missing, for this user alone.
 * @param bucket in which pictures and results lie, in place of the folder
 * @throws SamsrError when it cannot be
 */
export async function openJobStore(folder: string, bucket?: Bucket): Promise<JobStore> {
  const [jobs, bodies] = [join(folder, "jobs"), join(folder, "incoming")];
  for (const path of [jobs, bodies]) {
    await mkdir(path, { recursive: true, mode: 0o700 }).catch((error: Error) => {
      throw new SamsrError(`${path}: the folder of jobs cannot be made (${error.message}); choose another`);
    });
  }
  const place = (id: string, ...names: string[]) => {
    if (!isId(id)) throw new Error(`no id of a job: ${JSON.stringify(id)}`);
    return join(jobs, id, ...names);
  };
  /** The key of a file in the bucket, as workers have it (queue/exchange.ts). */
  const keyOf = (id: string, name: "input" | "result") => {
    place(id);
    return `jobs/${id}/${name}`;
  };
  async function write(record: JobRecord): Promise<void> {
    if (!record.kept) return;
    const path = place(record.id, "job.json");
    await writeFileAtomically(path, Buffer.from(JSON.stringify(record)), { overwrite: true, secret: true });
  }

  return {
    folder,
    incoming: () => join(bodies, randomUUID()),
    inputOf: (id) => place(id, "input"),
    resultOf: (id) => place(id, "result"),
    async read() {
      for (const name of await readdir(bodies)) await rm(join(bodies, name), { force: true });
      const records: JobRecord[] = [];
      for (const name of await readdir(jobs)) {
        const text = isId(name) ? await readFile(join(jobs, name, "job.json"), "utf8").catch(() => "") : "";
        const record = parseRecord(text, name);
        if (record) records.push(record);
        else await rm(join(jobs, name), { recursive: true, force: true });
      }
      return records.sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
    },
    async add(record, path) {
      await mkdir(place(record.id), { mode: 0o700 });
      if (bucket) {
        await bucket.put(keyOf(record.id, "input"), path);
        await rm(path, { force: true });
      } else {
        if (record.kept) await syncFile(path);
        await rename(path, place(record.id, "input"));
      }
      await write(record);
      if (record.kept) await syncFolder(jobs);
    },
    write,
    async openResult(id) {
      if (bucket) return bucket.open(keyOf(id, "result"));
      const file = await open(place(id, "result"), "r");
      const { size } = await file.stat();
      return { size, stream: file.createReadStream() };
    },
    async share(from, to) {
      if (bucket) return bucket.copy(keyOf(from, "result"), keyOf(to, "result"));
      await rm(place(to, "result"), { force: true });
      await link(place(from, "result"), place(to, "result"));
    },
    async remove(id) {
      await rm(place(id), { recursive: true, force: true });
      // What a bucket that does not answer keeps is for its own rules to sweep.
      for (const name of ["input", "result"] as const) await bucket?.remove(keyOf(id, name)).catch(() => {});
    },
    async removeInput(id) {
      if (bucket) await bucket.remove(keyOf(id, "input"));
      else await rm(place(id, "input"), { force: true });
    },
  };
}

/** Returns a file's size in bytes, 0 where it is not there. */
export async function bytesOfFile(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

function parseRecord(text: string, id: string): JobRecord | undefined {
  try {
    const record = JSON.parse(text) as JobRecord;
    const known =
      record.id === id &&
      JOB_STATES.includes(record.state) &&
      typeof record.owner === "string" &&
      typeof record.etag === "string" &&
      typeof record.asked === "object" &&
      Number.isFinite(record.created);
    return known ? record : undefined;
  } catch {
    return undefined;
  }
}
