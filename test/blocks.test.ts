import { describe, expect, it } from "vitest";
import { bicubicLatent, LATENT_CHANNELS, pixelDenoiser, type SwinUNetConfig } from "../src/networks/index.js";
import { createScope, initialize, resBlock, type Scope, swinLayer, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { charbonnier } from "../src/train/charbonnier.js";
import { relativeErrors } from "./central-differences.js";
import { normals } from "./run-graph.js";

/**
 * Gradients of whole blocks, with respect to their inputs and to every parameter: here the operators'
 * gradients meet each other (a value used twice, a branch nobody asks about, one scope applied twice).
 */
async function expectGradients(
  block: (p: Scope, ...xs: o.Value[]) => o.Value,
  inputs: readonly (readonly [o.Shape, Float32Array?])[],
  { tolerance = 2e-3, step = 1e-2 } = {},
): Promise<void> {
  const { scope, parameters } = trainableScope();
  block(scope, ...inputs.map(([shape], i) => o.input(`in${i}`, shape)));
  const specs = parameters();
  const initial = initialize(specs, 11);
  // Shaken, because layers that start at zero would hide what is behind them.
  const weights = specs.map(({ name, shape }, i) => {
    const noise = normals(shape, 100 + i);
    return initial.get(name)!.data.map((v, k) => v + 0.05 * noise[k]);
  });
  const places = new Map(specs.map(({ name }, i) => [name, inputs.length + i]));
  const errors = await relativeErrors(
    (...xs) =>
      block(
        createScope((name) => xs[places.get(name)!]),
        ...xs.slice(0, inputs.length),
      ),
    [...inputs.map(([shape]) => shape), ...specs.map(({ shape }) => shape)],
    {
      values: [...inputs.map(([shape, data], i) => data ?? normals(shape, i + 1)), ...weights],
      step,
      directions: 1,
      floor: 0.01,
    },
  );
  const names = [...inputs.map((_, i) => `input ${i}`), ...specs.map(({ name }) => name)];
  const wrong = names.map((name, i) => [name, errors[i]] as const).filter(([, e]) => !(e < tolerance));
  expect(wrong).toEqual([]);
}

const swin = {
  embed: 32,
  depth: 2,
  headChannels: 16,
  window: 4,
  mlpRatio: 2,
  masking: "neighbours",
} as const;

describe("gradients of blocks against central differences", () => {
  it("resBlock, keeping its channels and changing them", async () => {
    const emb = [[2, 8]] as const;
    await expectGradients((p, x, e) => resBlock(p, x, e, 32), [[[2, 32, 4, 4]], emb]);
    await expectGradients((p, x, e) => resBlock(p, x, e, 64), [[[2, 32, 4, 4]], emb]);
  });

  it.each([
    ["shifted", { shifted: true }],
    ["not shifted", { shifted: false }],
    ["shifted as published", { shifted: true, masking: "published" }],
  ] as const)("swinLayer, %s", async (_, options) => {
    await expectGradients((p, x) => swinLayer(p, x, { ...swin, ...options }), [[[1, 6, 8, 12]]]);
  });

  it("a block applied twice with the same parameters", async () => {
    await expectGradients(
      (p, x, e) => resBlock(p.at("shared"), resBlock(p.at("shared"), x, e, 32), e, 32),
      [[[1, 32, 4, 4]], [[1, 8]]],
    );
  });

  it("charbonnier", async () => {
    const shape = [2, 3, 4, 4];
    await expectGradients((_, a, b) => charbonnier(a, b, 0.1), [[shape], [shape]]);
  });

  it("the whole pixelDenoiser with its loss", async () => {
    const config: SwinUNetConfig = {
      outChannels: LATENT_CHANNELS,
      modelChannels: 32,
      channelMult: [1, 2],
      resBlocks: [1, 1],
      imageSize: 16,
      attentionResolutions: [],
      swin,
    };
    // So deep a sum rounds: a larger step, and still a tenth of what one forgotten path would cost.
    const latent = [1, LATENT_CHANNELS, 8, 8];
    await expectGradients(
      (p, x, t, lq, x0) => charbonnier(pixelDenoiser(p, config, x, t, lq, bicubicLatent(lq)), x0, 0.5),
      [[latent], [[1], Float32Array.of(7)], [[1, 3, 8, 8]], [latent]],
      { step: 3e-2, tolerance: 1e-2 },
    );
  });
});
