/** Fetching a published model: download, look whether it is what it should be, add, and clear away. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { checkOptions, checkText, type OptionType } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { whileLocked } from "../../base/lock.js";
import { readShapes } from "../open.js";
import { networkNamed, type Recognised, recogniseNetwork } from "../recognise.js";
import { addModel, demandAddable } from "./add.js";
import { demandWebAddress, shownAddress } from "./address.js";
import { companionsFor, companionsOf } from "./companions.js";
import { type DownloadOptions, download } from "./download.js";
import { storeError } from "./errors.js";
import { type InstalledModel, surveyModels } from "./find.js";
import { discardDownload } from "./partial.js";
import { storeFolder } from "./places.js";
import { PUBLISHED, type PublishedFile } from "./published.js";

export interface PullOptions {
  /**
   * Another place to fetch from: a file's address, or that of a folder (ending in a slash) with the files
   * under their published names.
   */
  readonly from?: string;
  /** Fetch again what is installed. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  /** Told, in a sentence each, what is not as it should be and is done all the same. */
  readonly warn?: (line: string) => void;
  readonly onProgress?: (progress: {
    readonly file: string;
    readonly stage: "fetch" | "verify" | "read" | "write";
    readonly done: number;
    readonly total?: number;
  }) => void;
  /** How patient the download is with the network; for tests. */
  readonly network?: Pick<DownloadOptions, "patience" | "pause">;
}

const OPTIONS = {
  from: "string",
  overwrite: "boolean",
  signal: "signal",
  onProgress: "function",
  warn: "function",
  network: "object",
} as const satisfies Record<keyof PullOptions, OptionType>;

/** The path where a published file is kept, whole or in part, until it is in the store. */
export const downloadPath = ({ file }: Pick<PublishedFile, "file">) =>
  join(storeFolder(), ".downloads", file);

/**
 * Fetches a published model, and what it cannot run without, such as an autoencoder, where none is installed
 * that fits.
 * @returns the models that were added; none when it was there already
 * @throws {SamsrError} for a name that is not published, one that cannot be replaced, and one that somebody
 * else is fetching; what `download` and `addModel` throw; a file that is another network than it should be.
 * What has been downloaded stays for another try, unless it is the file itself that is wrong. The signal's
 * reason, likewise.
 */
export async function pullModel(name: string, options: PullOptions = {}): Promise<InstalledModel[]> {
  checkText("a model's name", name);
  checkOptions("pullModel", options, OPTIONS);
  if (!Object.hasOwn(PUBLISHED, name)) {
    throw new SamsrError(
      `"${name}" is no published model; samsr can fetch ${Object.keys(PUBLISHED).join(", ")}`,
    );
  }
  const url = addressOf(PUBLISHED[name], options.from);
  if (!options.overwrite && (await isInstalled(name))) return [];
  const path = downloadPath(PUBLISHED[name]);
  await mkdir(dirname(path), { recursive: true }).catch((error) => {
    throw storeError(path, error);
  });
  return whileLocked(`${path}.lock`, { what: path, doing: "fetched" }, options.signal, async (signal) => {
    // Somebody else may have fetched it while this waited.
    if (!options.overwrite && (await isInstalled(name))) return [];
    await demandAddable(name, options);
    return fetchAndAdd(name, url, path, { ...options, signal });
  }).catch((error) => {
    throw storeError(path, error);
  });
}

async function fetchAndAdd(
  name: string,
  url: string,
  path: string,
  options: PullOptions,
): Promise<InstalledModel[]> {
  const { overwrite, signal, onProgress } = options;
  const { file, size, sha256, most, network, summary, licence, method } = PUBLISHED[name];
  if (new URL(url).protocol === "http:") {
    const sum =
      sha256 === undefined ? "and no SHA-256 of it is known" : "but for its SHA-256, which is checked";
    options.warn?.(`${shownAddress(url)}: over http, anybody on the way could change the file, ${sum}`);
  }
  await download({ url, size, sha256, most }, path, {
    ...options.network,
    signal,
    onProgress: onProgress && ((progress) => onProgress({ file, ...progress })),
  });
  const source = shownAddress(url);
  try {
    const found = recogniseNetwork(await readShapes(path), source);
    if (found.network !== network) {
      throw new SamsrError(`${source}: holds a ${found.network}, expected a ${network}`);
    }
    const { companions, added } = await companionsNamed(name, found, options);
    const model = await addModel([path], {
      ...{ name, summary, licence, method, source, companions, overwrite, signal },
      onProgress: onProgress && (({ stage, done, total }) => onProgress({ file, stage, done, total })),
    });
    await discardDownload(path);
    return [...added, model];
  } catch (error) {
    if (!isForItsContent(error) || signal?.aborted) throw error;
    await discardDownload(path);
    throw new SamsrError(`${(error as SamsrError).message}; it was thrown away`, { cause: error });
  }
}

/**
 * Tells whether another try with the same file would fail again; it would not for what the disk, or a missing
 * companion, is to blame for.
 */
function isForItsContent(error: unknown): boolean {
  const isSystems = (cause: unknown) => (cause as NodeJS.ErrnoException | undefined)?.syscall !== undefined;
  return error instanceof SamsrError && !(error instanceof LacksCompanion) && !isSystems(error.cause);
}

class LacksCompanion extends SamsrError {}

/**
 * Returns the stored models whose weights it goes with, by what they are to it, fetched where there are none.
 */
async function companionsNamed(
  name: string,
  found: Recognised,
  options: PullOptions,
): Promise<{ companions: Record<string, string>; added: InstalledModel[] }> {
  const added: InstalledModel[] = [];
  const companions: Record<string, string> = {};
  for (const [part, companion] of companionsOf(networkNamed(found.network))) {
    const fitting = await companionsFor(companion, found);
    // Those of one author all go together with the first that is published.
    const [published] = Object.keys(companion.network.published ?? {});
    if (fitting.length > 0) {
      companions[part] = (fitting.find((one) => one.name === published) ?? fitting[0]).name;
      continue;
    }
    const elsewhere = options.from !== undefined && !options.from.endsWith("/");
    if (published === undefined || elsewhere) {
      const pull = published === undefined ? "" : `; first "samsr models pull ${published}"`;
      throw new LacksCompanion(`${name} needs an ${part}${pull}`);
    }
    try {
      added.push(...(await pullModel(published, { ...options, overwrite: false })));
    } catch (error) {
      throw error instanceof SamsrError ? new LacksCompanion(error.message, { cause: error }) : error;
    }
  }
  return { companions, added };
}

async function isInstalled(name: string): Promise<boolean> {
  const { models } = await surveyModels();
  return models.some(({ description, missing }) => description.name === name && missing.length === 0);
}

function addressOf({ url, file }: PublishedFile, from: string | undefined): string {
  if (from === undefined) return url;
  return demandWebAddress(from.endsWith("/") ? `${from}${file}` : from);
}
