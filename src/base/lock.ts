/**
 * One at a time: a file that says who works at something. It is made whole or not at all, its owner touches
 * it now and then, and takes away no other than its own; that of an owner who is gone does not count.
 */
import { readFileSync, utimesSync } from "node:fs";
import { link, lstat, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { SamsrError } from "./errors.js";
import { isGone, markOf, newOwner, type Owner, ownerIn } from "./owner.js";

/** Milliseconds from one sign of life to the next. */
const HEARTBEAT = 10_000;
/**
 * Milliseconds without one after which an owner counts as gone that cannot be asked, since it runs on another
 * system.
 */
const LONGEST_SILENCE = 5 * 60_000;

/** Who holds it; the host is for people. */
type Holder = Owner & { readonly host: string };

/** Words for errors: what the work is at, and what is done to it, such as FILE and "fetched". */
interface Task {
  readonly what: string;
  readonly doing: string;
}

/** Somebody else is at it. */
export class LockedError extends SamsrError {}

/** The locks that this process holds. */
const held = new Set<string>();

/**
 * Does the work while nobody else does it, in this process, another, another container or on another machine.
 * @param lock the file's path; its folder must be there
 * @param work told by its signal when to stop: by the given signal, or because somebody else has taken the
 *   lock away
 * @throws {LockedError} when somebody else is at it; what the work throws
 */
export async function whileLocked<T>(
  lock: string,
  task: Task,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const place = resolve(lock);
  const { what, doing } = task;
  if (held.has(place))
    throw new LockedError(`${what} is being ${doing} by this process already; wait for it`);
  held.add(place);
  const owner: Holder = { ...newOwner(), host: hostname() };
  const controller = new AbortController();
  const stop = () => controller.abort(signal!.reason);
  let beating: NodeJS.Timeout | undefined;
  try {
    signal?.throwIfAborted();
    await take(lock, owner, task);
    signal?.addEventListener("abort", stop, { once: true });
    beating = setInterval(() => {
      if (touch(lock, owner)) return;
      controller.abort(new SamsrError(`${what}: another samsr has taken over (${lock}); wait for it`));
    }, HEARTBEAT).unref();
    const result = await work(controller.signal);
    // What was done without the lock may have been undone.
    if (!touch(lock, owner))
      throw new SamsrError(`${what}: another samsr has taken over (${lock}); try again`);
    return result;
  } finally {
    clearInterval(beating);
    signal?.removeEventListener("abort", stop);
    if ((await holderOf(lock))?.token === owner.token) await rm(lock, { force: true });
    held.delete(place);
  }
}

/**
 * Removes the locks in a folder, named `.SOMETHING.lock`, whose owners are gone: those of work that was done
 * when they were killed, and which nobody will take any more. Never fails.
 */
export async function sweepLocks(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!/^\..*\.lock$/.test(name)) continue;
    const lock = join(folder, name);
    const [facts, holder] = [await lstat(lock).catch(() => undefined), await holderOf(lock)];
    if (!facts || !holder || !isGone(holder, Date.now() - facts.mtimeMs, LONGEST_SILENCE)) continue;
    await removeStale(lock, { ...newOwner(), host: hostname() }, holder).catch(() => {});
  }
}

async function take(lock: string, owner: Holder, { what, doing }: Task): Promise<void> {
  await sweep(lock);
  for (let attempt = 0; attempt < 5; attempt++) {
    if (await claim(lock, owner)) return;
    const facts = await lstat(lock).catch(() => undefined);
    if (!facts) continue;
    const holder = await holderOf(lock);
    const idle = Date.now() - facts.mtimeMs;
    if (holder ? !isGone(holder, idle, LONGEST_SILENCE) : idle <= LONGEST_SILENCE) {
      throw new LockedError(
        `${what} is being ${doing} by another samsr (${words(holder, idle)}); wait for it`,
      );
    }
    await removeStale(lock, owner, holder);
  }
  throw new SamsrError(`${lock}: cannot be taken; try again, or remove it`);
}

function words(holder: Holder | undefined, idle: number): string {
  if (!holder) return "it does not say which";
  const { system, pid, host } = holder;
  if (system === newOwner().system) return `process ${pid}`;
  return `process ${pid} of ${host}, seen ${Math.max(0, Math.round(idle / 1000))} seconds ago`;
}

/** Makes the lock, content and all, unless there is one. */
async function claim(lock: string, owner: Holder): Promise<boolean> {
  const draft = `${lock}.${markOf(owner)}`;
  const content = JSON.stringify(owner);
  try {
    await writeFile(draft, content, { flag: "wx" });
    await link(draft, lock);
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(code)) throw error;
  } finally {
    await rm(draft, { force: true });
  }
  // A file system without hard links.
  return writeFile(lock, content, { flag: "wx" }).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === "EEXIST") return false;
      throw error;
    },
  );
}

/** Takes it out of the way under a name of one's own, and puts it back should it be another one by now. */
async function removeStale(lock: string, owner: Holder, stale: Holder | undefined): Promise<void> {
  const aside = `${lock}.${markOf(owner)}`;
  if ((await holderOf(lock))?.token !== stale?.token) return;
  if (
    !(await rename(lock, aside)
      .then(() => true)
      .catch(() => false))
  )
    return;
  if ((await holderOf(aside))?.token !== stale?.token) await link(aside, lock).catch(() => {});
  await rm(aside, { force: true });
}

/** Drafts, and locks put aside, of those who were killed just then. */
async function sweep(lock: string): Promise<void> {
  const folder = dirname(lock);
  for (const name of await readdir(folder)) {
    const owner = name.startsWith(`${basename(lock)}.`) ? ownerIn(name) : undefined;
    const path = join(folder, name);
    const facts = owner && (await lstat(path).catch(() => undefined));
    if (facts && isGone(owner, Date.now() - facts.mtimeMs)) await rm(path, { force: true });
  }
}

async function holderOf(lock: string): Promise<Holder | undefined> {
  return parse(await readFile(lock, "utf8").catch(() => ""));
}

function parse(text: string): Holder | undefined {
  try {
    const { system, pid, began, token, host } = JSON.parse(text);
    const known = [system, began, token, host].every((v) => typeof v === "string") && Number.isInteger(pid);
    return known ? { system, pid, began, token, host } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Gives a sign of life. At once, since a process that has slept must know before it does anything else.
 * @returns whether it is still held
 */
function touch(lock: string, { token }: Holder): boolean {
  try {
    if (parse(readFileSync(lock, "utf8"))?.token !== token) return false;
    const now = new Date();
    utimesSync(lock, now, now);
    return true;
  } catch (error) {
    // It may be there all the same, where the folder cannot be reached just now.
    return (error as NodeJS.ErrnoException).code !== "ENOENT";
  }
}
