/** Folders of results measured picture by picture, against originals of the same names or by themselves. */
import { checkOptions, checkText } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { decodeRgb, listImages } from "../train/data/photos.js";
import { checkMeasurer } from "./checks.js";
import { type Measurer, reasonIn, type Values, valuesOf } from "./measurer.js";
import { METRICS, type MetricName, type Pair } from "./metrics/index.js";
import { picturesByStem, stemOf } from "./names.js";
import { meanOf } from "./score.js";

export interface PictureEvaluation {
  /** Relative to the folder, with its ending. */
  readonly picture: string;
  readonly values: Values;
}

export interface FolderEvaluation {
  readonly folder: string;
  readonly pictures: readonly PictureEvaluation[];
  /** What could not be measured, and why. */
  readonly failures: readonly { readonly picture: string; readonly reason: string }[];
  /** The mean over the pictures that were measured. */
  readonly mean: Values;
}

export interface EvaluateOptions {
  /** What measures; its metrics are those of the result. */
  readonly measurer: Measurer;
  /** The folder of originals; their endings may differ from those of the results. */
  readonly reference?: string;
  readonly onPicture?: (evaluation: PictureEvaluation) => void;
  /** Told how far the folder is, and which metric is at work. */
  readonly onProgress?: (progress: { done: number; total: number; metric: MetricName }) => void;
  readonly signal?: AbortSignal;
}

/** Pictures are measured together up to so many, and so many pixels of them. */
const BATCH = { pictures: 16, pixels: 2 ** 20 };

const OPTIONS = {
  measurer: "object",
  reference: "string",
  onPicture: "function",
  onProgress: "function",
  signal: "signal",
} as const;

/**
 * Measures every picture in or below a folder, and means over all. A picture that cannot be measured is
 * named among the failures.
 * @throws SamsrError when a metric needs originals and there are none, a folder cannot be read or holds no
 * picture; the signal's reason
 */
export async function evaluateFolder(folder: string, options: EvaluateOptions): Promise<FolderEvaluation> {
  checkText("evaluateFolder: the folder", folder);
  checkOptions("evaluateFolder", options, OPTIONS);
  checkMeasurer("evaluateFolder", options.measurer);
  const { measurer, reference, onPicture, onProgress, signal } = options;
  const { metrics } = measurer;
  const lacking = reference === undefined ? metrics.filter((name) => METRICS[name].needsReference) : [];
  if (lacking.length > 0) throw new SamsrError(`${lacking.join(" and ")}: a folder of originals is needed`);
  const found = await listImages(folder);
  if (found.length === 0) throw new SamsrError(`${folder}: expected pictures in or below this folder`);
  const originals = reference === undefined ? undefined : await picturesByStem(reference);

  const pictures: PictureEvaluation[] = [];
  const failures: { picture: string; reason: string }[] = [];
  let batch: { readonly name: string; readonly pair: Pair }[] = [];
  let done = 0;
  const flush = async () => {
    const pairs = batch.map(({ pair }) => pair);
    const onMetric = (metric: MetricName) => onProgress?.({ done, total: found.length, metric });
    const judged = pairs.length > 0 ? await measurer.measure(pairs, { signal, onMetric }) : [];
    for (const [i, { name: picture }] of batch.entries()) {
      const reason = reasonIn(judged[i]);
      if (reason !== undefined) {
        failures.push({ picture, reason });
        continue;
      }
      const evaluation = { picture, values: valuesOf(judged[i]) };
      pictures.push(evaluation);
      onPicture?.(evaluation);
    }
    done += batch.length;
    batch = [];
  };
  for (const { name, path } of found) {
    signal?.throwIfAborted();
    try {
      const original = originals?.get(stemOf(name));
      if (originals && original === undefined) {
        throw new SamsrError(`${reference} has no picture of this name to compare with`);
      }
      const picture = await decodeRgb(path);
      batch.push({ name, pair: { picture, ...(original && { original: await decodeRgb(original) }) } });
    } catch (error) {
      failures.push({ picture: name, reason: (error as Error).message });
      done++;
    }
    const pixels = batch.reduce((sum, { pair: { picture } }) => sum + picture.width * picture.height, 0);
    if (batch.length >= BATCH.pictures || pixels >= BATCH.pixels) await flush();
  }
  await flush();
  const mean = Object.fromEntries(
    metrics.map((metric) => [metric, meanOf(pictures.map(({ values }) => values[metric]!))]),
  );
  return { folder, pictures, failures, mean: pictures.length > 0 ? mean : {} };
}
