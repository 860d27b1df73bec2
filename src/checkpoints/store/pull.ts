/** Fetching a published model: download, look whether it is what it should be, add, and clear away. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { readShapes } from "../open.js";
import { networkNamed, recognise } from "../recognise.js";
import { addModel } from "./add.js";
import { companionsFor, companionsOf } from "./companions.js";
import { type DownloadOptions, download } from "./download.js";
import { type InstalledModel, surveyModels } from "./find.js";
import { storeFolder } from "./places.js";
import { PUBLISHED, type PublishedFile } from "./published.js";

export interface PullOptions {
  /** Another place: a file's address, or that of a folder (ending in a slash) with the files under their published names. */
  readonly from?: string;
  /** Fetch again what is installed. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: {
    readonly file: string;
    readonly stage: "fetch" | "verify" | "read" | "write";
    readonly done: number;
    readonly total?: number;
  }) => void;
  /** For `download`. */
  readonly network?: Pick<DownloadOptions, "patience" | "pause">;
}

/** Where a file is kept until it is in the store, whole or in part. */
export const downloadPath = ({ file }: Pick<PublishedFile, "file">) =>
  join(storeFolder(), ".downloads", file);

/**
 * Fetches a published model, and what it cannot run without, such as an autoencoder, where none is installed that fits.
 * @returns the models that were added; none when it was there already
 * @throws {SamsrError} for a name that is not published; what `download` and `addModel` throw; a file that is another
 * network than it should be. What has been downloaded stays for another try. The signal's reason, likewise.
 */
export async function pullModel(name: string, options: PullOptions = {}): Promise<InstalledModel[]> {
  if (!Object.hasOwn(PUBLISHED, name)) {
    throw new SamsrError(
      `"${name}" is no published model; samsr can fetch ${Object.keys(PUBLISHED).join(", ")}`,
    );
  }
  if (!options.overwrite && (await isInstalled(name))) return [];
  const fetched = await fetchPublished(name, options);
  const added: InstalledModel[] = [];
  const companions: Record<string, string> = {};
  for (const [part, companion] of companionsOf(networkNamed(fetched.found.network))) {
    const fitting = await companionsFor(companion, fetched.found);
    // Those of one author all go together with the first that is published.
    const [published] = Object.keys(companion.network.published ?? {});
    if (fitting.length === 0 && published !== undefined) {
      if (options.from !== undefined && !options.from.endsWith("/")) {
        throw new SamsrError(`${name} needs an ${part}; first "samsr models pull ${published}"`);
      }
      added.push(...(await pullModel(published, { ...options, overwrite: false })));
    }
    if (fitting.length > 1)
      companions[part] = (fitting.find((one) => one.name === published) ?? fitting[0]).name;
  }
  const { summary, licence, method } = PUBLISHED[name];
  const { overwrite, signal, onProgress } = options;
  const { path, url: source } = fetched;
  const file = PUBLISHED[name].file;
  const model = await addModel([path], {
    ...{ name, summary, licence, method, source, companions, overwrite, signal },
    onProgress: onProgress && (({ stage, done, total }) => onProgress({ file, stage, done, total })),
  });
  await rm(path, { force: true });
  return [...added, model];
}

async function isInstalled(name: string): Promise<boolean> {
  const { models } = await surveyModels();
  return models.some(({ description, missing }) => description.name === name && missing.length === 0);
}

async function fetchPublished(name: string, { from, signal, onProgress, network }: PullOptions) {
  const published = PUBLISHED[name];
  const { file, size, sha256 } = published;
  const url = addressOf(published, from);
  const path = downloadPath(published);
  await download({ url, size, sha256 }, path, {
    ...network,
    signal,
    onProgress: onProgress && ((progress) => onProgress({ file, ...progress })),
  });
  try {
    const found = recognise(await readShapes(path), url);
    if (found.network !== published.network) {
      throw new SamsrError(`${url}: holds a ${found.network}, expected a ${published.network}`);
    }
    return { path, url, found };
  } catch (error) {
    if (!(error instanceof SamsrError)) throw error;
    await rm(path, { force: true });
    throw new SamsrError(`${error.message}; it was thrown away`, { cause: error });
  }
}

function addressOf({ url, file }: PublishedFile, from: string | undefined): string {
  if (from === undefined) return url;
  const address = from.endsWith("/") ? `${from}${file}` : from;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new SamsrError(`${from}: expected the address of a file or of a folder, http:// or https://`);
  }
  return address;
}
