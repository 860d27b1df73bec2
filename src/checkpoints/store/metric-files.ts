/**
 * The weights that metrics need, beside the models: a safetensors file each, of the published name in samsr's
 * list, written whole or not at all.
 */
import { mkdir, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { oneLine, SamsrError } from "../../base/errors.js";
import { whileLocked } from "../../base/lock.js";
import { writeFileAtomically } from "../../image/write-file.js";
import type { Shapes } from "../../networks/index.js";
import {
  METRIC_FILES,
  type MetricFile,
  type MetricFileName,
  parametersOfFile,
} from "../../networks/metrics/index.js";
import type { StateDict } from "../../nn/index.js";
import { sameShape } from "../../onnx/index.js";
import { openCheckpoint, readShapes } from "../open.js";
import { writeSafetensors } from "../safetensors.js";
import { demandWebAddress, shownAddress } from "./address.js";
import { type DownloadOptions, download } from "./download.js";
import { storeError } from "./errors.js";
import { discardDownload } from "./partial.js";
import { storeFolder } from "./places.js";
import { exactPrecision } from "./write.js";

/** The folder of the weights of metrics: `metrics`, beside that of the models. It need not exist. */
export const metricsFolder = (): string => join(dirname(storeFolder()), "metrics");

/** The names of all files that metrics need. */
export const METRIC_FILE_NAMES = Object.keys(METRIC_FILES) as readonly MetricFileName[];

/** Where a file of weights lies once it is installed. */
export const metricFilePath = (name: MetricFileName): string => join(metricsFolder(), `${name}.safetensors`);

/** Where a file is kept until it is installed, whole or in part. */
const metricDownloadPath = ({ file }: Pick<MetricFile, "file">): string =>
  join(metricsFolder(), ".downloads", file);

/** What is known of installed weights. */
interface InstalledMetricFile {
  readonly name: MetricFileName;
  readonly path: string;
  readonly bytes: number;
}

/** Returns the weights that are installed, in the order of samsr's list. */
export async function installedMetricFiles(): Promise<InstalledMetricFile[]> {
  const found: InstalledMetricFile[] = [];
  for (const name of METRIC_FILE_NAMES) {
    const path = metricFilePath(name);
    const facts = await stat(path).catch(() => undefined);
    if (facts?.isFile()) found.push({ name, path, bytes: facts.size });
  }
  return found;
}

interface AddMetricFileOptions {
  /** Which of samsr's list it is; told by its tensors and its file's name where that is enough. */
  readonly as?: MetricFileName;
  /** Where it comes from, for the file that is written; default: its name. */
  readonly source?: string;
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Installs a published file of weights: PyTorch's, TorchScript's or safetensors. The tensors that metrics use
 * are kept, with every number as it was.
 * @throws {SamsrError} of one line for a file that cannot be read, holds none of the weights, or several that
 * only its name could tell apart; for one that is installed already; when it cannot be written
 */
export async function addMetricFile(
  path: string,
  { as, source, overwrite, signal }: AddMetricFileOptions = {},
): Promise<InstalledMetricFile> {
  const shapes = await readShapes(path);
  const name = recogniseMetricFile(shapes, path, as);
  const target = metricFilePath(name);
  if (!overwrite && (await stat(target).catch(() => undefined))) {
    throw new SamsrError(`the weights ${name} are installed already (${target}); --overwrite replaces them`);
  }
  const { weights } = await openCheckpoint(path);
  signal?.throwIfAborted();
  const { bare, licence } = METRIC_FILES[name] as MetricFile;
  const kept: StateDict = new Map(
    [...parametersOfFile(name)].map(([key, shape]) => {
      const { data } = (weights.get(key) ?? (key === bare ? weights.get(BARE) : undefined))!;
      return [key, { shape, data }];
    }),
  );
  const metadata = { weights: name, licence, source: source ?? basename(path) };
  const bytes = writeSafetensors(kept, { precision: exactPrecision(kept), metadata });
  try {
    await mkdir(metricsFolder(), { recursive: true });
  } catch (error) {
    throw storeError(metricsFolder(), error);
  }
  await writeFileAtomically(target, bytes, { overwrite, signal });
  return { name, path: target, bytes: bytes.length };
}

/** The name of a tensor that stands in its file without one. */
const BARE = "value";

/**
 * Recognises which weights a file holds, from the names and shapes of its tensors; weights of one shape are
 * told apart by the published name of their file.
 * @throws {SamsrError} naming the nearest, and its first tensor that is missing or has another shape
 */
export function recogniseMetricFile(shapes: Shapes, path: string, as?: MetricFileName): MetricFileName {
  const wanted = as === undefined ? METRIC_FILE_NAMES : [as];
  const readings = wanted.map((name) => ({ name, ...compared(shapes, name) }));
  const fitting = readings.filter(({ difference }) => difference === undefined);
  const published = fitting.find(({ name }) => METRIC_FILES[name].file === basename(path));
  if (published) return published.name;
  if (fitting.length === 1) return fitting[0].name;
  if (fitting.length > 1) {
    const names = fitting.map(({ name }) => name).join(", ");
    throw new SamsrError(`${path}: may be ${names}, which have the same tensors; say which with --as`);
  }
  const nearest = readings.reduce((best, one) => (one.common > best.common ? one : best));
  const known = METRIC_FILE_NAMES.join(", ");
  const near = nearest.common > 0 ? `; the nearest is ${nearest.name}, but ${nearest.difference}` : "";
  throw new SamsrError(`${path}: holds no weights of a metric; expected those of ${as ?? known}${near}`);
}

/** Returns the first difference, if there is any, and how many tensors are right. */
function compared(shapes: Shapes, name: MetricFileName): { common: number; difference?: string } {
  const { bare } = METRIC_FILES[name] as MetricFile;
  let common = 0;
  let difference: string | undefined;
  for (const [key, shape] of parametersOfFile(name)) {
    const found = shapes.get(key) ?? (key === bare && shapes.size === 1 ? shapes.get(BARE) : undefined);
    if (found && sameShape(found, shape)) common++;
    else if (found) difference ??= `"${oneLine(key)}" [${found.join(", ")}] should be [${shape.join(", ")}]`;
    else difference ??= `"${oneLine(key)}" [${shape.join(", ")}] is missing`;
  }
  return { common, difference };
}

interface PullMetricFileOptions {
  /**
   * Another place to fetch from: a file's address, or that of a folder (ending in a slash) with the published
   * names.
   */
  readonly from?: string;
  /** Fetch again what is installed. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: {
    readonly file: string;
    readonly stage: "fetch" | "verify";
    readonly done: number;
    readonly total?: number;
  }) => void;
  /** Options of the network, which `download` takes. */
  readonly network?: Pick<DownloadOptions, "patience" | "pause">;
}

/**
 * Fetches a published file of weights and installs it.
 * @returns undefined when it was there already
 * @throws {SamsrError} when somebody else is fetching it; what `download` and `addMetricFile` throw. What has
 * been downloaded stays for another try, unless it is the file itself that is wrong. The signal's reason,
 * likewise.
 */
export async function pullMetricFile(
  name: MetricFileName,
  options: PullMetricFileOptions = {},
): Promise<InstalledMetricFile | undefined> {
  const { url, sha256, file } = METRIC_FILES[name] as MetricFile;
  const { from, overwrite, onProgress } = options;
  const address = from === undefined ? url : demandWebAddress(from.endsWith("/") ? `${from}${file}` : from);
  const isThere = async () =>
    !overwrite && (await installedMetricFiles()).some((installed) => installed.name === name);
  if (await isThere()) return undefined;
  const path = metricDownloadPath({ file });
  try {
    await mkdir(dirname(path), { recursive: true });
    return await whileLocked(
      `${path}.lock`,
      { what: path, doing: "fetched" },
      options.signal,
      async (signal) => {
        // Somebody else may have fetched it while this waited.
        if (await isThere()) return undefined;
        await download({ url: address, sha256, most: MOST_BYTES }, path, {
          ...options.network,
          ...{ signal, adds: "samsr metrics add FILE" },
          onProgress: onProgress && ((progress) => onProgress({ file, ...progress })),
        });
        const source = shownAddress(address);
        const added = await addMetricFile(path, { as: name, source, overwrite, signal }).catch(
          async (error) => {
            if (!isForItsContent(error) || signal.aborted) throw error;
            await discardDownload(path);
            throw new SamsrError(`${(error as SamsrError).message}; it was thrown away`, { cause: error });
          },
        );
        await discardDownload(path);
        return added;
      },
    );
  } catch (error) {
    throw storeError(path, error);
  }
}

/** VGG-16 with its classifier, the largest of the files, has 0.55e9. */
const MOST_BYTES = 1e9;

/**
 * Tells whether another try with the same file would fail again; it would not for what the disk is to blame
 * for.
 */
function isForItsContent(error: unknown): boolean {
  return (
    error instanceof SamsrError && (error.cause as NodeJS.ErrnoException | undefined)?.syscall === undefined
  );
}
