/**
 * Results, picture by picture: what a contestant made of it, how long that took, and what each metric says.
 * Each is a file that is written whole, so that a run which was killed goes on with the next picture, and a
 * metric whose weights come later is measured on the pictures that are there.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { encodeToFile, writeFileAtomically } from "../../image/index.js";
import type { Raster } from "../../image/raster.js";
import { decodeRgb } from "../../train/data/photos.js";
import { type Measurer, type Values, valuesOf } from "../measurer.js";
import { METRICS, type MetricName } from "../metrics/index.js";
import type { PristineModel } from "../niqe/niqe.js";
import type { EnlargeMethod } from "../score.js";
import type { Contestant } from "./contestants.js";
import type { DataSet, DataSetPicture } from "./data-sets.js";

/** What is kept of a picture by a contestant. */
export interface Result {
  /** What identifies the contestant and the small picture. */
  readonly contestant: string;
  readonly picture: string;
  /** How metrics were taken: the border, and NIQE's parameters. */
  readonly measured: { readonly border: number; readonly niqe: string };
  readonly width: number;
  readonly height: number;
  /** What enlarging took. */
  readonly seconds: number;
  readonly values: Values;
  /** Why metrics have no value, by the metric. */
  readonly reasons: Readonly<Partial<Record<MetricName, string>>>;
}

export interface ResultsOptions {
  /** Where results and pictures are kept. */
  readonly folder: string;
  readonly measurer: Measurer;
  readonly signal?: AbortSignal;
  /** Told of each picture before it is worked at. */
  readonly onPicture?: (place: {
    contestant: string;
    set: string;
    picture: string;
    done: number;
    total: number;
  }) => void;
  /** Told of a picture that the contestant fails on; the others are done all the same. */
  readonly onFailure: (error: Error) => void;
}

export const picturePath = (folder: string, contestant: string, set: string, name: string): string =>
  join(folder, "pictures", contestant, set, `${name}.png`);

const resultPath = (folder: string, contestant: string, set: string, name: string): string =>
  join(folder, "results", contestant, set, `${name}.json`);

/** Reads what is kept of a picture, if it is of this contestant and picture as they are now. */
export async function keptResult(
  folder: string,
  contestant: Contestant,
  set: DataSet,
  picture: DataSetPicture,
): Promise<Result | undefined> {
  const path = resultPath(folder, contestant.name, set.name, picture.name);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const kept: Result = JSON.parse(text);
    const same = kept.contestant === contestant.fingerprint && kept.picture === picture.fingerprint;
    return same ? { ...kept, values: revived(kept.values) } : undefined;
  } catch {
    return undefined;
  }
}

/** Reads back a value that JSON has no number for: equal pictures have an infinite PSNR. */
function revived(values: Readonly<Record<string, number | null>>): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, value ?? Number.POSITIVE_INFINITY]),
  );
}

/**
 * Enlarges and measures what is missing of a data set by a contestant, which is opened only where there is
 * something to enlarge.
 * @throws SamsrError when it cannot be opened; the signal's reason
 */
export async function fillResults(
  contestant: Contestant,
  set: DataSet,
  options: ResultsOptions,
): Promise<void> {
  const { folder, measurer, signal, onPicture, onFailure } = options;
  const measured = { border: measurer.border, niqe: niqeDigest(measurer.pristine) };
  const due: DataSetPicture[] = [];
  const tell = (picture: DataSetPicture) => {
    const done = set.pictures.indexOf(picture);
    onPicture?.({
      ...{ contestant: contestant.label, set: set.name, picture: picture.name },
      ...{ done, total: set.pictures.length },
    });
  };
  for (const picture of set.pictures) {
    signal?.throwIfAborted();
    const kept = await keptResult(folder, contestant, set, picture);
    if (!kept) {
      due.push(picture);
      continue;
    }
    const asBefore = kept.measured.border === measured.border && kept.measured.niqe === measured.niqe;
    const known: Result = asBefore ? kept : { ...kept, measured, values: {}, reasons: {} };
    const lacking = lackingMetrics(known, set, measurer);
    if (lacking.length === 0) continue;
    tell(picture);
    const large = await decodeRgb(picturePath(folder, contestant.name, set.name, picture.name)).catch(
      () => undefined,
    );
    if (!large) due.push(picture);
    else await measureAndKeep(known, large, picture, lacking);
  }
  if (due.length === 0) return;
  await contestant.use(async (enlarge) => {
    for (const picture of due) {
      signal?.throwIfAborted();
      tell(picture);
      await enlargeAndKeep(enlarge, picture).catch((error: Error) => {
        signal?.throwIfAborted();
        onFailure(new SamsrError(`${set.name}/${picture.name}: ${error.message}`, { cause: error }));
      });
    }
  });

  async function enlargeAndKeep(enlarge: EnlargeMethod, picture: DataSetPicture): Promise<void> {
    const { lq } = await picture.open();
    const begun = performance.now();
    const large = await enlarge(lq);
    const seconds = (performance.now() - begun) / 1000;
    const path = picturePath(folder, contestant.name, set.name, picture.name);
    await mkdir(dirname(path), { recursive: true });
    await encodeToFile(large, path, { format: "png", overwrite: true, signal });
    const { width, height } = large;
    const fresh = { contestant: contestant.fingerprint, picture: picture.fingerprint, measured };
    const result: Result = { ...fresh, width, height, seconds, values: {}, reasons: {} };
    await measureAndKeep(result, large, picture, lackingMetrics(result, set, measurer));
  }

  async function measureAndKeep(
    result: Result,
    large: Raster,
    picture: DataSetPicture,
    lacking: readonly MetricName[],
  ): Promise<void> {
    const { hr } = set.paired ? await picture.open() : { hr: undefined };
    const [judged] = await measurer.measure([{ picture: large, ...(hr && { original: hr }) }], { signal });
    const reasons: Partial<Record<MetricName, string>> = { ...result.reasons };
    for (const name of lacking) {
      const value = judged[name];
      if (typeof value === "object") reasons[name] = value.reason;
    }
    const all = { ...result, values: { ...result.values, ...valuesOf(judged) }, reasons };
    const path = resultPath(folder, contestant.name, set.name, picture.name);
    await mkdir(dirname(path), { recursive: true });
    const text = `${JSON.stringify(all, null, 1)}\n`;
    await writeFileAtomically(path, new TextEncoder().encode(text), { overwrite: true });
  }
}

/** Returns the metrics that are asked for, fit the set, and have neither a value nor a reason for none. */
function lackingMetrics(result: Result, set: DataSet, { metrics }: Measurer): MetricName[] {
  return metrics.filter((name) => {
    if (METRICS[name].needsReference && !set.paired) return false;
    return result.values[name] === undefined && result.reasons[name] === undefined;
  });
}

/** Returns NIQE's parameters as digits that change when they do. */
export function niqeDigest({ mean, covariance }: PristineModel): string {
  const numbers = (data: ArrayLike<number>) => new Uint8Array(Float64Array.from(data).buffer);
  return createHash("sha256").update(numbers(mean)).update(numbers(covariance)).digest("hex");
}
