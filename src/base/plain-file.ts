/**
 * Opening files in folders where others may have put links, pipes or devices in their place. For Node only.
 */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** None of these on Windows, where links are not made by just anybody. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;

/**
 * Opens a file, but no link to one, and waits for nobody who would write to it.
 * @param flags of `constants`, such as `O_RDWR | O_CREAT`
 * @throws what `open` of Node throws; ELOOP for a link, and EINVAL for a pipe, a device or a folder
 */
export async function openPlainFile(path: string, flags: number, mode = 0o666): Promise<FileHandle> {
  const file = await open(path, flags | O_NOFOLLOW | O_NONBLOCK, mode);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw Object.assign(new Error(`${path}: it is no file`), { code: "EINVAL", syscall: "open", path });
}

/**
 * Reads a file as {@link openPlainFile} opens it.
 * @param most bytes that it may have
 * @throws what that throws; EFBIG for a larger file
 */
export async function readPlainFile(path: string, most: number): Promise<Buffer> {
  const file = await openPlainFile(path, constants.O_RDONLY);
  try {
    if ((await file.stat()).size > most) {
      throw Object.assign(new Error(`${path}: it is too large`), { code: "EFBIG", syscall: "read", path });
    }
    return await file.readFile();
  } finally {
    await file.close();
  }
}
