/**
 * A WebAssembly module as its bytes, as far as replacing functions needs it (WebAssembly core specification,
 * chapter 5).
 */

import { unsigned } from "../base/wasm.js";

/** Makes a function's body, which may call what it replaces by its index. */
type Replacement = (replaced: number) => readonly number[];

const SECTION = { imports: 2, functions: 3, code: 10 } as const;

/**
 * Replaces functions of a module. What is replaced stays in it, under an index of its own.
 * @param choose what to put in the place of a body; undefined where it stays
 * @returns the module, and how many were replaced
 */
export function replaceFunctions(
  bytes: Uint8Array,
  choose: (body: Uint8Array) => Replacement | undefined,
): { readonly bytes: Uint8Array<ArrayBuffer>; readonly replaced: number } {
  const sections = sectionsOf(bytes);
  const content = (id: number) => sections.find((section) => section.id === id)?.content ?? Uint8Array.of(0);
  const bodies = bodiesOf(content(SECTION.code));
  const chosen = bodies.flatMap((body, index) => {
    const make = choose(body);
    return make ? [{ index, body, make }] : [];
  });
  const firstNew = countFunctions(content(SECTION.imports)) + bodies.length;
  const made = new Map(
    chosen.map(({ index, make }, i) => [index, Uint8Array.from(make(firstNew + i))] as const),
  );
  const types = typesOf(content(SECTION.functions));
  const functions = [...types, ...chosen.map(({ index }) => types[index]!)];
  const all = [...bodies.map((body, i) => made.get(i) ?? body), ...chosen.map(({ body }) => body)];
  const parts = [bytes.subarray(0, 8)];
  for (const section of sections) {
    const { id } = section;
    const pieces =
      id === SECTION.functions
        ? [Uint8Array.from([functions.length, ...functions].flatMap(unsigned))]
        : id === SECTION.code
          ? [
              Uint8Array.from(unsigned(all.length)),
              ...all.flatMap((body) => [Uint8Array.from(unsigned(body.length)), body]),
            ]
          : [section.content];
    parts.push(Uint8Array.from([id, ...unsigned(lengthOf(pieces))]), ...pieces);
  }
  const out = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return { bytes: out, replaced: chosen.length };
}

const lengthOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0);

/** Reads numbers from a place on. */
function reader(bytes: Uint8Array, from = 0) {
  let at = from;
  const number = () => {
    let [value, scale] = [0, 1];
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  };
  const take = (length: number) => bytes.subarray(at, (at += length));
  return { number, take, ended: () => at >= bytes.length };
}

function sectionsOf(bytes: Uint8Array): { readonly id: number; readonly content: Uint8Array }[] {
  const { number, take, ended } = reader(bytes, 8);
  const sections: { id: number; content: Uint8Array }[] = [];
  while (!ended()) sections.push({ id: number(), content: take(number()) });
  return sections;
}

function bodiesOf(code: Uint8Array): Uint8Array[] {
  const { number, take } = reader(code);
  return Array.from({ length: number() }, () => take(number()));
}

function typesOf(functions: Uint8Array): number[] {
  const { number } = reader(functions);
  return Array.from({ length: number() }, number);
}

/** Counts how many of the imports are functions. */
function countFunctions(imports: Uint8Array): number {
  const { number, take } = reader(imports);
  const limits = () => {
    const hasMost = number() & 1;
    number();
    if (hasMost) number();
  };
  const table = () => {
    take(1);
    limits();
  };
  const tag = () => {
    take(1);
    number();
  };
  /**
   * What is skipped, by kind: functions have a type, tables a type and limits, memories limits, globals a
   * type and a flag.
   */
  const skip = [number, table, limits, () => take(2), tag];
  let functions = 0;
  for (let left = number(); left > 0; left--) {
    take(number());
    take(number());
    const kind = number();
    skip[kind]!();
    if (kind === 0) functions++;
  }
  return functions;
}
