/** The VQ autoencoder's objective, and that it can be learnt. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { decodeLatent, encodeLatent, quantise, type VqConfig } from "../src/networks/index.js";
import { createScope, initialize, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { autoencoderLoss, straightThrough, trainAutoencoder } from "../src/train/autoencoder.js";
import { always, BATCH, CROP, drawnBatch, RUN } from "./fixtures/training.js";
import { normals, runGraph } from "./run-graph.js";
import { maxDifference } from "./shared.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-autoencoder-"));
afterAll(() => rmSync(directory, { recursive: true }));

const CONFIG: VqConfig = { channels: 32, channelMult: [1, 1, 1], resBlocks: 1, latentChannels: 3, codes: 16 };
const TERMS = { reconstruction: 1, codebook: 1, commitment: 0.25 };
const shape = { batch: 1, crop: 16 };
const hr = normals([1, 3, 16, 16], 2).map((v) => v / 3);

/** The graph of the loss, with parameters as inputs, and random values of them. */
function graph(terms = TERMS) {
  const { scope, parameters } = trainableScope();
  const parts = autoencoderLoss(scope, CONFIG, shape, terms);
  const specs = parameters();
  const values = initialize(specs, 3);
  // Codes of the size of latents; near zero the decoder's normalisation bends sharply.
  const book = values.get("quantize.embedding.weight")!.data;
  for (let i = 0; i < book.length; i++) book[i] *= CONFIG.codes;
  const feeds = Object.fromEntries(
    specs.map(({ name, value }) => [
      value.source.kind === "input" ? value.source.name : name,
      values.get(name)!.data,
    ]),
  );
  return { ...parts, specs, values, feeds };
}

async function slopes(terms: typeof TERMS) {
  const { loss, specs, feeds } = graph(terms);
  const gradients = o.gradients(
    loss,
    specs.map(({ value }) => value),
  );
  const outputs = Object.fromEntries(specs.map(({ name }, i) => [`slope of ${name}`, gradients[i]]));
  const found = await runGraph(outputs, { ...feeds, hr });
  return (name: string) => found[`slope of ${name}`];
}

const largest = (values: readonly number[]) => Math.max(...values.map(Math.abs));

describe("the autoencoder's objective", () => {
  it("is the sum of its terms, of which codebook and commitment are one number", async () => {
    const { loss, reports, feeds } = graph();
    const value = await runGraph({ loss, ...reports }, { ...feeds, hr });
    expect(value.codebook[0]).toBeCloseTo(value.commitment[0], 7);
    expect(value.loss[0]).toBeCloseTo(value.reconstruction[0] + 1.25 * value.codebook[0], 5);
  });

  it("gives the decoder the quantised latent, and the encoder the gradient there", async () => {
    const z = o.input("z", [1, 3, 4, 4]);
    const q = o.input("q", [1, 3, 4, 4]);
    const f = (x: o.Value) => o.reduceSum(o.mul(o.mul(x, x), x));
    const [through] = o.gradients(f(straightThrough(z, q)), [z]);
    const [there] = o.gradients(f(q), [q]);
    const data = { z: normals([1, 3, 4, 4], 4), q: normals([1, 3, 4, 4], 5) };
    const value = await runGraph({ through, there, given: straightThrough(z, q) }, data);
    expect(maxDifference(value.given, data.q)).toBeLessThan(1e-6);
    expect(maxDifference(value.through, value.there)).toBeLessThan(1e-4);
  });

  it("teaches the codes by the codebook term alone, which does not reach the encoder", async () => {
    const book = "quantize.embedding.weight";
    const inner = "encoder.conv_in.weight";
    const reconstruction = await slopes({ reconstruction: 1, codebook: 0, commitment: 0 });
    expect(largest(reconstruction(book))).toBe(0);
    expect(largest(reconstruction(inner))).toBeGreaterThan(0);
    const codebook = await slopes({ reconstruction: 0, codebook: 1, commitment: 0 });
    expect(largest(codebook(inner))).toBe(0);
    expect(largest(codebook(book))).toBeGreaterThan(0);
    const commitment = await slopes({ reconstruction: 0, codebook: 0, commitment: 1 });
    expect(largest(commitment(book))).toBe(0);
    expect(largest(commitment(inner))).toBeGreaterThan(0);
  });

  it("has the slope that differences show, where what quantising adds is held", async () => {
    // The decoder is given z + (e - z) with the bracket held: then it is a smooth function of the encoder's
    // parameters.
    const { specs, values } = graph();
    const names = specs.map(({ name }) => name);
    const image = o.input("hr", [1, 3, 16, 16]);
    const gap = o.input("gap", [1, 3, 4, 4]);
    const inputs = new Map(names.map((name) => [name, o.input(name, values.get(name)!.shape)]));
    const p = createScope((name) => inputs.get(name)!);
    const z = encodeLatent(p, CONFIG, image);
    const { quantised } = quantise(p, CONFIG, z);
    const smooth = o.reduceMean(o.abs(o.sub(decodeLatent(p, CONFIG, o.add(z, gap)), image)));
    const data = Object.fromEntries(names.map((name) => [name, values.get(name)!.data]));
    const found = await runGraph({ gap: o.sub(quantised, z) }, { ...data, hr });
    const bias = "quant_conv.bias";
    const at = async (shift: number) => {
      const moved = data[bias].map((v, i) => (i === 1 ? v + shift : v));
      return (await runGraph({ smooth }, { ...data, [bias]: moved, hr, gap: Float32Array.from(found.gap) }))
        .smooth[0];
    };
    const numeric = ((await at(3e-3)) - (await at(-3e-3))) / 6e-3;
    const analytic = (await slopes({ reconstruction: 1, codebook: 0, commitment: 0 }))(bias)[1];
    expect(Math.abs(numeric - analytic)).toBeLessThan(0.03 * Math.abs(analytic) + 1e-4);
  });
});

describe("training the autoencoder", () => {
  it("learns two pictures", async () => {
    const out = join(directory, "run");
    const { weights } = await trainAutoencoder({
      ...{ ...RUN, out, steps: 40, learningRate: 5e-3, config: CONFIG, batches: always(drawnBatch()) },
      ...{ batch: BATCH, crop: CROP, terms: TERMS },
    });
    const lines = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
    const losses = lines.map((line) => JSON.parse(line).reconstruction);
    expect(losses.at(-1)! / losses[0]).toBeLessThan(0.5);
    expect(weights.flat.every(Number.isFinite)).toBe(true);
  });
});
