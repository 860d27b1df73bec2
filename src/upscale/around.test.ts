import { expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { around } from "./around.js";

it("finds the greatest and the least of up to nine values, in planes of any size", () => {
  const random = createRandom(4);
  for (const [width, height] of [
    [1, 1],
    [1, 5],
    [7, 1],
    [2, 2],
    [9, 6],
    [300, 250],
    [13, 4],
  ]) {
    const values = Float32Array.from({ length: width * height }, () => Math.round(40 * random.next()) - 20);
    const near = (x: number, y: number) =>
      [-1, 0, 1]
        .filter((dy) => y + dy >= 0 && y + dy < height)
        .flatMap((dy) => [
          ...values.subarray(
            (y + dy) * width + Math.max(x - 1, 0),
            (y + dy) * width + Math.min(x + 2, width),
          ),
        ]);
    const [greatest, least] = [
      around(values, width, height, "greatest"),
      around(values, width, height, "least"),
    ];
    const isRight = values.every((_, at) => {
      const nine = near(at % width, Math.floor(at / width));
      return greatest[at] === Math.max(...nine) && least[at] === Math.min(...nine);
    });
    expect([width, height, isRight]).toEqual([width, height, true]);
  }
});
