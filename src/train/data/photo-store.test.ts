import { describe, expect, it } from "vitest";
import type { Raster } from "../../image/raster.js";
import { cachedPhotos, withStandIns } from "./photo-store.js";

/** Files named by a number; each decodes to 100 bytes of it, those below 0 not at all. */
function counting() {
  const decoded: string[] = [];
  const decode = async (file: string): Promise<Raster> => {
    decoded.push(file);
    if (Number(file) < 0) throw new Error(`damaged ${file}`);
    return { width: 10, height: 10, channels: 1, data: new Uint8Array(100).fill(Number(file)) };
  };
  return { decoded, decode };
}

describe("cachedPhotos", () => {
  it("decodes once what fits, and again what was pushed out, the longest unused first", async () => {
    const { decoded, decode } = counting();
    const photos = cachedPhotos(["0", "1", "2", "3"], 300, decode);
    const ask = async (...indices: number[]) => {
      for (const index of indices) expect((await photos.at(index)).data[0]).toBe(index);
    };
    await ask(0, 1, 2, 0, 1, 2);
    expect(decoded).toEqual(["0", "1", "2"]);
    await ask(0, 3); // 1 is the oldest now
    await ask(0, 2, 3);
    expect(decoded).toEqual(["0", "1", "2", "3"]);
    await ask(1);
    expect(decoded).toEqual(["0", "1", "2", "3", "1"]);
  });

  it("shares a photo that is being decoded, and gives one that fits nowhere all the same", async () => {
    const { decoded, decode } = counting();
    const photos = cachedPhotos(["0", "1"], 50, decode);
    const both = await Promise.all([photos.at(1), photos.at(1)]);
    expect(both[0]).toBe(both[1]);
    expect(decoded).toEqual(["1"]);
    await photos.at(1);
    expect(decoded).toEqual(["1", "1"]);
  });
});

describe("withStandIns", () => {
  it("replaces what cannot be decoded by the next, whenever it is asked, and says so once", async () => {
    const { decode } = counting();
    const skipped: number[] = [];
    const files = ["0", "-1", "-2", "3", "-4"];
    const photos = withStandIns(cachedPhotos(files, 1000, decode), (index) => skipped.push(index));
    const shown = await Promise.all([4, 2, 1, 0, 3, 1].map((index) => photos.at(index)));
    expect(shown.map(({ data }) => data[0])).toEqual([0, 3, 3, 0, 3, 3]);
    expect(skipped.sort()).toEqual([1, 2, 4]);
    expect((await photos.at(1)).data[0]).toBe(3);
  });

  it("rejects with the reason when nothing can be decoded", async () => {
    const photos = withStandIns(cachedPhotos(["-1", "-2"], 1000, counting().decode), () => {});
    await expect(photos.at(1)).rejects.toThrow("damaged");
    await expect(photos.at(0)).rejects.toThrow("damaged");
  });
});
