/** What a metric is: a file in this folder, and a line in its index. */
import type { Raster } from "../../image/raster.js";
import type { MetricFileName } from "../../networks/metrics/index.js";
import type { Device } from "../../runtime/index.js";
import type { PristineModel } from "../niqe/niqe.js";

export interface Metric {
  /** The head of its column in a table, such as "PSNR(Y)". */
  readonly label: string;
  /** What it is, in a sentence without its end. */
  readonly about: string;
  /** Digits behind the point, in tables. */
  readonly decimals: number;
  /** Whether it compares with an original; if not, it judges a picture by itself. */
  readonly needsReference: boolean;
  /** Whether larger or smaller values are better. */
  readonly better: "higher" | "lower";
  /** Whether pixels along the edges can be left out; the metrics of networks look at whole pictures. */
  readonly takesBorder: boolean;
  /** The published weights that it cannot do without (`samsr metrics pull`). */
  readonly weights: readonly MetricFileName[];
  /**
   * Readies it.
   * @throws SamsrError when its weights are missing or damaged, or the device is not there
   */
  open(setup: MetricSetup): Promise<OpenMetric>;
}

/** What is the same for all pictures. */
export interface MetricSetup {
  /** Pixels left out along every edge. */
  readonly border: number;
  /** What NIQE compares with. */
  readonly pristine: PristineModel;
  /** Where networks run. */
  readonly device: Device;
  readonly threads?: number;
}

/** A picture to be judged, and what it should be where that is known; 8-bit RGB. */
export interface Pair {
  readonly picture: Raster;
  readonly original?: Raster;
}

/** A value, or why there is none: the picture is too small, or the two differ in size. */
export type Judgement = number | { readonly reason: string };

export interface OpenMetric {
  /**
   * Measures pictures, in their order.
   * @param checkpoint called now and then; what it throws ends the work
   */
  measure(pairs: readonly Pair[], checkpoint: () => Promise<void>): Promise<readonly Judgement[]>;
  /** Frees what it holds. */
  release?(): Promise<void>;
}
