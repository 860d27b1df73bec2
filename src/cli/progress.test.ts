import { describe, expect, it } from "vitest";
import { duration, renderProgress } from "./progress.js";

describe("the progress bar", () => {
  const line = { name: "photo.jpg", place: "2/10", stage: "tiles", done: 10, total: 40, elapsed: 20_000 };

  it("says file, tiles, time left and place", () => {
    expect(renderProgress(line, 80)).toBe("photo.jpg  [#####---------------] 10/40 tiles  1:00 left  (2/10)");
  });

  it("promises no time before the first tile and none after the last", () => {
    expect(renderProgress({ ...line, done: 0 }, 80)).not.toContain("left");
    expect(renderProgress({ ...line, done: 40 }, 80)).not.toContain("left");
  });

  it("shows a stage without steps as a word", () => {
    expect(renderProgress({ ...line, place: "", stage: "writing", done: 0, total: 1 }, 80)).toBe(
      "photo.jpg  writing",
    );
  });

  it("never fills a line, and shortens the name from the front", () => {
    const long = { ...line, name: `${"folder/".repeat(20)}photo.jpg` };
    for (const columns of [1, 10, 30, 60, 80, 200]) {
      expect(renderProgress(long, columns).length).toBeLessThan(columns);
    }
    expect(renderProgress(long, 80)).toMatch(/^\.\.\..*photo\.jpg {2}\[/);
  });

  it("writes durations as a clock does", () => {
    expect([0, 999, 65_000, 7_389_000].map(duration)).toEqual(["0:00", "0:01", "1:05", "2:03:09"]);
  });
});
