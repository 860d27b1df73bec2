/** What a metric is: a file in this folder, and a line in its index. */
import type { Raster } from "../../image/raster.js";
import type { PristineModel } from "../niqe/niqe.js";

export interface Metric {
  /** The head of its column in a table, such as "PSNR(Y)". */
  readonly label: string;
  /** Digits behind the point, in tables. */
  readonly decimals: number;
  /** Whether it compares with an original; if not, it judges a picture by itself. */
  readonly needsReference: boolean;
  /**
   * Measures one picture, 8-bit RGB.
   * @param original of the same size; there whenever `needsReference` is true
   * @throws SamsrError when the picture is too small for it, or the two differ in size
   */
  measure(picture: Raster, original: Raster | undefined, context: MetricContext): number;
}

/** What a metric may take into account. */
export interface MetricContext {
  /** Pixels left out along every edge. */
  readonly border: number;
  /** What NIQE compares with. */
  readonly pristine: PristineModel;
}

export interface LumaOptions {
  /** Pixels left out along every edge; default 4, the scale factor. */
  readonly border?: number;
}
