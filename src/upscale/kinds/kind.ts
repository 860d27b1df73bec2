/**
 * What a kind of model says of itself, and what it is given to enlarge with. A kind is one file beside this
 * one, to be read from top to bottom: its graphs, and `enlarge`, which takes the tiles of a picture through
 * them. All that is the same for every kind (tiles and their blending, alpha, sessions, masks, noise,
 * progress) is in the walk that it is given.
 */
import type { ScheduleDescription } from "../../checkpoints/index.js";
import type { Coefficients, Method, NoiseKind, Variant } from "../../diffusion/index.js";
import type { Raster, Region } from "../../image/raster.js";
import type { TilePlan } from "../../image/tiles.js";
import type { Size } from "../../networks/index.js";
import type { Scope } from "../../nn/index.js";
import type { Value } from "../../onnx/index.js";
import type { Tensor } from "../../runtime/index.js";
import type { TilePicture, TilePictures } from "../tile-pictures.js";
import type { TileMoment } from "../trace.js";

export interface ModelKind {
  /** How many times larger the network makes a picture. */
  readonly scale: number;
  /** What sides of a tile divide by. */
  readonly multiple: number;
  /** The one size of a tile, in low-resolution pixels, of a network that takes one only. */
  readonly size?: Size;
  /** Side of a tile and overlap that suit it, in low-resolution pixels. */
  readonly tile: number;
  readonly overlap: number;
  /**
   * Bytes that the sessions of sizes of tile that are not in use may hold together, by the values that their
   * graphs have alive at once.
   */
  readonly keptBytes: number;
  /** What is known of models whose weights can be sharper or more faithful than they are. */
  readonly detail?: DetailTraits;
  /** The process of models that start from noise; others have no masks, no seed and no steps. */
  readonly diffusion?: DiffusionTraits;
  /** The process of models that start from noise alone; these have a seed and steps, and no masks. */
  readonly ddim?: DdimTraits;
  /**
   * The guide of models that a second network guides: how many numbers do, and of how many features' mean.
   */
  readonly guide?: { readonly numbers: number; readonly features: number };
  /**
   * The graphs of one pass, from `lq` to `hr`, each reading what those before it made: what is exported,
   * counted, and fitted to the weights when a model is opened. None where the model is a file.
   */
  readonly onePass: readonly TileGraph[];
  /** All its graphs, those of one pass among them. */
  readonly graphs: readonly TileGraph[];
  /** A graph of models with a diffusion: the graph from a latent `x0` to `hr`, by which a trace is shown. */
  readonly show?: TileGraph;
  /** Enlarges a picture: hands the large pixels of every tile to `walk.paint`. */
  enlarge(walk: Walk): Promise<void>;
}

/** The kept bytes of kinds with small networks. ONNX Runtime takes two or three times what is counted. */
export const KEPT_SESSION_BYTES = 250e6;

interface DetailTraits {
  /** The part that is at the standard detail, and the part at detail 1. */
  readonly student: string;
  readonly sharp: string;
  /** The detail that stands where nobody asked for one, from 0 to less than 1. */
  readonly standard: number;
}

export interface DiffusionTraits {
  /** The channels C of a latent. */
  readonly channels: number;
  readonly schedule: ScheduleDescription;
  /** The strength of W in equation 9, m. */
  readonly m: number;
  /** What the model was trained for, with whose equations and which noise: the defaults of a run. */
  readonly method: Method;
  readonly variant: Variant;
  readonly coefficients: Coefficients;
  readonly noise: NoiseKind;
}

export interface DdimTraits {
  /** The channels C of a latent. */
  readonly channels: number;
  /** What is left of the picture's variance after each step, as `signalShares` gives it. */
  readonly shares: Float32Array;
}

/**
 * The tensors of a tile of h x w low-resolution pixels by which graphs meet, float32:
 *
 *     lq     [1, 3, h, w]    the tile, in [-1, 1]
 *     y      [1, C, h, w]    the bicubic enlargement as a latent
 *     noise  [1, C, h, w]    of unit variance
 *     sigma  [1, 1, h, w]    kappa sqrt(eta_{T-1}) of the pixel-wise process
 *     scale  []              1 / sqrt(eta_{T-1} kappa^2 + 1), global
 *     x      [1, C, h, w]    x_t times its scale
 *     t      [1]             the timestep, 0..T-1
 *     x0     [1, C, h, w]    the prediction
 *     hr     [1, 3, s h, s w]  large pixels in [-1, 1], s the kind's scale
 *     mean   [1, D]          of the features of a picture
 *     guide  [1, K]          what a network found out about it for another
 */
export type TileTensor = "lq" | "y" | "noise" | "sigma" | "scale" | "x" | "t" | "x0" | "mean" | "guide";

