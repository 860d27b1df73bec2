/**
 * Bytes that can be read and written at any place and made longer: in memory, or a file that is too large for
 * it.
 */
import type { FileHandle } from "node:fs/promises";

export interface Store {
  size(): Promise<number>;
  /** Reads bytes from a place on; fewer at the end. */
  read(at: number, length: number): Promise<Uint8Array>;
  /** Writes at a place, beyond the end too. */
  write(at: number, bytes: Uint8Array): Promise<void>;
  /** Cuts off all behind a place. */
  truncate(length: number): Promise<void>;
}

/** Returns a store in memory, and what it holds in the end. */
export function memoryStore(bytes: Uint8Array): Store & { bytes(): Uint8Array } {
  let held = bytes;
  return {
    size: async () => held.length,
    read: async (at, length) => held.slice(at, at + length),
    async write(at, part) {
      if (at + part.length > held.length) {
        const longer = new Uint8Array(at + part.length);
        longer.set(held);
        held = longer;
      }
      held.set(part, at);
    },
    async truncate(length) {
      held = held.subarray(0, length);
    },
    bytes: () => held,
  };
}

/** Returns a store in a file that is open for reading and writing. */
export function fileStore(file: FileHandle): Store {
  return {
    size: async () => (await file.stat()).size,
    async read(at, length) {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
    async write(at, bytes) {
      let done = 0;
      while (done < bytes.length) {
        done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
      }
    },
    truncate: (length) => file.truncate(length),
  };
}

const pieceLength = 4 * 2 ** 20;

/** Puts other bytes in the place of the first `replaces` ones; what is behind them moves. */
export async function replaceHead(store: Store, head: Uint8Array, replaces: number): Promise<void> {
  const shift = head.length - replaces;
  const size = await store.size();
  const move = async (start: number, end: number) =>
    store.write(start + shift, await store.read(start, end - start));
  // A piece is moved before what comes to lie on it: from the end where all moves back, from the start where
  // forth.
  if (shift > 0) {
    for (let end = size; end > replaces; end -= pieceLength) {
      await move(Math.max(replaces, end - pieceLength), end);
    }
  }
  if (shift < 0) {
    for (let start = replaces; start < size; start += pieceLength) {
      await move(start, Math.min(size, start + pieceLength));
    }
    await store.truncate(size + shift);
  }
  await store.write(0, head);
}
