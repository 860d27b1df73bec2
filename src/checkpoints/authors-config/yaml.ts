/** YAML as plain data: bounded, and with one line for whatever is wrong. */
import { type Document, isScalar, LineCounter, parseDocument, type Scalar, visit } from "yaml";
import { SamsrError } from "../../base/errors.js";

const LARGEST_FILE = 64_000;
const MOST_ALIASES = 20;
const LONGEST_TEXT = 10_000;
/** References in a whole file; the authors' files have some ten. */
const MOST_REFERENCES = 1000;
const DEEPEST = 100;
/** Spaces, dashes and question marks at the start of a line open a level each, or as good as. */
const LONGEST_INDENT = 200;

/**
 * Reads one YAML document (1.2, core schema). References such as `${autoencoder.params.embed_dim}` take the
 * value that stands at that place, as OmegaConf reads these files.
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
    // The parser compares every key with every other; `keyTwice` is as strict, and fast.
    const options = {
      prettyErrors: false,
      lineCounter: lines,
      uniqueKeys: false,
      logLevel: "error",
    } as const;
    const document = parseDocument(text, options);
    const failAt = (what: string, offset: number) => {
      const { line, col } = lines.linePos(offset);
      return fail(`${what} at line ${line}, column ${col}`);
    };
    const [problem] = [...document.errors, ...document.warnings];
    if (problem) return failAt(problem.message.split("\n")[0], problem.pos[0]);
    const twice = keyTwice(document);
    if (twice) return failAt("Map keys must be unique", twice.range?.[0] ?? 0);
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    // An alias to nothing, or so many that their copies would fill the memory.
    if (error instanceof ReferenceError) return fail(error.message.split("\n")[0]);
    throw error;
  }
}

/** Returns a key that its map has already. */
function keyTwice(document: Document): Scalar | undefined {
  let found: Scalar | undefined;
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>();
      for (const { key } of items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (seen.has(name)) {
          found = key;
          return visit.BREAK;
        }
        seen.add(name);
      }
    },
  });
  return found;
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

/**
 * Puts values in place of references, which may lead on to others but not in a circle. What stands at a place
 * is made out once, however often it is referred to, so the work grows with the file and not with what its
 * references multiply to.
 */
function resolve(root: unknown, fail: (what: string) => never): unknown {
  const known = new Map<string, unknown>();
  const underWay = new Set<string>();
  let references = 0;
  const at = (place: string): unknown => {
    let value = root;
    for (const key of place.split(".")) {
      const inside = typeof value === "object" && value !== null && Object.hasOwn(value, key);
      if (!inside) return fail(`\${${place}} refers to nothing`);
      value = (value as Record<string, unknown>)[key];
    }
    return value;
  };
  const refer = (place: string): unknown => {
    if (++references > MOST_REFERENCES) fail(`more than ${MOST_REFERENCES} references are in it`);
    if (known.has(place)) return known.get(place);
    if (underWay.has(place)) return fail(`\${${place}} refers to itself`);
    const value = at(place);
    if (typeof value === "object" && value !== null) return fail(`\${${place}} refers to no single value`);
    underWay.add(place);
    const found = typeof value === "string" ? fill(value) : value;
    underWay.delete(place);
    known.set(place, found);
    return found;
  };
  const fill = (text: string): unknown => {
    const [, place] = WHOLE.exec(text) ?? [];
    if (place !== undefined) return refer(place);
    let filled = "";
    let end = 0;
    for (const match of text.matchAll(PARTS)) {
      filled += text.slice(end, match.index) + String(refer(match[1]));
      end = match.index + match[0].length;
      if (filled.length > LONGEST_TEXT) fail("a text in it is too long");
    }
    filled += text.slice(end);
    return filled.length > LONGEST_TEXT ? fail("a text in it is too long") : filled;
  };
  const follow = (value: unknown, depth: number): unknown => {
    // An alias may stand inside of what it is an alias of.
    if (depth > DEEPEST + LONGEST_INDENT) fail("it nests too deep");
    if (typeof value === "string") return fill(value);
    if (Array.isArray(value)) return value.map((item) => follow(item, depth + 1));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, follow(item, depth + 1)]));
  };
  return follow(root, 0);
}
