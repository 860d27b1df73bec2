import sharp from "sharp";
import { expect, it } from "vitest";
import { claimedSize } from "./claimed-size.js";
import type { InputFormat } from "./formats.js";

const picture = () => sharp({ create: { width: 67, height: 45, channels: 3, background: "#484" } });

it.each([
  ["png", () => picture().png()],
  ["gif", () => picture().gif()],
  ["jpeg", () => picture().jpeg({ progressive: true }).withMetadata({ density: 300 })],
  ["webp", () => picture().webp()],
  ["webp", () => picture().webp({ lossless: true })],
  ["webp", () => picture().webp().withIccProfile("p3")],
] as const)("the first bytes of a %s say its size", async (format, make) => {
  const bytes = new Uint8Array(await make().toBuffer());
  expect(claimedSize(format, bytes)).toEqual({ width: 67, height: 45 });
  // However little there is, nothing is read that is not there.
  for (let length = 0; length < 64; length++) {
    const size = claimedSize(format, bytes.slice(0, length));
    if (size) expect(size).toEqual({ width: 67, height: 45 });
  }
});

it("a BMP of either header says its size", () => {
  const bmp = new Uint8Array(26);
  const view = new DataView(bmp.buffer);
  view.setUint32(14, 40, true);
  view.setInt32(18, 67, true);
  view.setInt32(22, -45, true);
  expect(claimedSize("bmp", bmp)).toEqual({ width: 67, height: 45 });
  view.setUint32(14, 12, true);
  view.setUint16(18, 3, true);
  view.setUint16(20, 4, true);
  expect(claimedSize("bmp", bmp)).toEqual({ width: 3, height: 4 });
});

it.each<InputFormat>(["tiff", "avif", "heic", "jxl"])("a %s is left to its decoder", (format) => {
  expect(claimedSize(format, new Uint8Array(100))).toBeUndefined();
});
