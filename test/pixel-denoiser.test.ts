import { describe, expect, it } from "vitest";
import {
  bicubicLatent,
  fromLatent,
  LATENT_CHANNELS,
  pixelDenoiser,
  sizeMultiple,
  TINY,
  TINY_MULTIPLE,
  toLatent,
} from "../src/networks/index.js";
import { frozenScope, initialize, timestepEmbedding, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { normals, runGraph } from "./run-graph.js";
import { maxDifference } from "./shared.js";

describe("the pixel denoiser", () => {
  it("enlarges like bicubic interpolation with half-pixel centres and a = -0.75", async () => {
    const [height, width] = [5, 7];
    const data = normals([1, 3, height, width], 4);
    // Keys' kernel over a grid of source pixels, as the definition has it.
    const kernel = (x: number) => {
      const [a, d] = [-0.75, Math.abs(x)];
      if (d <= 1) return (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1;
      return d < 2 ? a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a : 0;
    };
    const inside = (i: number, side: number) => Math.min(side - 1, Math.max(0, i));
    const expected: number[] = [];
    for (let c = 0; c < 3; c++) {
      for (let y = 0; y < 4 * height; y++) {
        for (let x = 0; x < 4 * width; x++) {
          const [sy, sx] = [(y + 0.5) / 4 - 0.5, (x + 0.5) / 4 - 0.5];
          let value = 0;
          for (let i = Math.floor(sy) - 1; i <= Math.floor(sy) + 2; i++) {
            for (let j = Math.floor(sx) - 1; j <= Math.floor(sx) + 2; j++) {
              const pixel = data[(c * height + inside(i, height)) * width + inside(j, width)];
              value += kernel(sy - i) * kernel(sx - j) * pixel;
            }
          }
          expected.push(value);
        }
      }
    }
    const lq = o.constant(data, [1, 3, height, width]);
    const { y } = await runGraph({ y: fromLatent(bicubicLatent(lq)) });
    expect(maxDifference(y, expected)).toBeLessThan(1e-5);
  });

  it("puts an image into a latent and back without a loss", async () => {
    const data = normals([2, 3, 8, 12], 5);
    const { y } = await runGraph({ y: fromLatent(toLatent(o.constant(data, [2, 3, 8, 12]))) });
    expect(maxDifference(y, data)).toBe(0);
  });

  it("is the bicubic image before it has learnt anything", async () => {
    const config = { ...TINY, modelChannels: 32, channelMult: [1], resBlocks: [1] };
    const size = [1, 3, 8, 8];
    const build = (scope: Parameters<typeof pixelDenoiser>[0]) => {
      const x = o.constant(normals([1, LATENT_CHANNELS, 8, 8], 1), [1, LATENT_CHANNELS, 8, 8]);
      const lq = o.constant(normals(size, 2), size);
      const y = bicubicLatent(lq);
      return { out: pixelDenoiser(scope, config, x, o.constant([3]), lq, y), y };
    };
    const { scope, parameters } = trainableScope();
    build(scope);
    const { out, y } = await runGraph(build(frozenScope(initialize(parameters(), 1))));
    expect(maxDifference(out, y)).toBe(0);
  });

  it("has the size that is stated: 3 to 6 million parameters, sides by whole windows of the deepest level", () => {
    const { scope, parameters } = trainableScope();
    const latent = [1, LATENT_CHANNELS, TINY_MULTIPLE, TINY_MULTIPLE];
    const lq = o.input("lq", [1, 3, TINY_MULTIPLE, TINY_MULTIPLE]);
    pixelDenoiser(scope, TINY, o.input("x", latent), o.input("t", [1]), lq, bicubicLatent(lq));
    const size = parameters().reduce((sum, { shape }) => sum + o.sizeOf(shape), 0);
    expect(size).toBeGreaterThan(3e6);
    expect(size).toBeLessThan(6e6);
    expect(TINY_MULTIPLE).toBe(32);
    expect(sizeMultiple({ ...TINY, channelMult: [1, 2, 2, 4] })).toBe(64);
    const half = o.input("x", [1, LATENT_CHANNELS, 16, 16]);
    const narrow = o.input("lq", [1, 3, 16, 16]);
    const build = () => pixelDenoiser(scope, TINY, half, o.input("t", [1]), narrow, bicubicLatent(narrow));
    expect(build).toThrow("window attention: sides 4 x 4 do not divide by the window 8");
  });

  it("embeds timesteps as cosines, then sines", async () => {
    const { y } = await runGraph({ y: timestepEmbedding(o.constant([0, 14]), 8) });
    const angles = [0, 1, 2, 3].map((i) => 14 * 10000 ** (-i / 4));
    const expected = [1, 1, 1, 1, 0, 0, 0, 0, ...angles.map(Math.cos), ...angles.map(Math.sin)];
    expect(maxDifference(y, expected)).toBeLessThan(1e-5);
  });
});
