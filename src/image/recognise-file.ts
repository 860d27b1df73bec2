/** What a file on disk is, by its first bytes. */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { checkText } from "../base/arguments.js";
import { type FileKind, kindByName, recognise } from "./recognise.js";

/** Bytes that suffice to tell what a file is. */
const headLength = 4096;

/**
 * Recognises what a regular file is, by its content; undefined for what is no picture.
 * @throws what reading it throws
 */
export async function recogniseFile(path: string): Promise<FileKind | undefined> {
  checkText("the path of a file", path);
  const file = await openForReading(path);
  try {
    return recognise(await readHead(file)) ?? kindByName(path);
  } finally {
    await file.close();
  }
}

/** Opens a file to be read, and waits for nobody who would write to it, should it be a pipe. */
export function openForReading(path: string): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
}

/** Reads as many bytes of a file's beginning as suffice to tell what it is, or all of it. */
export async function readHead(file: FileHandle): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(new Uint8Array(headLength), 0, headLength, 0);
  return buffer.subarray(0, bytesRead);
}
