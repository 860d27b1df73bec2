/** Folders of results measured picture by picture, against originals of the same names or by themselves. */
import { SamsrError } from "../base/errors.js";
import type { Raster } from "../image/raster.js";
import { decodeRgb, listImages } from "../train/data/photos.js";
import { METRICS, type MetricName } from "./metrics/index.js";
import { picturesByStem, stemOf } from "./names.js";
import type { PristineModel } from "./niqe/niqe.js";
import { meanOf } from "./score.js";

export type Values = Readonly<Partial<Record<MetricName, number>>>;

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
  /** Over the pictures that were measured. */
  readonly mean: Values;
}

export interface EvaluateOptions {
  readonly metrics: readonly MetricName[];
  /** The folder of originals; their endings may differ from those of the results. */
  readonly reference?: string;
  /** Pixels left out along every edge. */
  readonly border: number;
  /** What NIQE compares with. */
  readonly pristine: PristineModel;
  readonly onPicture?: (evaluation: PictureEvaluation) => void;
  readonly signal?: AbortSignal;
}

/**
 * @throws SamsrError when a metric needs originals and there are none, a folder cannot be read or holds no
 * picture; the signal's reason
 */
export async function evaluateFolder(folder: string, options: EvaluateOptions): Promise<FolderEvaluation> {
  const { metrics, reference, onPicture, signal } = options;
  const lacking = reference === undefined ? metrics.filter((name) => METRICS[name].needsReference) : [];
  if (lacking.length > 0) throw new SamsrError(`${lacking.join(" and ")}: a folder of originals is needed`);
  const found = await listImages(folder);
  if (found.length === 0) throw new SamsrError(`${folder}: expected pictures in or below this folder`);
  const originals = reference === undefined ? undefined : await picturesByStem(reference);

  const pictures: PictureEvaluation[] = [];
  const failures: { picture: string; reason: string }[] = [];
  for (const { name: picture, path } of found) {
    signal?.throwIfAborted();
    try {
      const original = originals?.get(stemOf(picture));
      if (originals && original === undefined) {
        throw new SamsrError(`${reference} has no picture of this name to compare with`);
      }
      const compared = original === undefined ? undefined : await decodeRgb(original);
      const values = measure(await decodeRgb(path), compared, options);
      const evaluation = { picture, values };
      pictures.push(evaluation);
      onPicture?.(evaluation);
    } catch (error) {
      failures.push({ picture, reason: (error as Error).message });
    }
  }
  const mean = Object.fromEntries(
    metrics.map((metric) => [metric, meanOf(pictures.map(({ values }) => values[metric]!))]),
  );
  return { folder, pictures, failures, mean: pictures.length > 0 ? mean : {} };
}

/** All metrics of one picture. */
export function measure(
  picture: Raster,
  original: Raster | undefined,
  { metrics, border, pristine }: Pick<EvaluateOptions, "metrics" | "border" | "pristine">,
): Values {
  const measured = metrics.map((name) => [
    name,
    METRICS[name].measure(picture, original, { border, pristine }),
  ]);
  return Object.fromEntries(measured);
}
