/**
 * Files that can be made again, each closed by the SHA-256 of the rest: one that was damaged, cut, or written
 * by something else is known, and made again. For Node only.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { appendFile, lutimes } from "node:fs/promises";
import { readPlainFile } from "./plain-file.js";

/** The bytes of a seal, which are a file's last. */
const SEAL = 32;

/** Returns the content with its seal behind it. */
export function seal(content: Uint8Array): Buffer {
  return Buffer.concat([content, sha256(content)]);
}

/** Puts the seal behind what is in a file, which is read piece by piece. */
export async function sealFile(path: string): Promise<void> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece);
  await appendFile(path, hash.digest());
}

/**
 * Reads a sealed file, and notes that it was used now, which `makeRoom` goes by; no link is followed.
 * @param most bytes that it may have
 * @returns its content without the seal; undefined where there is no such file, or none that is whole
 */
export async function readSealed(path: string, most: number): Promise<Buffer | undefined> {
  try {
    const file = await readPlainFile(path, most);
    const content = file.subarray(0, -SEAL);
    if (!sha256(content).equals(file.subarray(-SEAL))) return undefined;
    const now = new Date();
    await lutimes(path, now, now).catch(() => {});
    return content;
  } catch {
    return undefined;
  }
}

const sha256 = (content: Uint8Array): Buffer => createHash("sha256").update(content).digest();
