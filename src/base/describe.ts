/**
 * What is said when something is wrong: one line. Only an error that nobody foresaw asks to be reported, and
 * only SAMSR_DEBUG=1 shows where in the program it came from.
 */
import { isOutOfMemory, SamsrError } from "./errors.js";

const systemReasons: Record<string, string> = {
  EACCES: "no permission",
  EDQUOT: "no more space is allowed",
  EFBIG: "it would be larger than files may be here",
  EEXIST: "it exists and is not a directory",
  EIO: "the device failed",
  EISDIR: "it is a directory",
  EMFILE: "too many files are open; allow more (ulimit -n)",
  ENFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "it does not exist",
  ENOSPC: "no space is left",
  ENOTDIR: "a part of its path is not a directory",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
};

/** Describes any error as one line. */
export function describe(error: unknown): string {
  const message = inOneLine(error instanceof Error ? error.message : String(error));
  // A thread that cannot begin says so in words alone.
  if (/failure: EMFILE$/.test(message)) return `${systemReasons.EMFILE} (${message})`;
  if (error instanceof SamsrError) return message;
  const { code, path } = error as NodeJS.ErrnoException;
  if (path !== undefined && code !== undefined && code in systemReasons)
    return `${path}: ${systemReasons[code]}`;
  // The world's doing too, though the system did not say where.
  if (code !== undefined && code in systemReasons) return `${systemReasons[code]} (${code})`;
  if (isOutOfMemory(error)) return `there is not enough memory for this picture (${message})`;
  return `this is a bug in samsr: ${message} (SAMSR_DEBUG=1 shows where)`;
}

/** Returns a text with every stretch of white space as one space. */
export function inOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
