import sharp from "sharp";
import { expect, it } from "vitest";
import { moves } from "./moving.js";

/** Frames of 8 x 8, each of another grey. */
function frames(count: number) {
  const data = Uint8Array.from({ length: count * 192 }, (_, i) => 60 * Math.floor(i / 192));
  const raw = { width: 8, height: 8 * count, channels: 3, pageHeight: 8 } as const;
  return sharp(data, { raw });
}

it("tells animations from pictures that stand still", async () => {
  for (const format of ["gif", "webp"] as const) {
    const [still, moving] = await Promise.all([1, 3].map((n) => frames(n).toFormat(format).toBuffer()));
    expect(moves(still!), format).toBe(false);
    expect(moves(moving!), format).toBe(true);
    // A file that ends anywhere is no reason to go on forever.
    for (let end = 0; end < moving!.length; end += 7)
      expect(() => moves(moving!.subarray(0, end))).not.toThrow();
  }
  expect(moves(new TextEncoder().encode("\0\0\0\x18ftypavis"))).toBe(true);
  expect(moves(await frames(1).png().toBuffer())).toBe(false);
});
