/**
 * Values that people say in words, on a command line or in an address: the schema of such a value, and how
 * words become it.
 */
import { SamsrError } from "./errors.js";

/** A schema in the words of JSON Schema, draft 2020-12, for one value. */
type WordSchema =
  | {
      readonly type: "integer";
      readonly minimum: number;
      readonly maximum?: number;
      readonly default?: number;
    }
  | {
      readonly type: "number";
      readonly minimum?: number;
      readonly exclusiveMinimum?: number;
      readonly maximum?: number;
    }
  | { readonly type: "string"; readonly enum?: readonly string[]; readonly default?: string }
  | { readonly type: "boolean" };

/** A value that can be said in words, described once. */
export interface Described {
  /** What stands for the value where it is explained, such as "n" in `--steps <n>`. */
  readonly value: string;
  /** What it is, for people. */
  readonly words: string;
  readonly schema: WordSchema;
  /** Further words that stand for some of the values. */
  readonly also?: Readonly<Record<string, string>>;
  /** Names of those that cannot be said together with it. */
  readonly conflicts?: readonly string[];
}

/** What is said of these values, each or none. */
export type Said<Descriptions extends Readonly<Record<string, Described>>> = {
  readonly [Name in keyof Descriptions]?: ValueOf<Descriptions[Name]["schema"]>;
};

type ValueOf<S> = S extends { readonly type: "integer" | "number" }
  ? number
  : S extends { readonly type: "boolean" }
    ? boolean
    : S extends { readonly enum: readonly (infer Word)[] }
      ? Word
      : string;

/** A whole number from `minimum` to `maximum`, or without an end. */
export const wholeNumber = (minimum: number, maximum?: number) =>
  ({ type: "integer", minimum, ...(maximum !== undefined && { maximum }) }) as const;

/** Makes a value that is one of these words. */
export const oneOf = <const Word extends string>(choices: readonly Word[]) =>
  ({ type: "string", enum: choices }) as const;

/**
 * Reads the value that a text says.
 * @throws SamsrError that says what was expected, such as "Expected a whole number from 1 on."
 */
export function parseWords({ schema, also = {} }: Described, text: string): number | string | boolean {
  switch (schema.type) {
    case "integer": {
      const value = Number(text);
      if (/^\d+$/.test(text) && Number.isSafeInteger(value) && isWithin(schema, value)) return value;
      throw new SamsrError(`Expected a whole number${rangeOf(schema)}.`);
    }
    case "number": {
      const value = fraction(text);
      if (Number.isFinite(value) && isWithin(schema, value)) return value;
      throw new SamsrError(`Expected a number${rangeOf(schema)}.`);
    }
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      throw new SamsrError("Expected true or false.");
    case "string": {
      if (schema.enum === undefined) return text;
      const name = text.toLowerCase();
      const value = Object.hasOwn(also, name) ? also[name] : name;
      if (schema.enum.includes(value)) return value;
      throw new SamsrError(`Allowed choices are ${schema.enum.join(", ")}.`);
    }
  }
}

interface Range {
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

function isWithin({ minimum, exclusiveMinimum, maximum }: Range, value: number): boolean {
  return (
    value >= (minimum ?? Number.NEGATIVE_INFINITY) &&
    value > (exclusiveMinimum ?? Number.NEGATIVE_INFINITY) &&
    value <= (maximum ?? Number.POSITIVE_INFINITY)
  );
}

function rangeOf({ minimum, exclusiveMinimum, maximum }: Range): string {
  if (exclusiveMinimum !== undefined) {
    return ` over ${exclusiveMinimum}${maximum === undefined ? "" : ` and at most ${maximum}`}`;
  }
  if (minimum === undefined) return maximum === undefined ? "" : ` of at most ${maximum}`;
  return maximum === undefined ? ` from ${minimum} on` : ` from ${minimum} to ${maximum}`;
}

/** Reads a number, or a fraction such as 512/1500; NaN for anything else. */
function fraction(text: string): number {
  const parts = text.split("/").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (parts.length > 2) return Number.NaN;
  const [above, below = 1] = parts;
  return above / below;
}
