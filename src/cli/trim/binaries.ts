/** The binaries in onnxruntime-node, by systems: bin/napi-vN/PLATFORM/ARCHITECTURE, as Node names them. */
import { lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";

/** The binaries of one system. */
export interface SystemBinaries {
  /** Platform and architecture as Node names them, "linux/x64". */
  readonly system: string;
  readonly folder: string;
  readonly bytes: number;
}

/**
 * Finds the binaries in a folder of onnxruntime-node that are for other systems. Links are not followed, and
 * what is not laid out as that package lays its binaries out is left aside.
 *
 * @param own the system to keep, as "linux/x64"
 * @returns by names, in alphabetical order
 * @throws {SamsrError} where the binding of the own system is not there, since then the layout is another
 */
export async function foreignBinaries(
  runtimeFolder: string,
  own = `${process.platform}/${process.arch}`,
): Promise<SystemBinaries[]> {
  const bin = join(runtimeFolder, "bin");
  const systems: SystemBinaries[] = [];
  let hasOwn = false;
  for (const version of await foldersOf(bin, /^napi-v\d+$/)) {
    for (const platform of await foldersOf(join(bin, version), /^(linux|darwin|win32)$/)) {
      for (const arch of await foldersOf(join(bin, version, platform), /^[a-z\d]+$/)) {
        const folder = join(bin, version, platform, arch);
        const files = await sizesOf(folder);
        if (!files.has("onnxruntime_binding.node")) continue;
        const system = `${platform}/${arch}`;
        const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
        if (system === own) hasOwn = true;
        else systems.push({ system, folder, bytes });
      }
    }
  }
  if (!hasOwn) {
    throw new SamsrError(
      `${runtimeFolder} has no binary for ${own}, so nothing is removed: install onnxruntime-node again`,
    );
  }
  return systems;
}

/**
 * Removes what {@link foreignBinaries} found.
 *
 * @throws {SamsrError} when a folder cannot be removed, such as another user's; those before it are gone
 */
export async function removeBinaries(binaries: readonly SystemBinaries[]): Promise<void> {
  for (const { folder } of binaries) {
    await rm(folder, { recursive: true }).catch((cause) => {
      throw new SamsrError(
        `${folder} cannot be removed (${cause.code}): run samsr trim as the user who installed it`,
        { cause },
      );
    });
  }
}

/** Returns the names of the folders in a folder, without links; none where it is not there. */
async function foldersOf(folder: string, names: RegExp): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && names.test(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** Returns the size in bytes of each file in a folder. */
async function sizesOf(folder: string): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const name of await readdir(folder)) sizes.set(name, (await lstat(join(folder, name))).size);
  return sizes;
}
