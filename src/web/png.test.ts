import { describe, expect, it } from "vitest";
import { type Channels, createRaster, decode, encode } from "../image/index.js";
import { encodePng } from "./png.js";

describe("PNG of a page", () => {
  it.each(
    ([1, 2, 3, 4] as const).flatMap((channels: Channels) =>
      ([8, 16] as const).map((bits) => [channels, bits] as const),
    ),
  )("holds every value of %i channels of %i bits", async (channels, bits) => {
    const raster = createRaster(37, 23, channels, bits);
    for (let i = 0; i < raster.data.length; i++) raster.data[i] = (i * i * 31) >> 3;
    const { raster: back } = await decode(await encodePng(raster));
    expect([back.width, back.height, back.channels]).toEqual([37, 23, channels]);
    expect(Buffer.compare(new Uint8Array(back.data.buffer), new Uint8Array(raster.data.buffer))).toBe(0);
  });

  it("is about as small as the command's", async () => {
    const { raster } = await decode("examples/harbour.png");
    const [ours, command] = [await encodePng(raster), await encode(raster, { format: "png" })];
    expect(ours.length).toBeLessThan(1.1 * command.length);
  });
});
