/**
 * Masks that have been found once, in files. A file's name is a hash of all that decides its masks (pixels,
 * weights, options), so nothing is ever out of date; each is sealed, so a damaged one is known
 * and not believed. For Node only.
 */
import { createHash } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { cacheFolder, makeRoom } from "../../base/room.js";
import { readSealed, seal } from "../../base/sealed-file.js";
import type { Raster } from "../../image/raster.js";
import { writeFileAtomically } from "../../image/write-file.js";
import type { Box } from "../runs.js";
import type { Point } from "./grid.js";
import type { ResolvedSamOptions } from "./options.js";
import type { Generated, SamMask } from "./types.js";

/** Bytes that the files may have together; those not used for longest go first. A photo takes some 100 KB. */
const LARGEST_CACHE = 256 * 2 ** 20;

/** Changes with the generator or the files' format, so that files of older versions are not found. */
const VERSION = "2";

const ENDING = ".masks";

/** No other file is read or removed. */
const OWN_NAME = /^[0-9a-f]{64}\.masks$/;

/** Bytes that a file may have, and what is in it when it is unpacked. */
const LARGEST_FILE = 16 * 2 ** 20;
const MOST_UNPACKED = 64 * 2 ** 20;

/**
 * Returns what decides the masks of a picture, as a file name.
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

/** The size of a picture, in pixels. */
type Size = Readonly<Pick<Raster, "width" | "height">>;

/**
 * Reads what was stored under the key, or undefined for nothing, or nothing whole.
 * @param size of the picture, which its masks must have
 */
export async function readCached(
  key: string,
  size: Size,
  folder = cacheFolder(),
): Promise<Generated | undefined> {
  const path = join(folder, key + ENDING);
  if (!OWN_NAME.test(basename(path))) return undefined;
  const packed = await readSealed(path, LARGEST_FILE);
  try {
    return packed && unpack(packed, size);
  } catch {
    return undefined;
  }
}

/**
 * Stores masks, for this user alone, and makes room. A folder that cannot be written to is no reason to fail,
 * nor are masks that would take too much room.
 */
export async function writeCached(key: string, generated: Generated, folder = cacheFolder()): Promise<void> {
  const path = join(folder, key + ENDING);
  if (!OWN_NAME.test(basename(path))) return;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const packed = pack(generated);
    const file = packed && seal(packed);
    const found = await lstat(path).catch(() => undefined);
    if (!file || file.length > LARGEST_FILE || (found && !found.isFile())) return;
    // They can be found again, so nobody waits for the disk.
    const options = { overwrite: true, secret: true, volatile: true };
    await writeFileAtomically(path, file, options);
    await makeRoom(folder, OWN_NAME, LARGEST_CACHE);
  } catch {
    // The masks are there all the same.
  }
}

/**
 * Packs the length of a JSON text, the text, and the edges of all masks as distances from one to the next.
 */
function pack({ masks, asked, points }: Generated): Buffer | undefined {
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
  const whole = Buffer.concat([length, json, ...steps]);
  return whole.length > MOST_UNPACKED ? undefined : deflateRawSync(whole, { level: 3 });
}

/**
 * Reads back what `pack` made.
 * @throws for what is not as `pack` makes it, before any memory is taken for it
 */
function unpack(packed: Buffer, { width, height }: Size): Generated {
  const bytes = inflateRawSync(packed, { maxOutputLength: MOST_UNPACKED });
  const start = 4 + bytes.readUInt32LE(0);
  const json = JSON.parse(bytes.toString("utf8", 4, start));
  const { asked, points, size, facts } = json;
  demand(isCount(asked) && isCount(points) && Array.isArray(facts) && isNumbers(size, 2));
  demand(facts.length === 0 || (size[0] === width && size[1] === height));
  const edges = facts.reduce((sum: number, fact: { edges?: unknown }) => {
    demand(isCount(fact?.edges) && fact.edges % 2 === 0);
    return sum + fact.edges;
  }, 0);
  demand(start + 4 * edges === bytes.length);
  let at = start;
  const masks = facts.map((fact: Record<string, unknown>): SamMask => {
    const runs = { width, height, edges: new Uint32Array(fact.edges as number) };
    for (let i = 0, last = 0; i < runs.edges.length; i++, at += 4) {
      const step = bytes.readUInt32LE(at);
      demand((step > 0 || i === 0) && last + step <= width * height);
      last = runs.edges[i] = last + step;
    }
    const { box, area, predictedIou, stabilityScore, point, cropBox } = fact;
    demand(isNumbers(box, 4) && isNumbers(cropBox, 4) && isNumbers(point, 2));
    demand(isCount(area) && isNumber(predictedIou));
    demand(stabilityScore === null || isNumber(stabilityScore));
    return {
      ...{ runs, area, predictedIou, stabilityScore: stabilityScore ?? Number.NaN },
      ...{ box: box as unknown as Box, cropBox: cropBox as unknown as Box, point: point as unknown as Point },
    };
  });
  return { masks, asked, points };
}

const isNumber = (value: unknown): value is number => Number.isFinite(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isNumbers = (value: unknown, length: number): value is readonly number[] =>
  Array.isArray(value) && value.length === length && value.every(isNumber);

function demand(holds: boolean): asserts holds {
  if (!holds) throw new Error("no masks as they are kept");
}
