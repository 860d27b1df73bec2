import { lstat, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkOptions, checkText } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { isPlainName } from "../../base/plain-name.js";
import { BUNDLED, storeFolder } from "./places.js";
import { modelsThatUse } from "./uses.js";
import { discardModel } from "./write.js";

export interface RemovedModel {
  readonly folder: string;
  /** The bytes of disk that are free now. */
  readonly bytes: number;
  /** Models that lack weights now. */
  readonly users: readonly string[];
}

/**
 * Removes a stored model, damaged ones too.
 * @throws {SamsrError} for a bundled model, one that is not there, and without `force` one whose weights
 *   others use
 */
export async function removeModel(
  name: string,
  options: { readonly force?: boolean } = {},
): Promise<RemovedModel> {
  checkText("a model's name", name);
  checkOptions("removeModel", options, { force: "boolean" });
  const { force = false } = options;
  const folder = join(storeFolder(), name);
  const found = isPlainName(name) ? await lstat(folder).catch(() => undefined) : undefined;
  if (!found) {
    const bundled = isPlainName(name) && (await stat(join(BUNDLED, name)).catch(() => undefined));
    if (bundled) throw new SamsrError(`${name} comes with samsr and cannot be removed`);
    throw new SamsrError(`no model "${name}" in ${storeFolder()}; "samsr models" lists what is installed`);
  }
  const users = await modelsThatUse(name);
  if (users.length > 0 && !force) {
    throw new SamsrError(
      `${users.join(", ")} ${users.length > 1 ? "use" : "uses"} the weights of ${name}; remove ` +
        "that first, or give --force",
    );
  }
  const bytes = await sizeOfFolder(folder);
  await discardModel(folder);
  return { folder, bytes, users };
}

async function sizeOfFolder(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      lstat(join(folder, name)).then(
        (s) => s.size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
