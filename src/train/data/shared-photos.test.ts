import { expect, it } from "vitest";
import type { Raster } from "../../image/raster.js";
import { createLibrary, createShelf } from "./shared-photos.js";

const shelves = (maxBytes: number) => {
  const decoded: string[] = [];
  const decode = async (file: string): Promise<Raster> => {
    decoded.push(file);
    return { width: 10, height: 10, channels: 1, data: new Uint8Array(100).fill(Number(file)) };
  };
  const library = createLibrary(2, maxBytes);
  const made = [createShelf(decode), createShelf(decode)];
  /** Thread n asks for files, and then both have a word with the main thread. */
  const ask = async (thread: number, ...files: string[]) => {
    for (const file of files) expect((await made[thread].decode(file)).data[0]).toBe(Number(file));
    for (const shelf of made) library.add(shelf.handIn());
    for (const [i, shelf] of made.entries()) shelf.hear(library.newsFor(i));
  };
  return { decoded, library, made, ask };
};

it("photos that one thread has decoded are there for all, in the same memory", async () => {
  const { decoded, made, ask } = shelves(1000);
  await ask(0, "1", "2");
  await ask(1, "1", "2", "3");
  await ask(0, "3");
  expect(decoded).toEqual(["1", "2", "3"]);
  const [here, there] = await Promise.all(made.map((shelf) => shelf.decode("3")));
  expect(here.data.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(here.data.buffer).toBe(there.data.buffer);
});

it("keeps no more than there is room for, and hands in nothing once that is used up", async () => {
  const { decoded, library, made, ask } = shelves(250);
  await ask(0, "1", "2", "3");
  expect(library.newsFor(0)).toEqual({ photos: [], full: true });
  await made[1].decode("4");
  expect(made[1].handIn()).toEqual([]);
  await ask(1, "1", "2", "3");
  expect(decoded).toEqual(["1", "2", "3", "4", "3"]);
});
