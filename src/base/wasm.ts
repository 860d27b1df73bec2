/**
 * WebAssembly as its bytes (core specification, chapters 2 and 5), for inner loops that JavaScript is too
 * slow for: what an instruction leaves on the stack the next one takes, so code is a list of numbers, and a
 * larger piece of it is smaller ones in a row.
 */

/** Instructions as their bytes. */
export type Code = readonly number[];

/** The types of parameters and locals. */
export const TYPES = { int: 0x7f, double: 0x7c, vector: 0x7b } as const;

type ValueType = (typeof TYPES)[keyof typeof TYPES];

/** A function that returns nothing; parameters and locals have numbers in this order, from 0. */
export interface WasmFunction {
  readonly parameters: readonly ValueType[];
  readonly locals: readonly ValueType[];
  readonly code: Code;
}

/** Returns a number as LEB128, unsigned. */
export function unsigned(value: number): number[] {
  const rest = Math.floor(value / 128);
  return rest === 0 ? [value] : [(value % 128) + 128, ...unsigned(rest)];
}

/** Returns a number of 32 bits as LEB128, signed. */
export function signed(value: number): number[] {
  const [low, rest] = [value & 127, value >> 7];
  const last = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
  return last ? [low] : [low + 128, ...signed(rest)];
}

export const get = (local: number): Code => [0x20, local];
export const set = (local: number, ...value: Code): Code => [...value, 0x21, local];
export const int = (value: number): Code => [0x41, ...signed(value)];

/** Returns an instruction on vectors by its number, with what follows that. */
export const vector = (code: number, ...rest: number[]): Code => [0xfd, ...unsigned(code), ...rest];

/** Returns code that leaves what an instruction makes of its operands, which are code too. */
type Operation = (...operands: readonly Code[]) => Code;

/** Makes an instruction a function of the code of its operands. */
export const operation =
  (instruction: Code): Operation =>
  (...operands) => [...operands.flat(), ...instruction];

export const addInt = operation([0x6a]);

/** Adds a number to a local integer. */
export const advance = (local: number, by: number): Code => set(local, ...get(local), ...int(by), 0x6a);

/** Runs code so many times, counting a local down to 0; not at all where it is 0 from the start. */
export function repeat(counter: number, ...code: Code): Code {
  const isNone = [...get(counter), 0x45, 0x0d, 0];
  return [
    0x02,
    0x40,
    ...isNone,
    0x03,
    0x40,
    ...code,
    ...advance(counter, -1),
    ...get(counter),
    0x0d,
    0,
    0x0b,
    0x0b,
  ];
}

/** Vectors to and from memory, at any address. */
export const [load, store] = [operation(vector(0, 0, 0)), operation(vector(11, 0, 0))];

/** One number in all parts of a vector: four whole ones, or two doubles. */
export const [splatInt, splatDouble] = [operation(vector(0x11)), operation(vector(0x14))];

/** The first two of four floats as doubles, and two doubles as the first two of four floats. */
export const [toDoubles, toFloats] = [operation(vector(0x5f)), operation(vector(0x5e))];
export const [addDoubles, subtractDoubles, timesDoubles] = [0xf0, 0xf1, 0xf2].map((code) =>
  operation(vector(code)),
) as [Operation, Operation, Operation];

/** Returns the shuffle that takes these of the eight numbers of 32 bits in two vectors. */
export const pick = (...numbers: readonly number[]): Operation =>
  operation(vector(13, ...numbers.flatMap((n) => [4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3])));

/** The first halves of two vectors as one, and the last half of one, twice. */
export const [firstHalves, lastHalf] = [pick(0, 1, 4, 5), pick(2, 3, 2, 3)];

/** Functions over a memory of their own, which is made and grows as it is needed. */
export interface Kernel<Name extends string> {
  /** Returns the memory, of so many bytes at least; one that was returned before may be empty now. */
  reserve(bytes: number): ArrayBuffer;
  /** Calls a function. */
  run(name: Name, ...numbers: readonly number[]): void;
}

/**
 * Makes functions of WebAssembly; each thread that loads the module has its own.
 * @param begin fills the memory when it is first made
 */
export function createKernel<Name extends string>(
  functions: Readonly<Record<Name, WasmFunction>>,
  begin?: (memory: ArrayBuffer) => void,
): Kernel<Name> {
  type Exports = Readonly<Record<Name, (...numbers: readonly number[]) => void>> & {
    readonly memory: WebAssembly.Memory;
  };
  let made: Exports | undefined;
  return {
    reserve(bytes) {
      const pages = Math.ceil(bytes / PAGE);
      if (!made) {
        const module = new WebAssembly.Module(moduleOf(functions, pages));
        made = new WebAssembly.Instance(module).exports as unknown as Exports;
        begin?.(made.memory.buffer);
      }
      const missing = pages - made.memory.buffer.byteLength / PAGE;
      if (missing > 0) made.memory.grow(missing);
      return made.memory.buffer;
    },
    run: (name, ...numbers) => made![name](...numbers),
  };
}

const PAGE = 65536;

/** Returns a module of functions, exported by their names beside its memory, `memory`. */
function moduleOf(functions: Readonly<Record<string, WasmFunction>>, pages: number): Uint8Array<ArrayBuffer> {
  const all = Object.values(functions);
  const list = (items: readonly Code[]) => [...unsigned(items.length), ...items.flat()];
  const sized = (code: Code) => [...unsigned(code.length), ...code];
  const named = (name: string, ...rest: number[]) => [
    ...sized([...name].map((c) => c.charCodeAt(0))),
    ...rest,
  ];
  const section = (id: number, items: readonly Code[]) => [id, ...sized(list(items))];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      all.map(({ parameters }) => [0x60, ...list(parameters.map((type) => [type])), 0]),
    ),
    ...section(
      3,
      all.map((_, i) => unsigned(i)),
    ),
    ...section(5, [[0, ...unsigned(pages)]]),
    ...section(7, [
      named("memory", 2, 0),
      ...Object.keys(functions).map((name, i) => named(name, 0, ...unsigned(i))),
    ]),
    ...section(
      10,
      all.map(({ locals, code }) => sized([...list(locals.map((type) => [1, type])), ...code, 0x0b])),
    ),
  ]);
}
