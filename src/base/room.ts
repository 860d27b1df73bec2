/** Where files are that can be made again, and room for them. For Node only. */
import { lstat, readdir, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

/**
 * Tells where programs keep what can be made again: below `SAMSR_CACHE` where that is set, else by the
 * platform's convention ~/.cache/samsr (`XDG_CACHE_HOME`) on Linux, ~/Library/Caches/samsr on macOS,
 * %LOCALAPPDATA%\samsr\cache on Windows.
 */
export function cacheFolder(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (environment.SAMSR_CACHE) return environment.SAMSR_CACHE;
  const home = homedir();
  if (platform === "win32") {
    return join(environment.LOCALAPPDATA || join(home, "AppData", "Local"), "samsr", "cache");
  }
  if (platform === "darwin") return join(home, "Library", "Caches", "samsr");
  // The specification has relative paths ignored.
  const given = environment.XDG_CACHE_HOME;
  return join(given?.startsWith("/") ? given : join(home, ".cache"), "samsr");
}

/**
 * Removes the files not used for longest until the rest have at most `most` bytes; nothing but files whose
 * names are its own.
 */
export async function makeRoom(folder: string, ownName: RegExp, most: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => ownName.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const facts = await lstat(path).catch(() => undefined);
      return facts?.isFile() ? [{ path, size: facts.size, used: facts.mtimeMs }] : [];
    }),
  );
  const files = found.flat().sort((a, b) => b.used - a.used);
  let bytes = 0;
  for (const { path, size } of files) {
    bytes += size;
    if (bytes > most) await rm(path, { force: true });
  }
}
