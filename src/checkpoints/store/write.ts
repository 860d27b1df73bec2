/**
 * Writing in the store. A model is built in a folder that nobody looks into (its name begins with a dot) and
 * gets its name by one rename; a model that is replaced keeps working until its new `model.json` stands, by
 * one rename too. What a killed process left is swept by the next that writes.
 */
import { randomBytes } from "node:crypto";
import {
  copyFile,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  unlink,
  writeFile,
} from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkText, type OptionType } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { isGone, markOf, newOwner, ownerIn } from "../../base/owner.js";
import { syncFile, syncFolder } from "../../image/write-file.js";
import type { StateDict } from "../../nn/index.js";
import { fromFloat16, toFloat16 } from "../../onnx/index.js";
import type { ModelDescription } from "../description.js";
import { parseDescription } from "../parse-description.js";
import { safetensorsPieces } from "../safetensors.js";
import { storeError } from "./errors.js";
import { BUNDLED, storeFolder } from "./places.js";

/**
 * Weights by their part, each read only when it is due: two at once may not fit into memory. A path is that
 * of an ONNX file, which is copied; bytes are those of one.
 */
export type WeightParts = Readonly<Record<string, string | Uint8Array | (() => Promise<StateDict>)>>;

export interface PlaceOptions {
  /** Replace a model that has the name. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: {
    stage: "read" | "write";
    part: string;
    done: number;
    total: number;
  }) => void;
}

export const PLACE_OPTIONS = {
  overwrite: "boolean",
  signal: "signal",
  onProgress: "function",
} as const satisfies Record<keyof PlaceOptions, OptionType>;

/**
 * Checks that a model may be added under this name.
 * @throws {SamsrError} for a name that is none, a bundled model's, or taken
 */
export async function checkModelName(name: string, { overwrite }: { overwrite?: boolean }): Promise<void> {
  checkText("a model's name", name);
  if (!/^[\p{L}\p{N}][\p{L}\p{N}._ -]{0,98}[\p{L}\p{N}]$|^[\p{L}\p{N}]$/u.test(name)) {
    throw new SamsrError(
      `"${name}" is no name for a model: expected up to 100 letters, digits, dots, dashes and underscores`,
    );
  }
  if (await exists(join(BUNDLED, name))) {
    throw new SamsrError(`${name} is a model that comes with samsr; choose another name (--name)`);
  }
  if (!overwrite && (await exists(join(storeFolder(), name)))) {
    throw new SamsrError(
      `a model ${name} is installed already; --overwrite replaces it, --name gives another name`,
    );
  }
}

/**
 * Puts a model into the store, whole or not at all.
 * @param description its `weights` for the `parts` are filled in here
 * @returns its folder
 * @throws {SamsrError} when it cannot be written; what reading the parts throws; the signal's reason
 */
export async function placeModel(
  description: ModelDescription,
  parts: WeightParts,
  { overwrite, signal, onProgress }: PlaceOptions = {},
): Promise<string> {
  const store = storeFolder();
  const folder = join(store, description.name);
  try {
    await makeStore(store);
    await sweep();
  } catch (error) {
    throw storeError(store, error);
  }
  const work = await workFolder("adding");
  try {
    const replacing = await exists(folder);
    // Files of another name, so that those of the old model stay as long as it counts.
    const mark = replacing ? `-${randomBytes(3).toString("hex")}` : "";
    const weights: Record<string, string> = { ...description.weights };
    for (const [part, read] of Object.entries(parts)) {
      signal?.throwIfAborted();
      onProgress?.({ stage: "read", part, done: 0, total: 1 });
      if (typeof read !== "function") {
        weights[part] = `${part}${mark}.onnx`;
        const to = join(work, weights[part]);
        await (typeof read === "string" ? copyFile(read, to) : writeFile(to, read));
        await syncFile(join(work, weights[part]));
        continue;
      }
      const tensors = await read();
      weights[part] = `${part}${mark}.safetensors`;
      await writeWeights(join(work, weights[part]), tensors, signal, (done, total) =>
        onProgress?.({ stage: "write", part, done, total }),
      );
    }
    signal?.throwIfAborted();
    await writeFile(join(work, "model.json"), `${JSON.stringify({ ...description, weights }, null, 2)}\n`);
    await syncFile(join(work, "model.json"));
    await syncFolder(work);
    if (replacing && overwrite) await replace(folder, work);
    else await rename(work, folder);
    await syncFolder(store);
    return folder;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTEMPTY" || code === "EEXIST") {
      throw new SamsrError(`a model ${description.name} was added meanwhile; --overwrite replaces it`);
    }
    throw storeError(folder, error);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/**
 * Puts what is in `work` in the place of an older model. A link is replaced itself, and what it leads to
 * stays as it is. Of a folder only what the old model consists of goes: anything else in it is somebody's
 * own.
 */
async function replace(folder: string, work: string): Promise<void> {
  if ((await lstat(folder)).isSymbolicLink()) {
    const target = await readlink(folder);
    await unlink(folder);
    return rename(work, folder).catch(async (error) => {
      await symlink(target, folder).catch(() => {});
      throw error;
    });
  }
  const old = (await filesOf(folder)).filter((name) => name !== "model.json");
  // `model.json` is last, and from then on the new model counts.
  const fresh = (await readdir(work)).sort((a, b) => Number(a === "model.json") - Number(b === "model.json"));
  const moved: string[] = [];
  try {
    for (const name of fresh) {
      // The disk has the weights' names before the one that makes them count, and that before any of the old
      // ones go.
      if (name === "model.json") await syncFolder(folder);
      await rename(join(work, name), join(folder, name));
      moved.push(name);
    }
    await syncFolder(folder);
  } catch (error) {
    for (const name of moved) await rm(join(folder, name), { force: true });
    throw error;
  }
  for (const name of old) await unlink(join(folder, name)).catch(() => {});
}

/**
 * Returns what a model's folder holds as a model: the weights that it names, and its card. Of a damaged one
 * only the card.
 */
async function filesOf(folder: string): Promise<string[]> {
  const path = join(folder, "model.json");
  const named = await readFile(path, "utf8")
    .then((json) => Object.values<string>(parseDescription(json, path).weights))
    .catch(() => []);
  return [...named.filter((file) => !file.startsWith("../")), "CARD.md"];
}

/** Takes a model's folder out of the store: at once for all who look, then file by file. */
export async function discardModel(folder: string): Promise<void> {
  try {
    await sweep();
    const away = await workFolder("removed");
    await rename(folder, join(away, "model"));
    await rm(away, { recursive: true, force: true });
  } catch (error) {
    throw storeError(folder, error);
  }
}

/** Makes the store's folder, itself on the disk where it was not there before. */
async function makeStore(store: string): Promise<void> {
  const first = await mkdir(store, { recursive: true });
  if (first === undefined) return;
  for (let at = dirname(store); ; at = dirname(at)) {
    await syncFolder(at);
    if (at === dirname(first) || at === dirname(at)) return;
  }
}

async function workFolder(what: string): Promise<string> {
  const folder = join(storeFolder(), `.${what}-${markOf(newOwner())}`);
  await mkdir(folder).catch((error) => {
    throw storeError(folder, error);
  });
  return folder;
}

/** Removes what processes that are gone have left. */
async function sweep(): Promise<void> {
  for (const name of await readdir(storeFolder())) {
    const owner = /^\.(?:adding|removed)-/.test(name) ? ownerIn(name) : undefined;
    if (!owner) continue;
    const folder = join(storeFolder(), name);
    if (isGone(owner, await idleTime(folder))) await rm(folder, { recursive: true, force: true });
  }
}

/** Milliseconds since something was last changed in a folder. */
async function idleTime(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const times = [folder, ...names.map((name) => join(folder, name))].map((path) =>
    lstat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    ),
  );
  return Date.now() - Math.max(...(await Promise.all(times)));
}

async function writeWeights(
  path: string,
  tensors: StateDict,
  signal: AbortSignal | undefined,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const file = await open(path, "wx");
  try {
    let done = 0;
    for (const piece of safetensorsPieces(tensors, { precision: exactPrecision(tensors) })) {
      signal?.throwIfAborted();
      // Linux writes at most 2 GiB at once.
      for (let at = 0; at < piece.length; ) {
        at += (await file.write(piece, at, Math.min(piece.length - at, 2 ** 28))).bytesWritten;
      }
      onProgress(++done, tensors.size + 1);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

/**
 * Returns the precision that loses nothing: half, where all numbers have it, as in weights that were saved
 * so.
 */
export function exactPrecision(tensors: StateDict): "float32" | "float16" {
  for (const { data } of tensors.values()) {
    // A few numbers tell in most cases.
    for (const part of [data.subarray(0, 64), data]) {
      const bits = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);
      const [before, after] = [bits(part), bits(fromFloat16(toFloat16(part)))];
      if (after.some((value, i) => value !== before[i])) return "float32";
    }
  }
  return "float16";
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
