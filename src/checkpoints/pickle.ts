/**
 * Python's pickle, as data. A pickle is a program for a small stack machine (documented in CPython's
 * Lib/pickletools.py): push a string, put it in the memo, gather the items above the mark into a tuple, call
 * this function with that tuple. Python runs it and may thereby run anything. This machine knows only the
 * instructions of protocol 2 that build plain values, and can call only the few functions it is handed; what
 * else a pickle names stays a name.
 */
import type { Fail } from "../base/errors.js";

/** Tuples and lists become arrays, dictionaries become Maps. */
export type PickleFunction = (args: readonly unknown[]) => unknown;

/**
 * A Python class, function or object that is not known. It is never looked up and never called: what a call
 * of it would give is one such thing more, and what is put into it is let go.
 */
export class Opaque {
  /** The attributes that it was given, if any. */
  state: unknown;

  constructor(readonly name: string) {}
}

interface PickleWorld {
  /** What a name of Python's stands for: a `PickleFunction`, a value, or an `Opaque`. */
  readonly global: (name: string) => unknown;
  /** The object that the writer kept outside of the pickle (in a checkpoint: a storage). */
  readonly persistent: (id: unknown) => unknown;
}

/** Values put on the stack, all in all: a tensor takes about thirty. */
const MOST_VALUES = 5e5;
/** Dictionaries and lists, which take more memory than the one byte that asks for them. */
const MOST_CONTAINERS = 2e5;
const DEEPEST_MARKS = 1000;
const LONGEST_NAME = 1000;
/**
 * Keys of the memo, and whole numbers as keys of dictionaries. Among larger ones enough hash alike to take
 * minutes.
 */
const LARGEST_KEY = 1e6;

/**
 * Runs a pickle that begins at `start`. Ends in `fail` for a damaged one, and for one that wants more than
 * the values described above.
 * @returns its value, and where it ends
 */
