/**
 * Decoded photos that threads have in common. Each thread comes by every photo sooner or later, so photos of
 * its own would cost the memory and the decoding n times. What one has decoded it hands in with its next
 * batch; the main thread takes it while there is room, and tells every thread with the next batch that it
 * asks of it. The pixels lie in shared memory and are never copied again.
 *
 * Photos are visited in random order, so it does not matter which are kept, and those that are there stay.
 */
import type { Raster } from "../../image/raster.js";

export interface SharedPhoto extends Raster {
  readonly file: string;
}

/** What a thread is told. */
export interface News {
  /** Photos that it has not been told of yet. */
  readonly photos: readonly SharedPhoto[];
  /** Whether there is no room for more photos. */
  readonly full: boolean;
}

/** The main thread's half: what is kept, and who knows of it. */
interface Library {
  /** Takes what is new while there is room. */
  add(photos: readonly SharedPhoto[]): void;
  newsFor(thread: number): News;
}

/**
 * Creates a library of decoded photos in memory that threads share.
 * @param maxBytes all photos together
 */
export function createLibrary(threads: number, maxBytes: number): Library {
  const kept: SharedPhoto[] = [];
  const files = new Set<string>();
  const told = new Array<number>(threads).fill(0);
  let bytes = 0;
  let full = false;
  return {
    add(photos) {
      for (const photo of photos) {
        if (full || files.has(photo.file)) continue;
        full = bytes + photo.data.byteLength > maxBytes;
        if (full) continue;
        bytes += photo.data.byteLength;
        files.add(photo.file);
        kept.push(photo);
      }
    },
    newsFor(thread) {
      const photos = kept.slice(told[thread]);
      told[thread] = kept.length;
      return { photos, full };
    },
  };
}

/** A thread's half. */
interface Shelf {
  /** Takes a photo from the library, or decodes it, to be handed in. */
  decode(file: string): Promise<Raster>;
  hear(news: News): void;
  /** Returns what was decoded since this was last asked, while the library has room. */
  handIn(): SharedPhoto[];
}

/**
 * Creates a thread's half of the library.
 * @param decode what to do with a file that is not there yet
 */
export function createShelf(decode: (file: string) => Promise<Raster>): Shelf {
  const known = new Map<string, Raster>();
  let fresh: SharedPhoto[] = [];
  let full = false;
  return {
    async decode(file) {
      const found = known.get(file);
      if (found) return found;
      const photo = await decode(file);
      if (full) return photo;
      const data = new Uint8Array(new SharedArrayBuffer(photo.data.length));
      data.set(photo.data);
      fresh.push({ ...photo, file, data });
      return photo;
    },
    hear(news) {
      for (const photo of news.photos) known.set(photo.file, photo);
      full = news.full;
    },
    handIn() {
      const photos = full ? [] : fresh;
      fresh = [];
      return photos;
    },
  };
}
