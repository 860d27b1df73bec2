/** The graphs of the way of a tile, and the names by which their values meet. */
import type { Scope } from "../nn/index.js";
import { input, type Value } from "../onnx/index.js";

/** A tile in low-resolution pixels: what a graph is made for. Shapes are static, so each size has graphs of its own. */
export interface TileSize {
  readonly width: number;
  readonly height: number;
}

/**
 * One graph of the way of a tile. It reads what it needs of these, by name, and makes one of them, all float32:
 *
 *     lq     [1, 3, h, w]    the tile, in [-1, 1]
 *     y      [1, C, h, w]    the bicubic enlargement as a latent
 *     noise  [1, C, h, w]    of unit variance
 *     sigma  [1, 1, h, w]    kappa sqrt(eta_{T-1}) of the pixel-wise process
 *     scale  []              1 / sqrt(eta_{T-1} kappa^2 + 1), global
 *     x      [1, C, h, w]    x_t times its scale
 *     t      [1]             the timestep, 0..T-1
 *     x0     [1, C, h, w]    the prediction
 *     hr     [1, 3, 4h, 4w]  pixels in [-1, 1]
 */
export interface Stage {
  readonly name: string;
  /** What it makes. */
  readonly output: "y" | "x0" | "hr";
  /** Under which its time is reported. */
  readonly part: "encode" | "network" | "decode";
  /** Which of the model's files it takes its parameters from, by the name in the description; none without parameters. */
  readonly weights?: string;
  graph(p: Scope, known: Known): Value;
}

/** What a stage may read: all that is known before it. */
export type Known = Readonly<Record<"lq" | "y" | "noise" | "sigma" | "scale" | "x" | "t" | "x0", Value>>;

/** Graph inputs for all that a stage may read; those that it does not are never written. */
export function inputsOf(channels: number, { width, height }: TileSize): Known {
  const map = (name: string, c: number) => input(name, [1, c, height, width]);
  return {
    lq: map("lq", 3),
    y: map("y", channels),
    noise: map("noise", channels),
    sigma: map("sigma", 1),
    scale: input("scale", []),
    x: map("x", channels),
    t: input("t", [1]),
    x0: map("x0", channels),
  };
}
