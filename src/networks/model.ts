/**
 * The model that a network's weights make in the store: the fields of its `model.json`, its files of weights,
 * and which networks these hold.
 */
import { test } from "../base/checks.js";
import {
  type Field,
  type Fields,
  type Filled,
  field,
  oneOf,
  optional,
  section,
  text,
} from "../base/fields.js";

/** What every `model.json` says of where a model comes from. */
const described = {
  name: text("The model's name."),
  summary: text('One line for "samsr models".'),
  licence: text("The licence of the weights."),
  source: optional(text("Where the weights were fetched from.")),
};

const FILE = "[^/\\\\:.][^/\\\\:]*";
const WEIGHTS = `^(\\.\\./${FILE}/)?${FILE}$`;
export const weightsFile = field<string>(
  test(
    (v) => typeof v === "string" && new RegExp(WEIGHTS).test(v),
    "the name of a file beside it, or ../NAME/FILE of another model",
  ),
  { description: "A safetensors file.", type: "string", pattern: WEIGHTS },
);

/**
 * Describes all fields of a `model.json`.
 * @param network the word by which its kind is known there
 * @param own fields of this kind alone, its network's configuration `config` among them
 * @param weights the names of its files of weights
 */
export function modelJson<const Kind extends string, const Own extends Fields, const File extends string>(
  network: Kind,
  own: Own,
  ...weights: readonly File[]
) {
  return modelJsonWith(network, own, weights, {});
}

/** Describes all fields of a `model.json` that may name further files of weights. */
export function modelJsonWith<
  const Kind extends string,
  const Own extends Fields,
  const File extends string,
  const More extends Readonly<Record<string, Field<string | undefined>>>,
>(network: Kind, own: Own, weights: readonly File[], more: More) {
  const files = Object.fromEntries(weights.map((name) => [name, weightsFile]));
  return section("A model.", {
    ...described,
    network: oneOf("The kind of model.", network),
    ...own,
    weights: section("Its files of weights.", { ...(files as Record<File, Field<string>>), ...more }),
  });
}

/** What is the same in every description. */
export type CommonDescription = {
  readonly [Key in Exclude<keyof typeof described, "source">]: string;
} & { readonly source?: string };

/** Describes a network that is a model by itself: `config` and one file of weights is all there is to say. */
export function modelAlone<const Name extends string, Config, const File extends string>(
  name: Name,
  config: Field<Config>,
  file: File,
) {
  const weights: Record<string, "self"> = { [file]: "self" };
  return { kind: name, json: modelJson(name, { config }, file), weights };
}

/** The contents of the `model.json` that a network defines. */
export type JsonOf<N> = N extends { readonly model: { readonly json: infer F } } ? Filled<F> : never;