export function unpickle(
  bytes: Uint8Array,
  world: PickleWorld,
  fail: Fail,
  start = 0,
): { readonly value: unknown; readonly end: number } {
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder("utf-8", { fatal: true });
  const memo = new Map<number, unknown>();
  const marks: number[] = [];
  const stack: unknown[] = [];
  let at = 0;
  let valuesLeft = MOST_VALUES;
  let containersLeft = MOST_CONTAINERS;

  const take = (length: number) => {
    if (length > bytes.length - at) fail("its pickle ends too early");
    at += length;
    return at - length;
  };
  const u8 = () => data.getUint8(take(1));
  const u16 = () => data.getUint16(take(2), true);
  const u32 = () => data.getUint32(take(4), true);
  const string = (length: number) => {
    const from = take(length);
    try {
      return text.decode(bytes.subarray(from, from + length));
    } catch {
      return fail("its pickle holds a text that is not UTF-8");
    }
  };
  const line = () => {
    const end = bytes.indexOf(10, at);
    if (end < 0 || end - at > LONGEST_NAME) fail("its pickle holds a damaged name");
    const words = string(end - at);
    at++;
    return words;
  };
  const long = (length: number) => {
    if (length > 8) fail(`its pickle holds a number of ${length} bytes`);
    let value = 0n;
    const from = take(length);
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]);
    const signed = BigInt.asIntN(8 * length, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  };

  const push = (value: unknown) => {
    if (--valuesLeft < 0) fail("its pickle makes too many values");
    if (typeof value === "object" && value !== null && --containersLeft < 0)
      fail("its pickle makes too many lists");
    stack.push(value);
  };
  /** How far down the instruction may reach: not below the last mark. */
  const floor = () => marks.at(-1) ?? 0;
  const pop = (): unknown => {
    if (stack.length <= floor()) fail("its pickle takes a value that is not there");
    return stack.pop();
  };
  const top = (): unknown => {
    if (stack.length <= floor()) fail("its pickle takes a value that is not there");
    return stack[stack.length - 1];
  };
  const popMany = (count: number) => {
    if (stack.length - count < floor()) fail("its pickle takes a value that is not there");
    return stack.splice(stack.length - count);
  };
  const popToMark = () => {
    const mark = marks.pop();
    return mark === undefined ? fail("its pickle takes a mark that is not there") : stack.splice(mark);
  };
  const remember = (key: number) => {
    if (key > LARGEST_KEY) fail(`its pickle remembers a value as ${key}`);
    memo.set(key, top());
  };
  const recall = (key: number) =>
    memo.has(key) ? push(memo.get(key)) : fail(`its pickle recalls value ${key}, which it never kept`);
  const append = (items: readonly unknown[]) => {
    const list = top();
    if (list instanceof Opaque) return;
    if (!Array.isArray(list)) return fail("its pickle appends to what is no list");
    for (const item of items) list.push(item);
  };
  const setItems = (items: readonly unknown[]) => {
    const map = top();
    if (map instanceof Opaque) return;
    if (!(map instanceof Map)) return fail("its pickle puts items into what is no dictionary");
    setPairs(map, items);
  };
  const setPairs = (map: Map<unknown, unknown>, items: readonly unknown[]) => {
    if (items.length % 2 !== 0) fail("its pickle has a key without a value");
    for (let i = 0; i < items.length; i += 2) setItem(map, items[i], items[i + 1], fail);
    return map;
  };
  const call = () => {
    const args = pop();
    const callee = pop();
    if (callee instanceof Opaque) return push(new Opaque(callee.name));
    if (typeof callee !== "function" || !Array.isArray(args))
      return fail("its pickle calls what is no function");
    push((callee as PickleFunction)(args));
  };
  const global = () => push(world.global(`${line()}.${line()}`));
  /**
   * An object's attributes: an ordered dictionary of parameters carries the versions of its modules that way.
   */
  const build = () => {
    const state = pop();
    const object = top();
    if (object instanceof Opaque) object.state = state;
    else if (!(object instanceof Map)) fail("its pickle sets attributes of what has none");
  };

  const instructions: Readonly<Record<string, () => unknown>> = {
    "(": () => (marks.length < DEEPEST_MARKS ? marks.push(stack.length) : fail("its pickle nests too deep")),
    "0": pop,
    "1": popToMark,
    "2": () => push(top()),
    N: () => push(null),
    "\x88": () => push(true),
    "\x89": () => push(false),
    J: () => push(data.getInt32(take(4), true)),
    K: () => push(u8()),
    M: () => push(u16()),
    "\x8a": () => push(long(u8())),
    G: () => push(data.getFloat64(take(8))),
    X: () => push(string(u32())),
    U: () => push(string(u8())),
    T: () => push(string(u32())),
    "]": () => push([]),
    a: () => append([pop()]),
    e: () => append(popToMark()),
    l: () => push(popToMark()),
    ")": () => push([]),
    "\x85": () => push(popMany(1)),
    "\x86": () => push(popMany(2)),
    "\x87": () => push(popMany(3)),
    t: () => push(popToMark()),
    "}": () => push(new Map()),
    d: () => push(setPairs(new Map(), popToMark())),
    s: () => setItems(popMany(2)),
    u: () => setItems(popToMark()),
    q: () => remember(u8()),
    r: () => remember(u32()),
    h: () => recall(u8()),
    j: () => recall(u32()),
    Q: () => push(world.persistent(pop())),
    c: global,
    R: call,
    "\x81": call,
    b: build,
  };

  if (bytes.length < start + 2 || bytes[start] !== 0x80) fail("its pickle does not begin as one");
  const protocol = bytes[start + 1];
  if (protocol > 2)
    fail(`its pickle has protocol ${protocol}; save it with pickle_protocol=2, torch.save's own`);
  at = start + 2;
  for (;;) {
    const instruction = String.fromCharCode(u8());
    if (instruction === ".") return { value: pop(), end: at };
    const run = Object.hasOwn(instructions, instruction) ? instructions[instruction] : undefined;
    if (!run)
      fail(`its pickle has instruction 0x${instruction.charCodeAt(0).toString(16)}, which is not read`);
    run!();
  }
}

/**
 * Carries out `map[key] = value`, for a key that is text or a small whole number; what a class is the key of
 * is let go.
 */
export function setItem(map: Map<unknown, unknown>, key: unknown, value: unknown, fail: Fail): void {
  if (key instanceof Opaque) return;
  if (typeof key !== "string" && !(Number.isInteger(key) && Math.abs(key as number) <= LARGEST_KEY)) {
    fail("a key of a dictionary is neither text nor a small whole number");
  }
  map.set(key, value);
}
