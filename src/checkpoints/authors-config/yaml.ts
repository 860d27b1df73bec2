/** YAML as plain data: bounded, and with one line for whatever is wrong. */
import { parseDocument } from "yaml";
import { SamsrError } from "../../base/errors.js";

const LARGEST_FILE = 64_000;
const MOST_ALIASES = 20;
const LONGEST_TEXT = 10_000;

/**
 * Reads one YAML document (1.2, core schema). References such as `${autoencoder.params.embed_dim}` take the value that
 * stands at that place, as OmegaConf reads these files.
 * @throws {SamsrError} naming the file, and line and column where the text is at fault
 */
export function readYaml(content: Uint8Array | string, name: string): unknown {
  const fail = (what: string): never => {
    throw new SamsrError(`${name}: not a configuration that can be read: ${what}`);
  };
  if (content.length > LARGEST_FILE) fail(`it has ${content.length} bytes, ${LARGEST_FILE} at most are read`);
  const text = typeof content === "string" ? content : decode(content, fail);
  return resolve(parse(text, fail), fail);
}

function decode(bytes: Uint8Array, fail: (what: string) => never): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("it is not text in UTF-8");
  }
}

function parse(text: string, fail: (what: string) => never): unknown {
  if (text.includes("\0")) fail("it is no text");
  try {
    const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true, logLevel: "error" });
    const [problem] = [...document.errors, ...document.warnings];
    // The first line says what and where; what follows quotes the text.
    if (problem) return fail(problem.message.split("\n")[0].replace(/:$/, ""));
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    // An alias to nothing, or so many that their copies would fill the memory.
    if (error instanceof ReferenceError) return fail(error.message.split("\n")[0]);
    if (error instanceof RangeError) return fail("it nests too deep");
    throw error;
  }
}

const WHOLE = /^\$\{([\w.-]+)\}$/;
const PARTS = /\$\{([\w.-]+)\}/g;

/** Puts values in place of references, which may lead on to others but not in a circle. */
function resolve(root: unknown, fail: (what: string) => never): unknown {
  const at = (place: string): unknown => {
    let value = root;
    for (const key of place.split(".")) {
      const inside = typeof value === "object" && value !== null && Object.hasOwn(value, key);
      if (!inside) return fail(`\${${place}} refers to nothing`);
      value = (value as Record<string, unknown>)[key];
    }
    return value;
  };
  const follow = (value: unknown, trail: readonly string[]): unknown => {
    if (typeof value === "string") {
      const [, place] = WHOLE.exec(value) ?? [];
      if (place !== undefined) return refer(place, trail);
      const filled = value.replace(PARTS, (_, part: string) => String(refer(part, trail)));
      return filled.length > LONGEST_TEXT ? fail("a text in it is too long") : filled;
    }
    if (Array.isArray(value)) return value.map((item) => follow(item, trail));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, follow(item, trail)]));
  };
  const refer = (place: string, trail: readonly string[]): unknown => {
    if (trail.includes(place)) return fail(`\${${place}} refers to itself`);
    const value = at(place);
    if (typeof value === "object" && value !== null) return fail(`\${${place}} refers to no single value`);
    return follow(value, [...trail, place]);
  };
  return follow(root, []);
}
