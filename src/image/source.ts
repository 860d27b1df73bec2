/** What a picture can be read from. */
import { fileURLToPath } from "node:url";
import { checkText } from "../base/arguments.js";
import { brief } from "../base/brief.js";
import { SamsrError } from "../base/errors.js";

/** A path, the URL of a file, or the bytes of a file. */
export type PictureSource = string | URL | Uint8Array | ArrayBuffer;

/**
 * Returns a source as a path or as bytes, which are not copied.
 * @throws SamsrError that says what came, for a URL that is not of a file and for anything else
 */
export function pathOrBytes(source: PictureSource): string | Uint8Array {
  if (typeof source === "string" || source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (source instanceof URL) {
    if (source.protocol === "file:") return fileURLToPath(source);
    throw new SamsrError(`${source.href} is not the URL of a file; fetch it, and give the bytes`);
  }
  throw new SamsrError(
    `a picture is a path, a file: URL, a Uint8Array or an ArrayBuffer, not ${brief(source)}`,
  );
}

/** Returns the path of a file to write, from a path or a file: URL. @throws SamsrError for anything else */
export function pathOf(what: string, path: string | URL): string {
  const found = path instanceof URL ? pathOrBytes(path) : path;
  checkText(what, found);
  return found as string;
}
