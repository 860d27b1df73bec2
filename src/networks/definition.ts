/**
 * What the rest of the package needs to know of a network. Each network's folder defines one, `index.ts`
 * lists them, and nothing else knows a network by its name: a checkpoint is recognised, described, stored,
 * converted, counted and, where it enlarges pictures, run by what stands here.
 */
import type { Field } from "../base/fields.js";
import type { Method } from "../diffusion/index.js";
import type { Scope, StateDict } from "../nn/index.js";
import type { Shape, Value } from "../onnx/index.js";
import type { Training } from "./process.js";
import type { Shapes } from "./shapes.js";
import type { Autoencoding, Guiding, Upscaling } from "./upscaling.js";

/** A network as it was recognised: its configuration, and what else its tensors tell. */
export type ReadConfig<Config, Facts = object> = { readonly config: Config } & Facts;

/**
 * Reads a network off the shapes of its tensors; a tensor that is missing or damaged should hide as little as
 * possible of what the others say, so that the error can name it.
 * @param name of the file, for errors
 * @returns undefined where nothing of the network is there
 */
type Reader<Config, Facts = object> = (shapes: Shapes, name: string) => ReadConfig<Config, Facts> | undefined;

export interface Network<
  Name extends string = string,
  // biome-ignore lint/suspicious/noExplicitAny: a list holds networks of any configuration
  Config = any,
  Facts extends object = object,
  Json extends { readonly network: string } = { readonly network: string },
> {
  /** The name that files know it by: `model.json`, and the metadata of ONNX files. */
  readonly name: Name;
  /** The words that messages know it by, such as "the VQ autoencoder". */
  readonly title: string;
  /**
   * The network's configuration, described once: the type, the check of a file and the schema follow from it.
   */
  readonly config: Field<Config>;
  /** Ways to read it off shapes, the most likely first. */
  readonly readers: readonly Reader<Config, Facts>[];
  /**
   * Reads it off the shapes of its parameters in the order in which it asks for them, where a format keeps no
   * names; whether the file's graph is this network's is found out by comparing the two. Left out where no
   * such files are known.
   */
  readInOrder?(shapes: readonly Shape[]): Config | undefined;
  /**
   * Tells how many numbers building it makes of its own (tables of positions, masks), for its smallest size;
   * left out where there are hardly any. A file can claim sizes at no cost, so what would not fit into memory
   * is refused first.
   */
  constants?(config: Config): number;
  /** Asks the scope for every parameter that a checkpoint of it holds. */
  parameters(p: Scope, found: ReadConfig<Config, Facts>): void;
  /**
   * Returns what it is run with, of the tensors of a checkpoint: folded convolutions, a moving average in
   * place of what it is of. Left out where those are the checkpoint's own.
   */
  runnable?(weights: StateDict, found: ReadConfig<Config, Facts>): StateDict;
  /**
   * Returns what it is good for, and what not, for people: half a sentence; left out where its summary says
   * that.
   */
  goodFor?(config: Config): string;
  /**
   * Names beside the parameters that do not matter: buffers, and what only training needs; left out where
   * there are none.
   */
  readonly ignored?: RegExp;
  /** Returns the graphs it is converted into, or counted by. */
  parts(found: ReadConfig<Config, Partial<Facts>>, options?: PartOptions): readonly Part[];
  /** Returns what its cost is told for; left out where that is one run of each part at its standard size. */
  cost?(config: Config): CountedRuns;
  /** Describes the network's sizes for people. */
  describe(config: Config): string;
  /** The model that its weights make, by themselves or with those of other networks. */
  readonly model: NetworkModel<ReadConfig<Config, Facts>, Json>;
  /** The files of it that are published, by the name that each has in the store. */
  readonly published?: Readonly<Record<string, Published>>;
  /** How it makes pictures larger; left out where it does not. */
  readonly upscaling?: Upscaling<Config>;
  /** How it makes latents of pictures, and pictures of latents; left out where it does not. */
  readonly autoencoding?: Autoencoding<Config>;
  /** How it finds, in a picture, the numbers that guide another network; left out where it does not. */
  readonly guiding?: Guiding<Config>;
}

/** Defines a network: returns it as it is, with its types inferred. */
export function defineNetwork<
  const Name extends string,
  Config,
  Facts extends object,
  Json extends { readonly network: string },
>(network: Network<Name, Config, Facts, Json>): Network<Name, Config, Facts, Json> {
  return network;
}

/** A network that a file of weights holds beside the one that the model is about. */
export interface Companion<Found> {
  readonly network: Network;
  /** The field of the description with its configuration. */
  readonly config: string;
  /** Tells why the two do not go together, if they do not: half a sentence that says what both have. */
  conflict(found: Found, config: unknown): string | undefined;
}

export interface NetworkModel<Found, Json extends { readonly network: string }> {
  /**
   * The word by which `model.json` knows this kind of model: the network's own name, or that of what it is
   * part of.
   */
  readonly kind: Json["network"];
  readonly json: Field<Json>;
  /**
   * The model's files of weights, by their names in the description: those of the network itself (`self`), or
   * of another one.
   */
  readonly weights: Readonly<Record<string, "self" | Companion<Found>>>;
  /**
   * Tells why these weights cannot be added to the store, if they cannot: half a sentence after the name of
   * their file.
   */
  refusal?(found: Found): string | undefined;
  /** Returns the fields of the description beyond the configurations, for weights that are added. */
  training?(asked: Training): object;
}

/**
 * A file that the authors of a network publish, as facts: where, how large, which hash, under which licence.
 */
export interface Published {
  readonly file: string;
  readonly url: string;
  /** The file's size in bytes. Sizes and hashes that are not publicly stated are left out, never guessed. */
  readonly size?: number;
  readonly sha256?: string;
  /** Bytes that it cannot have more of, where the size is not stated: from the network's parameters. */
  readonly most?: number;
  readonly summary: string;
  readonly licence: string;
  /** What a denoiser was trained for. */
  readonly method?: Method;
}

export interface Size {
  readonly height: number;
  readonly width: number;
}

export interface PartOptions {
  /**
   * Side of the pictures that a part takes when no size is asked for, where a checkpoint does not tell it.
   */
  readonly imageSide?: number;
}

/** The side of the pictures that networks are trained on whose checkpoints do not tell it. */
export const IMAGE_SIDE = 256;

/** The most pixels of pictures that a graph is made for. */
export const MOST_PIXELS = 4096 ** 2;

/** A graph that a network is made of, with named inputs and outputs. */
export interface Part {
  readonly name: string;
  /** What goes in and what comes out, for people. */
  readonly summary: string;
  /** The input whose height and width a size is; left out where the network takes one size only. */
  readonly sized?: {
    readonly input: string;
    readonly standard: number;
    readonly multiple: number;
    /** Whether one graph takes any size, and any batch too, unless one is asked for. */
    readonly any?: "size" | "size and batch";
    /** The most pixels of a batch: a graph of fixed size holds masks that grow with it. */
    readonly most: number;
  };
  /** The outputs by name, for inputs of this size (the network's own, where it takes one only). */
  readonly build: (p: Scope, size: Size, batch: number) => Readonly<Record<string, Value>>;
}

/** Which parts run, how many inputs at once, and for what that is the cost. */
export interface CountedRuns {
  /** Such as "a picture of 256 x 256". */
  readonly per: string;
  readonly runs: readonly { readonly part: string; readonly batch: number }[];
}
