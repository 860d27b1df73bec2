import { expect, it } from "vitest";
import { lookAhead } from "./look-ahead.js";

it("makes each index once, whether it was begun or not, and none past the end", async () => {
  const made: number[] = [];
  const ahead = lookAhead(async (i) => {
    made.push(i);
    return 10 * i;
  }, 3);
  expect(await ahead.at(0)).toBe(0);
  ahead.begin(1);
  ahead.begin(1);
  expect(made).toEqual([0, 1]);
  expect(await ahead.at(1)).toBe(10);
  ahead.begin(3);
  expect(await ahead.at(2)).toBe(20);
  expect(made).toEqual([0, 1, 2]);
});

it("makes what is asked for out of order anew", async () => {
  const ahead = lookAhead(async (i) => i, 9);
  ahead.begin(5);
  expect(await ahead.at(2)).toBe(2);
  expect(await ahead.at(5)).toBe(5);
});

it("gives an error to the one who asks, and waits for what nobody asked for", async () => {
  let done = false;
  const ahead = lookAhead(async (i) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    done = true;
    if (i === 1) throw new Error("no photo");
    return i;
  }, 9);
  ahead.begin(1);
  await expect(ahead.at(1)).rejects.toThrow("no photo");
  done = false;
  ahead.begin(2);
  await ahead.settle();
  expect(done).toBe(true);
});
