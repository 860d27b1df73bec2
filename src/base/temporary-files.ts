/**
 * Files that are there only while something is being made. They go when that ends, with the process when it
 * exits, and when it was killed, with the next one that works in their folder. For Node only.
 */
import { rmSync } from "node:fs";
import { lstat, readdir, rm } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isGone, markOf, newOwner, ownerIn } from "./owner.js";

/** The temporary files of this process. */
const own = new Set<string>();

/**
 * Makes up a path in the folder that nothing has; what is made there goes when the process ends, unless it
 * was renamed.
 */
export function temporaryPath(folder: string, ending = ".tmp"): string {
  const path = join(folder, `.samsr-${markOf(newOwner())}${ending}`);
  if (own.size === 0) process.once("exit", removeTemporaryFiles);
  own.add(path);
  return path;
}

/** Removes a temporary file, if it is still there. */
export async function removeTemporary(path: string): Promise<void> {
  await rm(path, { force: true });
  own.delete(path);
  if (own.size === 0) process.off("exit", removeTemporaryFiles);
}

/**
 * Removes what is not finished yet: for a process that is about to end in a way that runs no exit handlers.
 */
export function removeTemporaryFiles(): void {
  for (const path of own) rmSync(path, { force: true });
}

const swept = new Map<string, Promise<void>>();

/**
 * Removes what processes that are gone have left in a folder; once for each folder and process. Never fails.
 */
export function sweepTemporaryFiles(folder: string): Promise<void> {
  const place = resolve(folder);
  const sweeping = swept.get(place) ?? sweep(place).catch(() => {});
  swept.set(place, sweeping);
  return sweeping;
}

async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!/^\.samsr-[0-9a-f-]+(\.\w+)*$/.test(name)) continue;
    const path = join(folder, name);
    const [owner, facts] = [ownerIn(name), await lstat(path).catch(() => undefined)];
    if (!owner || !facts?.isFile()) continue;
    if (isGone(owner, Date.now() - facts.mtimeMs)) await rm(path, { force: true }).catch(() => {});
  }
}
