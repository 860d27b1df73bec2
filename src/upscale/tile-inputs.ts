/** The shapes of a tile's tensors. Shapes are static, so each size of tile has graphs of its own. */
import { input, type Shape, type Value } from "../onnx/index.js";
import type { ModelKind, TileTensor } from "./kinds/kind.js";

/** A tile in low-resolution pixels. */
export interface TileSize {
  readonly width: number;
  readonly height: number;
}

type ShapingTraits = Pick<ModelKind, "diffusion" | "ddim" | "guide">;

/** Returns the shape of every {@link TileTensor} for tiles of a size. */
export function tileShapes(
  { diffusion, ddim, guide }: ShapingTraits,
  { width, height }: TileSize,
): Record<TileTensor, Shape> {
  const map = (channels: number): Shape => [1, channels, height, width];
  const latent = map((diffusion ?? ddim)?.channels ?? 0);
  return {
    ...{ lq: map(3), y: latent, noise: latent, sigma: map(1), scale: [], x: latent, t: [1], x0: latent },
    ...{ mean: [1, guide?.features ?? 0], guide: [1, guide?.numbers ?? 0] },
  };
}

/** Returns a graph input for every {@link TileTensor}; those that a graph does not read are never written. */
export function tileInputs(kind: ShapingTraits, size: TileSize): Record<TileTensor, Value> {
  const shapes = Object.entries(tileShapes(kind, size));
  return Object.fromEntries(shapes.map(([name, shape]) => [name, input(name, shape)])) as Record<
    TileTensor,
    Value
  >;
}
