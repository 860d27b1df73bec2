import { printable } from "./printable.js";

/** Characters of a value that a message shows. */
const LONGEST = 60;

/**
 * Returns a value of any kind and depth as text that fits into a line of a message: data as JSON, at most 60
 * characters of it; functions and instances by what they are, such as `a Float32Array`.
 */
export function brief(value: unknown): string {
  const what = kindOf(value);
  if (what !== undefined) return what;
  const json = printable(JSON.stringify(outermost(value)));
  return json.length > LONGEST ? `${json.slice(0, LONGEST)}...` : json;
}

/** Returns what is no data, in words; undefined for text, lists and plain objects. */
function kindOf(value: unknown): string | undefined {
  if (typeof value === "function") return "a function";
  if (typeof value === "string" || Array.isArray(value)) return undefined;
  if (typeof value !== "object" || value === null) return String(value);
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return undefined;
  const name = printable(value.constructor?.name || "nameless object");
  return `${/^[AEIO]/.test(name) ? "an" : "a"} ${name}`;
}

/**
 * Returns as much of a value as can be seen in a line: what nests without end, or in a circle, is not
 * followed.
 */
function outermost(value: unknown): unknown {
  let left = LONGEST;
  const seen = (part: unknown): unknown => {
    if (typeof part === "string") return part.slice(0, LONGEST + 1);
    if (part === null || typeof part === "number" || typeof part === "boolean") return part;
    if (typeof part !== "object") return kindOf(part);
    if (left-- <= 0) return null;
    if (Array.isArray(part)) return part.slice(0, LONGEST + 1).map(seen);
    if (kindOf(part) !== undefined) return kindOf(part);
    const entries = Object.entries(part).slice(0, LONGEST + 1);
    return Object.fromEntries(entries.map(([key, item]) => [key, seen(item)]));
  };
  return seen(value);
}
