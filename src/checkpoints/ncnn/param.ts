/**
 * The `.param` file of ncnn: a network's layers as text, one a line. The first line is a mark, the second
 * counts layers and blobs (the values between layers), and a layer is:
 *
 *     type name inputs outputs in-names... out-names... key=value...
 *
 * Keys are numbers that each type gives a meaning to; -23300 less a key is that key with a list.
 */
import { type Fail, oneLine } from "../../base/errors.js";

/** The mark at the beginning of the text. */
export const MAGIC = "7767517";

export interface Layer {
  readonly type: string;
  readonly name: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Numbers by their keys; of a list, its elements. */
  readonly values: ReadonlyMap<number, number | readonly number[]>;
}

/** Real networks have up to some thousand layers. */
const MOST_LAYERS = 20_000;
const MOST_WORDS = 500;
/** Bytes of text; the largest published ones have some hundred thousand. */
export const LARGEST_PARAM = 4e6;

/** Reads the text of a `.param`. Ends in `fail` where it is none. */
export function parseParam(text: string, fail: Fail): Layer[] {
  const lines = text.split("\n").map((line) => line.trim());
  if (lines[0] !== MAGIC) fail(`it does not begin with ${MAGIC}`);
  const [layers, blobs, ...more] = words(lines[1] ?? "", fail).map(Number);
  if (!isCount(layers) || !isCount(blobs) || more.length > 0)
    fail("its second line does not count layers and blobs");
  const rest = lines.slice(2).filter((line) => line !== "");
  if (layers > MOST_LAYERS) fail(`it claims ${layers} layers`);
  if (rest.length !== layers) fail(`it has ${rest.length} layers, and its second line says ${layers}`);
  return rest.map((line, i) => parseLayer(line, (what) => fail(`layer ${i + 1}: ${what}`)));
}

function parseLayer(line: string, fail: Fail): Layer {
  const [type, name, inputCount, outputCount, ...others] = words(line, fail);
  const [inputs, outputs] = [Number(inputCount), Number(outputCount)];
  if (name === undefined || !isCount(inputs) || !isCount(outputs) || others.length < inputs + outputs) {
    return fail("expected type, name, counts of inputs and outputs, and their names");
  }
  return {
    type,
    name,
    inputs: others.slice(0, inputs),
    outputs: others.slice(inputs, inputs + outputs),
    values: new Map(others.slice(inputs + outputs).map((word) => parseValue(word, fail))),
  };
}

/** Parses `key=value`, or for a list `key=count,value,...` with key -23300 - k. */
function parseValue(word: string, fail: Fail): [number, number | number[]] {
  const [, digits, value] =
    /^(-?\d{1,6})=(\S+)$/.exec(word) ?? fail(`"${oneLine(word, 60)}" is no key=value`);
  const key = Number(digits);
  const numbers = value.split(",").map(Number);
  if (!numbers.every(Number.isFinite)) return fail(`"${oneLine(word, 60)}" holds what is no number`);
  if (key > -23300) return numbers.length === 1 ? [key, numbers[0]] : fail(`key ${key} is no list`);
  const [count, ...elements] = numbers;
  return count === elements.length
    ? [-23300 - key, elements]
    : fail(`the list of key ${key} has another length`);
}

function words(line: string, fail: Fail): string[] {
  const found = line.split(/\s+/);
  return found.length <= MOST_WORDS ? found : fail(`a line of ${found.length} words`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Returns a number of a layer, or what stands for it where it is left out. */
export function numberOf({ values }: Layer, key: number, standard: number): number {
  const value = values.get(key) ?? standard;
  return typeof value === "number" ? value : (value[0] ?? standard);
}

/** Returns the list of a layer; empty where it is left out. */
export function listOf({ values }: Layer, key: number): readonly number[] {
  const value = values.get(key) ?? [];
  return typeof value === "number" ? [value] : value;
}
