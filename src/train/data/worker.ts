/**
 * A thread in which training data is made: blurring, masks and noise would take the training thread's time.
 */
import { createQueue } from "../../base/promises.js";
import { type CallContext, serveThread } from "../../runtime/index.js";
import { createCoverageSource, type SourceName } from "../../semantics/index.js";
import { type NoiseRecipe, needsCoverage } from "./batch-noise.js";
import { type Batches, createBatches } from "./batches.js";
import { keptCoverage } from "./coverage-store.js";
import { rememberedCoverage, type WholeCoverage } from "./photo-coverage.js";
import { decodeRgb } from "./photos.js";
import { createShelf, type News } from "./shared-photos.js";
import { type DataSourceOptions, openSource } from "./source.js";

export interface DataOptions extends Omit<DataSourceOptions, "decode" | "coverageOf"> {
  /** Crops in a batch. */
  readonly batch: number;
  /** The seed of the run, 0 .. 2^32 - 1. */
  readonly seed: number;
  /** How many photos a batch is drawn from, see `pool`; default 1. */
  readonly pool?: number;
  /** Has each batch bring its noise. */
  readonly noise?: NoiseRecipe;
  /**
   * Where the coverage of each whole picture is kept, see `fillCoverage`; left out, threads find it as they
   * go.
   */
  readonly coverageFiles?: readonly string[];
}

export interface Skipped {
  readonly file: string;
  readonly reason: string;
}

let batches: Batches | undefined;
const shelf = createShelf(decodeRgb);
const skipped: Skipped[] = [];

/**
 * How many batches are in the making at once: enough to wait for a codec meanwhile, and the first is done
 * first.
 */
const AT_ONCE = 2;
const inTurn = createQueue(AT_ONCE);

/** Returns the coverage of whole pictures, where the noise follows it. */
function coverageFor({ noise, coverageFiles }: DataOptions): WholeCoverage | undefined {
  if (!needsCoverage(noise)) return undefined;
  if (coverageFiles) return keptCoverage(coverageFiles);
  return rememberedCoverage(createCoverageSource(noise.masks as SourceName, noise));
}

export const functions = serveThread({
  /**
   * Opens the data that a thread makes batches of.
   * @param shared whether there are other threads, with which photos are shared
   */
  async open({ shared, ...given }: DataOptions & { readonly shared: boolean }) {
    // What is shared is kept by all, so nothing need be kept here.
    const options = shared ? { ...given, maxBytes: 0, decode: shelf.decode } : given;
    const onSkipped = (file: string, reason: string) => void skipped.push({ file, reason });
    const { kind, source } = await openSource({ ...options, coverageOf: coverageFor(given) }, onSkipped);
    batches = createBatches({ source, ...options });
    return { kind, count: source.count, skipped: skipped.splice(0) };
  },

  at({ step, news }: { step: number; news?: News }, context: CallContext) {
    if (news) shelf.hear(news);
    return inTurn(async () => {
      const batch = await batches!.at(step);
      const buffers = Object.values(batch).map(({ buffer }) => buffer as ArrayBuffer);
      return context.transfer({ batch, skipped: skipped.splice(0), decoded: shelf.handIn() }, buffers);
    });
  },
});
