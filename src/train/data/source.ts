import { SamsrError } from "../../base/errors.js";
import type { CropWay } from "./crop-ways.js";
import { type DegradationName, degradationNamed } from "./degradations.js";
import type { WholeCoverage } from "./photo-coverage.js";
import { type Decode, openPhotoStore } from "./photo-store.js";
import { degradedCrops, type SampleSource } from "./samples.js";
import { holdsPairs, openSavedPairs } from "./saved-pairs.js";

export interface DataSourceOptions {
  /** Folders of photos, or of saved pairs (those with folders `hr` and `lr`), subfolders included. */
  readonly folders: readonly string[];
  /** The degradation of photos; default: mild. Saved pairs are taken as they are. */
  readonly degradation?: DegradationName;
  /** Side of the HR crops that will be asked for. */
  readonly crop: number;
  /** How they are made of photos; default "cut". Saved pairs are cut. */
  readonly crops?: CropWay;
  /** Decoded pictures are kept up to this many bytes; see `cachedPhotos`. */
  readonly maxBytes?: number;
  /**
   * Gives the coverage of a whole picture, of which crops are to bring their part; left out, they bring none.
   */
  readonly coverageOf?: WholeCoverage;
  /** What the second teacher makes of the small picture of each saved pair; see `openSavedPairs`. */
  readonly taughtFiles?: readonly string[];
  /** How a file is decoded; default: `decodeRgb`. */
  readonly decode?: Decode;
}

interface OpenSource {
  readonly kind: "photos" | "pairs";
  readonly source: SampleSource;
}

/**
 * Opens what there is to learn from, told apart by the folders themselves.
 * @throws SamsrError when folders of both kinds are given, saved pairs with a degradation, or what opening
 *   throws
 */
export async function openSource(
  { folders, degradation, crop, crops, maxBytes, decode, coverageOf, taughtFiles }: DataSourceOptions,
  onSkipped: (file: string, reason: string) => void,
): Promise<OpenSource> {
  const saved = await Promise.all(folders.map(holdsPairs));
  if (saved.every((pairs) => !pairs)) {
    const photos = await openPhotoStore(folders, { maxBytes, decode, onSkipped });
    return {
      kind: "photos",
      source: degradedCrops(photos, degradationNamed(degradation ?? "mild"), { crops, coverageOf }),
    };
  }
  const one = folders[saved.indexOf(true)];
  if (!saved.every((pairs) => pairs)) {
    const other = folders[saved.indexOf(false)];
    throw new SamsrError(
      `${one} holds saved pairs (hr and lr) and ${other} does not: train on one or the other`,
    );
  }
  if (degradation !== undefined) {
    throw new SamsrError(
      `${one} holds saved pairs (hr and lr), which are degraded already: leave out the degradation ` +
        `${degradation}`,
    );
  }
  const source = await openSavedPairs(folders, crop, maxBytes, decode, coverageOf, taughtFiles);
  return { kind: "pairs", source };
}
