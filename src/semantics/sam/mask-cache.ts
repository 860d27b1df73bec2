/**
 * Masks that have been found once, in files. A file's name is a hash of all that decides its masks (pixels, weights,
 * options), so nothing is ever out of date; what it holds begins with a hash of the rest, so a damaged one is known and
 * not believed. For Node only.
 */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Raster } from "../../image/raster.js";
import { writeFileAtomically } from "../../image/write-file.js";
import type { ResolvedSamOptions } from "./options.js";
import type { Generated, SamMask } from "./types.js";

/** Bytes that the files may have together; those not used for longest go first. A photo takes some 100 KB. */
const LARGEST_CACHE = 256 * 2 ** 20;

/** Changes with the generator or the files' format, so that files of older versions are not found. */
const VERSION = "1";

const ENDING = ".masks";

/**
 * Where programs keep what can be made again: below `SAMSR_CACHE` where that is set, else by the platform's convention
 * ~/.cache/samsr (`XDG_CACHE_HOME`) on Linux, ~/Library/Caches/samsr on macOS, %LOCALAPPDATA%\samsr\cache on Windows.
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
 * What decides the masks of a picture, as a file name.
 * @param picture 8-bit RGB
 * @param weights a hash of the network's weights
 */
export function cacheKey(picture: Raster, weights: string, options: ResolvedSamOptions): string {
  const { pointsPerBatch: _, ...deciding } = options;
  return createHash("sha256")
    .update(JSON.stringify([VERSION, picture.width, picture.height, weights, deciding]))
    .update(picture.data)
    .digest("hex");
}

/** What was stored under the key, or undefined for nothing, or nothing whole. */
export async function readCached(key: string, folder = cacheFolder()): Promise<Generated | undefined> {
  const path = join(folder, key + ENDING);
  try {
    const bytes = await readFile(path);
    const packed = bytes.subarray(32);
    if (!createHash("sha256").update(packed).digest().equals(bytes.subarray(0, 32))) return undefined;
    const generated = unpack(packed);
    const now = new Date();
    await utimes(path, now, now).catch(() => {});
    return generated;
  } catch {
    return undefined;
  }
}

/** Stores masks, and makes room. A folder that cannot be written to is no reason to fail. */
export async function writeCached(key: string, generated: Generated, folder = cacheFolder()): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    const packed = pack(generated);
    const hash = createHash("sha256").update(packed).digest();
    await writeFileAtomically(join(folder, key + ENDING), Buffer.concat([hash, packed]), { overwrite: true });
    await makeRoom(folder, LARGEST_CACHE);
  } catch {
    // The masks are there all the same.
  }
}

/** Removes the files not used for longest until the rest have at most `most` bytes. */
export async function makeRoom(folder: string, most: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ENDING));
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const facts = await stat(path).catch(() => undefined);
      return { path, size: facts?.size ?? 0, used: facts?.mtimeMs ?? 0 };
    }),
  );
  files.sort((a, b) => b.used - a.used);
  let bytes = 0;
  for (const { path, size } of files) {
    bytes += size;
    if (bytes > most) await rm(path, { force: true });
  }
}

/** The length of a JSON text, the text, and the edges of all masks as distances from one to the next. */
function pack({ masks, asked, points }: Generated): Buffer {
  const facts = masks.map(({ runs, ...rest }) => ({
    ...rest,
    // JSON has no NaN.
    stabilityScore: Number.isNaN(rest.stabilityScore) ? null : rest.stabilityScore,
    edges: runs.edges.length,
  }));
  const size = masks.length > 0 ? [masks[0].runs.width, masks[0].runs.height] : [0, 0];
  const json = Buffer.from(JSON.stringify({ asked, points, size, facts }));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(json.length);
  const steps = masks.map(({ runs: { edges } }) => {
    const bytes = Buffer.alloc(4 * edges.length);
    edges.forEach((edge, i) => bytes.writeUInt32LE(edge - (i > 0 ? edges[i - 1] : 0), 4 * i));
    return bytes;
  });
  return deflateRawSync(Buffer.concat([length, json, ...steps]), { level: 3 });
}

function unpack(packed: Buffer): Generated {
  const bytes = inflateRawSync(packed);
  const start = 4 + bytes.readUInt32LE(0);
  const { asked, points, size, facts } = JSON.parse(bytes.toString("utf8", 4, start));
  const [width, height] = size;
  let at = start;
  const masks = facts.map(({ edges: count, stabilityScore, ...rest }: Record<string, number>) => {
    const edges = new Uint32Array(count);
    for (let i = 0; i < count; i++, at += 4) edges[i] = (i > 0 ? edges[i - 1] : 0) + bytes.readUInt32LE(at);
    return { ...rest, stabilityScore: stabilityScore ?? Number.NaN, runs: { width, height, edges } };
  });
  return { masks: masks as SamMask[], asked, points };
}
