import { expect, it } from "vitest";
import { removeSmallRegions } from "./small-regions.js";

const draw = (text: string) => {
  const rows = text.trim().split(/\s+/);
  const mask = Uint8Array.from(rows.join(""), (c) => (c === "#" ? 1 : 0));
  return { mask, width: rows[0].length, height: rows.length };
};
const tidy = (text: string, smallest: number) => {
  const { mask, width, height } = draw(text);
  const out = removeSmallRegions(mask, width, height, smallest);
  return {
    same: out === mask,
    rows: Array.from({ length: height }, (_, y) =>
      [...out.subarray(y * width, (y + 1) * width)].map((v) => (v ? "#" : ".")).join(""),
    ),
  };
};

it("fills small holes and keeps large ones; touching at a corner is connected", () => {
  const ring = "#######  #.##..#  ##.#..#  #######  .......  .......";
  // The hole of 2 (diagonal) goes, the one of 4 stays, and the surroundings are no hole.
  expect(tidy(ring, 3).rows).toEqual(["#######", "####..#", "####..#", "#######", ".......", "......."]);
  expect(tidy(ring, 2)).toMatchObject({ same: true });
});

it("fills even the surroundings when they are smaller than that", () => {
  expect(tidy("### ##.", 2).rows).toEqual(["###", "###"]);
});

it("drops small islands; when all are small the largest stays, of equals the first", () => {
  expect(tidy("##...#  ##....  ......  ......", 2).rows[0]).toBe("##....");
  expect(tidy("#....##  .......  .......  #......", 5).rows).toEqual([
    ".....##",
    ".......",
    ".......",
    ".......",
  ]);
  expect(tidy("....#  .....  #....  .....", 3).rows).toEqual(["....#", ".....", ".....", "....."]);
  // First by squares of 2 x 2 pixels: the lower left pixel lies in the first of them.
  expect(tidy("...#.  #....  .....  .....", 3).rows).toEqual([".....", "#....", ".....", "....."]);
});

it("leaves an empty mask and a tidy one as they are", () => {
  expect(tidy("....  ....", 3).same).toBe(true);
  expect(tidy("####  ####", 3).same).toBe(true);
});
