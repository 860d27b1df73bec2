/**
 * Checks of data from files: what a value must be, said once, for its test and for the error. They know
 * nothing of the type that the data are then given; that the two agree is for their author to see to.
 */
import { brief } from "./brief.js";

/**
 * Says what is wrong with a value, or nothing. `at` is its place, such as `config.swin.window`; the places of
 * fields that no check knows are put into `unknown`.
 */
export type Check = (value: unknown, at: string, unknown?: string[]) => string | undefined;

export const whole = (least = 1, most = 2 ** 20): Check =>
  test(
    (v) => Number.isInteger(v) && (v as number) >= least && (v as number) <= most,
    `a whole number from ${least} to ${most}`,
  );

export const number = (least: number, most: number): Check =>
  test((v) => typeof v === "number" && v >= least && v <= most, `a number from ${least} to ${most}`);

export const flag = test((v) => typeof v === "boolean", "true or false");

export const text = test((v) => typeof v === "string" && v.trim() !== "", "a text");

export const oneOf = (...words: string[]): Check =>
  test(
    (v) => words.includes(v as string),
    words
      .map((word) => `"${word}"`)
      .join(", ")
      .replace(/, (?=[^,]*$)/, " or "),
  );

export function test(good: (value: unknown) => boolean, expected: string): Check {
  return (value, at) => {
    if (value === undefined) return `"${at}" is missing`;
    return good(value) ? undefined : `"${at}" must be ${expected}, not ${brief(value)}`;
  };
}

export function optional(check: Check): Check {
  return (value, at, unknown) => (value === undefined ? undefined : check(value, at, unknown));
}

/** Checks a value that may be null (`~` in YAML): nothing, said aloud. */
export function nullable(check: Check): Check {
  return (value, at, unknown) => (value === null ? undefined : check(value, at, unknown));
}

/** Checks a list with `least` elements or more. */
export function list(element: Check, least = 1, most = 1000, expected = "a list of numbers"): Check {
  const isList = test((v) => Array.isArray(v) && v.length >= least && v.length <= most, expected);
  return (value, at, unknown) =>
    isList(value, at) ?? first((value as unknown[]).map((v, i) => element(v, `${at}.${i}`, unknown)));
}

export function object(fields: Readonly<Record<string, Check>>): Check {
  const isObject = test((v) => typeof v === "object" && v !== null && !Array.isArray(v), "an object");
  return (value, at, unknown) => {
    const complaint = isObject(value, at);
    if (complaint) return complaint;
    const place = (key: string) => (at === "" ? key : `${at}.${key}`);
    const own = value as Record<string, unknown>;
    unknown?.push(
      ...Object.keys(own)
        .filter((key) => !Object.hasOwn(fields, key))
        .map(place),
    );
    return first(
      Object.entries(fields).map(([key, check]) =>
        check(Object.hasOwn(own, key) ? own[key] : undefined, place(key), unknown),
      ),
    );
  };
}

const first = (complaints: (string | undefined)[]) => complaints.find((c) => c !== undefined);
