/**
 * Frames of a moving picture, enlarged so that what stands still stays still. A network looks at a frame as a
 * whole, and a change anywhere can shift a level or two everywhere, which a viewer sees as flicker. So masks
 * are shared where nothing moved, and where nothing moved for a way around, the result of the frame before
 * stays.
 */
import { bitDepth, bleedColour, createRaster, type Raster } from "../image/index.js";
import type { Coverage } from "../semantics/index.js";
import { findCoverage } from "./semantics.js";
import type { ResolvedSettings } from "./settings.js";

/**
 * How far around a change a frame is made anew, in pixels of the input: what a 3x3 network of a dozen layers
 * sees.
 */
const reach = 12;

/** What is kept of the frame before. */
export interface FrameBefore {
  readonly input: Raster;
  readonly output: Raster;
  /** The frame's coverage; left out where masks come from elsewhere than regions. */
  readonly coverage?: Coverage;
}

/**
 * Tells which pixels of a frame lie within {@link reach} of a change: 1 each, [H, W]. None for frames that
 * are the same.
 */
export function movedPixels(before: Raster, now: Raster): Uint8Array | undefined {
  const { width, height, channels } = now;
  const moved = new Uint8Array(width * height);
  let any = false;
  for (let p = 0; p < moved.length; p++) {
    for (let c = 0; c < channels; c++) {
      if (before.data[p * channels + c] !== now.data[p * channels + c]) moved[p] = 1;
    }
    if (moved[p]) any = true;
  }
  if (!any) return undefined;
  return spread(spread(moved, width, height, 1, width), height, width, width, 1);
}

/**
 * Spreads every 1 by `reach` to both sides, along the lines of `length` pixels `step` apart, which are
 * `stride` apart.
 */
function spread(marks: Uint8Array, length: number, lines: number, step: number, stride: number): Uint8Array {
  const out = new Uint8Array(marks.length);
  for (let line = 0; line < lines; line++) {
    let last = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < length; i++) {
      const at = line * stride + i * step;
      if (marks[at]) {
        last = i;
        for (let k = Math.max(0, i - reach); k <= i; k++) out[line * stride + k * step] = 1;
      } else if (i - last <= reach) out[at] = 1;
    }
  }
  return out;
}

/**
 * Returns the coverage of a frame by regions: found anew where something moved, that of the frame before
 * elsewhere. Undefined where masks come from elsewhere, or are sought in the latent (variant `release`).
 */
export async function frameCoverage(
  frame: Raster,
  { diffusion }: ResolvedSettings,
  before: FrameBefore | undefined,
  moved: Uint8Array | undefined,
): Promise<Coverage | undefined> {
  if (diffusion?.masks !== "regions" || diffusion.variant !== "paper") return undefined;
  const { width, height } = frame;
  const coverage = await findCoverage(await bleedColour(frame), diffusion);
  const earlier = before?.coverage;
  if (earlier === undefined || moved === undefined) return coverage;
  const counts = coverage.counts.map((count, p) => (moved[p] ? count : earlier.counts[p]));
  return { width, height, counts };
}

/** Returns a frame's result, with that of the frame before where nothing moved. */
export function withStillParts(output: Raster, before: FrameBefore, moved: Uint8Array): Raster {
  const { width, height, channels } = output;
  const { input } = before;
  const out = createRaster(width, height, channels, bitDepth(output));
  const columns = Int32Array.from({ length: width }, (_, x) =>
    Math.min(input.width - 1, Math.floor(((x + 0.5) * input.width) / width)),
  );
  for (let y = 0, at = 0; y < height; y++) {
    const row = Math.min(input.height - 1, Math.floor(((y + 0.5) * input.height) / height)) * input.width;
    for (let x = 0; x < width; x++) {
      const from = moved[row + columns[x]] ? output.data : before.output.data;
      for (let c = 0; c < channels; c++, at++) out.data[at] = from[at];
    }
  }
  return out;
}