/** Their values in a graph. */
export type TileTensors = Readonly<Record<TileTensor, Value>>;

/** The numbers of some of them. */
export type TileData = Readonly<Partial<Record<TileTensor, Float32Array>>>;

/**
 * One graph on the way of a tile: a function of the tensors that it names, with the weights of one part of
 * the model.
 */
export interface TileGraph {
  /** The name in messages and in the cost of a model; no two graphs of a kind share one. */
  readonly name: string;
  /** What it makes. */
  readonly output: "y" | "x0" | "hr" | "features" | "guide" | "eps";
  /** The part under which its time is reported. */
  readonly timed: "encode" | "network" | "decode";
  /**
   * The part of the model that has its weights, by the name in the description; left out where it has none.
   */
  readonly weights?: string;
  /**
   * The tensor [1, C, h, w] that says the size, of a graph that one session can serve at every size: a second
   * size then costs one, and a third none.
   */
  readonly sizedBy?: "lq" | "x0";
  build(p: Scope, tensors: TileTensors): Value;
}

/** A picture on its way through a model. */
export interface Walk {
  /** The small picture, with colours bled under what is transparent. */
  readonly raster: Raster;
  readonly plan: TilePlan;
  readonly tiles: readonly TilePictures[];
  /**
   * Runs a graph on one tile.
   * @param data what the graph reads; more does no harm
   * @param size h x w
   * @returns its output, [C, h, w]; that of `hr`, [3, s h, s w], lies in memory that the next call for this
   * tile overwrites, or for another that is not under way at the same time
   */
  run(graph: TileGraph, data: TileData, size: Pick<Region, "width" | "height">): Promise<Float32Array>;
  /** Has the session of a graph, which will be asked for, made while other work goes on. */
  begin(graph: TileGraph): void;
  /**
   * Runs a model that is a file of its own kind, on what it takes.
   * @param part its name in the description
   * @returns what it gives, by the names that it has for it
   */
  runFile(part: string, feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
  /** What was asked for of a model that starts from noise alone. */
  readonly ddim?: { readonly seed: number; readonly steps: number; readonly ddimEta: number };
  /**
   * Reports a stage of so many pieces of work.
   * @returns to be called before each piece and after the last; it throws where the work is no longer wanted
   */
  count(stage: "latents" | "denoise", total: number): () => Promise<void>;
  /** Goes over all pictures of all tiles, and reports it as a stage of its own. */
  each(stage: "latents" | "denoise", work: (picture: TilePicture) => Promise<unknown>): Promise<void>;
  /** Whether each tile is a picture by itself, see `UpscaleSettings.tiles`. */
  readonly alone: boolean;
  /**
   * Finds the masks and draws the noise of the whole picture, or of each tile that is alone.
   * @param lookedAt where the released code seeks masks: the latent as a picture of the small one's size, if
   * there is one; of tiles alone the latent of the plan's i-th
   */
  diffuse(lookedAt?: (i: number) => Raster): Promise<TileDiffusion>;
  /** Whether x0 comes of one step from x_T, else of a chain of them. */
  readonly oneStep: boolean;
  /**
   * Goes over the tiles: asks for the large pixels of their pictures, [3, s h, s w], and blends them into the
   * result. The next tile may be asked for before the last is there.
   */
  paint(enlarge: (picture: TilePicture) => Promise<Float32Array>): Promise<void>;
  /**
   * Takes a moment of a picture's chain, where the chain is to be traced: x_t times its input scale, and x0
   * as it was predicted. Pictures of alpha are not traced.
   */
  readonly trace?: (picture: TilePicture, moment: TileMoment) => void;
  /** Frees the sessions of a graph, whose memory others need now; they come back when they are asked for. */
  release(graph: TileGraph): Promise<void>;
}

/** The diffusion of one picture, to be cut into its tiles. Colour and alpha of a tile have the same noise. */
export interface TileDiffusion {
  /** Returns what the one step starts from beside y. */
  start(tile: Region): Promise<{ noise: Float32Array; sigma: Float32Array; scale: Float32Array }>;
  /** Computes x_T of the one step times its input scale, [C, h, w], for a trace. @param y [C, h, w] */
  startingPoint(tile: Region, y: Float32Array): Promise<TileMoment>;
  /**
   * Computes x0 by a chain of steps, [C, h, w].
   * @param y [C, h, w]
   * @param denoise predicts x0 from x_t times its scale, and t
   */
  chain(
    tile: Region,
    y: Float32Array,
    denoise: (x: Float32Array, t: Float32Array) => Promise<Float32Array>,
  ): Promise<Float32Array>;
}
