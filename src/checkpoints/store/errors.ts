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
  ELOOP: "it is a link, which is not followed",
  EINVAL: "it is no ordinary file",
};

/** What was being done, and what may help. */
const attempts = {
  read: ["cannot be read", ""],
  write: ["cannot be written", "; SAMSR_HOME names another place for models"],
};

/** Returns an error of the file system as one line for people; anything else as it is. */
export function storeError(path: string, error: unknown, doing: keyof typeof attempts = "write"): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (error instanceof SamsrError || code === undefined || syscall === undefined) return error;
  const [what, help] = attempts[doing];
  return new SamsrError(`${path} ${what}: ${reasons[code] ?? (error as Error).message}${help}`, {
    cause: error,
  });
}
