/** What all sources of coverage have in common: a picture in, coverage and perhaps masks out. */
import type { Variant } from "../../diffusion/index.js";
import { fromTensor, type Raster, toRgb } from "../../image/raster.js";
import { type Coverage, coverBackground } from "../coverage.js";
import type { Runs } from "../runs.js";
import type { FindContext, SamMask } from "../sam/types.js";

/** A picture in planes, [3, height, width] in 0..1. */
export interface PlanarPicture {
  readonly width: number;
  readonly height: number;
  readonly planes: Float32Array;
}

/** What a source looks at: a raster of any channels and depth, whose alpha is not looked at, or planes. */
export type SourcePicture = Raster | PlanarPicture;

/** Returns a tensor [3, height, width] in [-1, 1] as a source takes it; values outside are clamped. */
export function planarPicture(tensor: Float32Array, width: number, height: number): PlanarPicture {
  return { width, height, planes: tensor.map((v) => Math.min(1, Math.max(0, (v + 1) / 2))) };
}

/** Returns a picture as a raster; planes become 8-bit RGB. */
export function rasterOf(picture: SourcePicture): Raster {
  if (!("planes" in picture)) return picture;
  const { width, height, planes } = picture;
  return fromTensor(
    planes.map((v) => 2 * v - 1),
    { width, height, channels: 3 },
  );
}

/** Returns a picture as 8-bit RGB. */
export function rgbOf(picture: SourcePicture): Raster {
  return toRgb(rasterOf(picture));
}

/** A mask, in the size it was found in, with what Segment Anything says of it. */
export interface FoundMask {
  readonly runs: Runs;
  readonly sam?: SamMask;
}

/** What a source found in a picture. */
export interface FoundCoverage {
  /** How many masks cover each pixel of the picture. */
  readonly coverage: Coverage;
  /**
   * Finds the masks that were counted, made when they are asked for; none from a source that predicts the
   * count alone.
   */
  masks(): readonly FoundMask[];
  /** Points that Segment Anything was asked, and of how many. */
  readonly points?: { readonly asked: number; readonly points: number };
}

/** Where coverage comes from. */
export interface CoverageSource {
  /**
   * Finds how many masks cover each pixel of a picture.
   * @throws SamsrError when the source lacks what it needs; what the context throws to give up
   */
  find(picture: SourcePicture, context?: FindContext): Promise<FoundCoverage>;
}

/**
 * Returns a source as a variant of the method has it: the released code adds to all masks the mask of what
 * none of them covers. `paper` is the source itself.
 */
export function inVariant(source: CoverageSource, variant: Variant): CoverageSource {
  if (variant === "paper") return source;
  return {
    async find(picture, context) {
      const found = await source.find(picture, context);
      return { ...found, coverage: coverBackground(found.coverage) };
    },
  };
}
