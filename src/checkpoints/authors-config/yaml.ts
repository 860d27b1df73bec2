/** YAML as plain data: bounded, and with one line for whatever is wrong. */
import { LineCounter, parseDocument } from "yaml";
import { SamsrError } from "../../base/errors.js";

const LARGEST_FILE = 64_000;
const MOST_ALIASES = 20;
const LONGEST_TEXT = 10_000;
const DEEPEST = 100;
/** Spaces, dashes and question marks at the start of a line open a level each, or as good as. */
const LONGEST_INDENT = 200;

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
  // The parser descends level by level, and must not be led to the end of its stack.
  if (nestsTooDeep(text)) fail("it nests too deep");
  try {
    // Places are looked up for the one error that is shown, not for thousands that a damaged file may have.
    const lines = new LineCounter();
    const options = { prettyErrors: false, lineCounter: lines, uniqueKeys: true, logLevel: "error" } as const;
    const document = parseDocument(text, options);
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) {
      const { line, col } = lines.linePos(problem.pos[0]);
      return fail(`${problem.message.split("\n")[0]} at line ${line}, column ${col}`);
    }
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    // An alias to nothing, or so many that their copies would fill the memory.
    if (error instanceof ReferenceError) return fail(error.message.split("\n")[0]);
    throw error;
  }
}

/** Counts brackets in comments and quotes too: they balance, or are few. */
function nestsTooDeep(text: string): boolean {
  if (new RegExp(`^[ ?-]{${LONGEST_INDENT},}`, "m").test(text)) return true;
  let depth = 0;
  for (const character of text) {
    if (character === "[" || character === "{") depth++;
    if (character === "]" || character === "}") depth = Math.max(0, depth - 1);
    if (depth > DEEPEST) return true;
  }
  return false;
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
  const follow = (value: unknown, trail: readonly string[], depth = 0): unknown => {
    // An alias may stand inside of what it is an alias of.
    if (depth > DEEPEST + LONGEST_INDENT) fail("it nests too deep");
    if (typeof value === "string") {
      const [, place] = WHOLE.exec(value) ?? [];
      if (place !== undefined) return refer(place, trail);
      const filled = value.replace(PARTS, (_, part: string) => String(refer(part, trail)));
      return filled.length > LONGEST_TEXT ? fail("a text in it is too long") : filled;
    }
    if (Array.isArray(value)) return value.map((item) => follow(item, trail, depth + 1));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, follow(item, trail, depth + 1)]),
    );
  };
  const refer = (place: string, trail: readonly string[]): unknown => {
    if (trail.includes(place)) return fail(`\${${place}} refers to itself`);
    const value = at(place);
    if (typeof value === "object" && value !== null) return fail(`\${${place}} refers to no single value`);
    return follow(value, [...trail, place]);
  };
  return follow(root, []);
}
