import { expect, it } from "vitest";
import { settleAlpha } from "./alpha.js";

it("makes what lies among its like exactly opaque or transparent, and leaves edges and halves alone", () => {
  const [width, height] = [9, 4];
  // Opaque, an edge after column 2, transparent, and half from column 6 on.
  const small = Float32Array.from(
    { length: width * height },
    (_, i) => [1, 1, 1, -1, -1, -1, 0, 0, 0][i % width],
  );
  const large = new Float32Array(16 * width * height).fill(0.9);
  settleAlpha(large, small, { width, height, scale: 4 });
  for (let y = 0; y < 4 * height; y++) {
    const row = Array.from(large.subarray(y * 4 * width, (y + 1) * 4 * width), (v) => Math.fround(v));
    const expected = Array.from({ length: 4 * width }, (_, x) => {
      if (x < 8) return 1;
      return x >= 16 && x < 20 ? -1 : Math.fround(0.9);
    });
    expect(row).toEqual(expected);
  }
});
