/** Checks of what callers without types, or with wrong ones, hand to public functions. */
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
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new SamsrError(`${of}: options must be an object, not ${briefly(options)}`);
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
      throw new SamsrError(`${of}: the option "${name}" must be ${expected}, not ${briefly(value)}`);
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
    throw new SamsrError(`${what} must be a text that is not empty, not ${briefly(value)}`);
  }
}

/** A value in a few words, for a message: short ones as they are, others by their class. */
export function briefly(value: unknown): string {
  if (typeof value === "string")
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}...` : value);
  if (typeof value === "function") return "a function";
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? "an array" : `a ${value.constructor?.name ?? "nameless object"}`;
}
