/** Pictures that belong together have the same name below their folders, whatever their endings. */
import { extname } from "node:path";
import { SamsrError } from "../base/errors.js";
import { listImages } from "../train/data/photos.js";

/** Pictures of a folder by their names without endings. @throws SamsrError when two differ in nothing else */
export async function picturesByStem(folder: string): Promise<Map<string, string>> {
  const paths = new Map<string, string>();
  for (const { name, path } of await listImages(folder)) {
    const known = paths.get(stemOf(name));
    if (known !== undefined)
      throw new SamsrError(`${known} and ${path} would both be the same picture: leave one of them away`);
    paths.set(stemOf(name), path);
  }
  return paths;
}

export function stemOf(name: string): string {
  return name.slice(0, name.length - extname(name).length);
}
