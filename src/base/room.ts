/** Room in a folder of files that can be made again. For Node only. */
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

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
