/**
 * PyTorch's format from before version 1.6: five pickles in a row, and then the storages, each a count and
 * its numbers. The pickles are a magic number, the version of the protocol, facts about the machine, the
 * checkpoint itself, and the keys of the storages in the order in which they follow.
 */
import type { Fail } from "../base/errors.js";
import type { ByteSource } from "./byte-source.js";
import { asNumbers, bytesPerNumber, type NumberData } from "./number-types.js";
import { unpickle } from "./pickle.js";
import { LARGEST_PICKLE, type Storage, tensorWorld } from "./pth-tensors.js";

/** The first two pickles: 0x1950a86a20f9469cfc6c and 1001. */
const START = Uint8Array.of(
  ...[0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e],
  ...[0x80, 2, 0x4d, 0xe9, 0x03, 0x2e],
);

/** Bytes of the count before a storage. */
const COUNT = 8;

/** Tells whether a file begins as this format does. */
export async function isLegacy(source: ByteSource): Promise<boolean> {
  const start = await source.read(0, Math.min(source.size, START.length));
  return start.length === START.length && START.every((byte, i) => start[i] === byte);
}

/** Reads the pickles, and finds where each storage lies. Ends in `fail` where the file is damaged. */
export async function outlineLegacy(
  source: ByteSource,
  fail: Fail,
): Promise<{ root: unknown; load(storage: Storage): Promise<NumberData> }> {
  // Where the pickles end is known when they have been read.
  const bytes = await source.read(0, Math.min(source.size, LARGEST_PICKLE));
  const world = tensorWorld(fail);
  const facts = unpickle(bytes, world, fail, START.length);
  if (facts.value instanceof Map && facts.value.get("little_endian") === false) {
    fail("its numbers are big-endian; save it on another machine");
  }
  const object = unpickle(bytes, world, fail, facts.end);
  const keys = unpickle(bytes, world, fail, object.end);
  const places = await findStorages(source, keys, world.storages, fail);
  for (const key of world.storages.keys())
    if (!places.has(key)) fail(`storage ${key} is missing; fetch it again`);
  return {
    root: object.value,
    load: async ({ key, length, dtype }) =>
      asNumbers(dtype, await source.read(places.get(key)!, length * bytesPerNumber(dtype))),
  };
}

async function findStorages(
  source: ByteSource,
  { value: keys, end }: { readonly value: unknown; readonly end: number },
  storages: ReadonlyMap<string, Storage>,
  fail: Fail,
): Promise<Map<string, number>> {
  if (!Array.isArray(keys)) return fail("its list of storages is damaged");
  const places = new Map<string, number>();
  let at = end;
  for (const key of keys as unknown[]) {
    const storage = typeof key === "string" && !places.has(key) ? storages.get(key) : undefined;
    if (!storage) return fail("its list of storages names one that no tensor has, or one twice");
    if (source.size - at < COUNT) return fail(`storage ${storage.key} is missing; fetch it again`);
    const counted = asNumbers("int64", await source.read(at, COUNT))[0];
    if (counted !== BigInt(storage.length)) {
      return fail(`storage ${storage.key} has ${counted} numbers, and its tensors say ${storage.length}`);
    }
    places.set(storage.key, at + COUNT);
    at += COUNT + storage.length * bytesPerNumber(storage.dtype);
    if (at > source.size) return fail(`storage ${storage.key} is cut off; fetch the file again`);
  }
  if (at < source.size) fail(`${source.size - at} bytes follow its last storage; fetch it again`);
  return places;
}
