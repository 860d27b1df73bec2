import { expect, it } from "vitest";
import { planTiles } from "../image/tiles.js";
import { blendLatents, pictureOf } from "./latents.js";

it("gives back a tile's own latent where it stands alone, and what lies between where two hand over", async () => {
  const plan = planTiles(24, 10, { tile: 16, overlap: 8, multiple: 4 });
  expect(plan).toMatchObject({ tileWidth: 16, tileHeight: 12 });
  expect(plan.columns.map(({ start }) => start)).toEqual([0, 8]);
  const latents = blendLatents(plan, 3, (i) => new Float32Array(3 * 16 * 12).fill(i === 0 ? 1 : 5));
  // As far as the tiles reach beyond the image.
  expect(latents).toMatchObject({ width: 24, height: 12, channels: 3 });
  const row = latents.cut({ x: 0, y: 11, width: 24, height: 1 }).slice(0, 24);
  expect([...row.slice(0, 8), ...row.slice(16)]).toEqual([...Array(8).fill(1), ...Array(8).fill(5)]);
  for (let x = 8; x < 16; x++) {
    expect(row[x]).toBeGreaterThan(x === 8 ? 1 : row[x - 1]);
    expect(row[x]).toBeLessThan(5);
  }
  expect(latents.cut(plan.tiles[1])).toHaveLength(3 * 16 * 12);
});

it("is seen as a picture from its least to its greatest value, with the last channel first", async () => {
  const plan = planTiles(2, 1, { tile: 4, overlap: 0, multiple: 4 });
  const channels = [
    [-1, 0],
    [1, 3],
    [0.5, 2],
  ];
  const of = () => {
    const data = new Float32Array(3 * 16).fill(99);
    channels.forEach((values, c) => data.set(values, 16 * c));
    return data;
  };
  // What lies beyond the image does not count.
  const picture = pictureOf(blendLatents(plan, 3, of), { width: 2, height: 1 });
  expect(picture).toMatchObject({ width: 2, height: 1, channels: 3 });
  expect([...picture.data]).toEqual([0.375, 0.5, 0, 0.75, 1, 0.25].map((v) => Math.floor(255 * v)));
  channels.forEach((values) => values.fill(7));
  expect([...pictureOf(blendLatents(plan, 3, of), { width: 2, height: 1 }).data]).toEqual(Array(6).fill(0));
});
