/** Checks of what callers without types, or with wrong ones, hand to public functions. */
import { brief } from "./brief.js";
import { SamsrError } from "./errors.js";

/** What an option may be; `any` is for what its user checks itself, and is not null. */
export type OptionType = "string" | "number" | "boolean" | "function" | "object" | "signal" | "any";

/**
 * Refuses options that are no object, have a name that nobody knows, or a value of another type. `undefined`
 * is as good as left out.
 * @param of the function's name, for the message
 * @throws SamsrError of one line that names the option, what was expected and what came
 */
export function checkOptions(
  of: string,
  options: unknown,
  known: Readonly<Record<string, OptionType>>,
): void {
  if (!isObject(options) || options instanceof ArrayBuffer || ArrayBuffer.isView(options)) {
    throw new SamsrError(`${of}: options must be an object, not ${brief(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const type = Object.hasOwn(known, name) ? known[name] : undefined;
    if (type === undefined) {
      throw new SamsrError(`${of}: unknown option "${name}"; there are ${Object.keys(known).join(", ")}`);
    }
    if (type === "any" && value === null)
      throw new SamsrError(`${of}: the option "${name}" must not be null`);
    if (!isOf(type, value)) {
      const expected = type === "signal" ? "an AbortSignal" : `${type === "object" ? "an" : "a"} ${type}`;
      throw new SamsrError(`${of}: the option "${name}" must be ${expected}, not ${brief(value)}`);
    }
  }
}

function isOf(type: OptionType, value: unknown): boolean {
  switch (type) {
    case "any":
      return true;
    case "signal":
      return typeof (value as AbortSignal | null)?.throwIfAborted === "function";
    case "object":
      return typeof value === "object" && value !== null;
    default:
      return typeof value === type;
  }
}

/** Refuses a text that is none. @throws SamsrError of one line that names it */
export function checkText(what: string, value: unknown): void {
  if (typeof value !== "string" || value === "") {
    throw new SamsrError(`${what} must be a text that is not empty, not ${brief(value)}`);
  }
}

/**
 * Refuses an argument.
 * @param good whether it is what it must be
 * @throws SamsrError of one line that names it, what was expected and what came
 */
export function checkArgument(what: string, value: unknown, good: boolean, expected: string): void {
  if (!good) throw new SamsrError(`${what} must be ${expected}, not ${brief(value)}`);
}

/** Tells whether a value is an object with fields, no list. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Refuses what is no number from `least` to `most`. @throws SamsrError of one line that names it */
export function checkNumber(what: string, value: unknown, least: number, most: number): void {
  const good = typeof value === "number" && value >= least && value <= most;
  checkArgument(what, value, good, `a number from ${least} to ${most}`);
}

/** Refuses what is no whole number from `least` on. @throws SamsrError of one line that names it */
export function checkWhole(what: string, value: unknown, least: number): void {
  checkArgument(
    what,
    value,
    Number.isInteger(value) && (value as number) >= least,
    `a whole number from ${least} on`,
  );
}

/** Refuses the size of a picture in pixels. @throws SamsrError of one line that names the side */
export function checkSize(of: string, width: unknown, height: unknown): void {
  for (const [side, value] of Object.entries({ width, height })) checkWhole(`${of}: the ${side}`, value, 1);
}
