import { SamsrError } from "../../base/errors.js";

const reasons: Record<string, string> = {
  EACCES: "no permission",
  EPERM: "no permission",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left",
  EDQUOT: "no space is left",
  ENOTDIR: "a part of its path is not a directory",
  EISDIR: "it is a directory",
  EEXIST: "a file is in the way",
  ENAMETOOLONG: "the name is too long",
};

/** An error of the file system as one line for people; anything else as it is. */
export function storeError(path: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof SamsrError || code === undefined || syscall === undefined) return error;
  const where = "SAMSR_HOME names another place for models";
  return new SamsrError(`${path}: ${reasons[code] ?? (error as Error).message}; ${where}`, { cause: error });
}
