/**
 * From a file that a visitor of a page chose to a network that runs: read, recognised, built and run, on the
 * WASM build of ONNX Runtime in Node, and in Chromium itself where it is installed.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openCheckpoint, recogniseNetwork } from "../src/checkpoints/index.js";
import { decodeLatent, encodeLatent, quantise, swinUNet } from "../src/networks/index.js";
import { frozenScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { chromium, inChromium } from "./fixtures/chromium.js";
import { runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "./shared.js";

const FIXTURES = {
  "swin-unet-small": { inputs: ["x", "t", "lq"], outputs: ["y"] },
  "vq-f4-small": { inputs: ["x", "z"], outputs: ["z", "y"] },
} as const;
type Fixture = keyof typeof FIXTURES;
const fixtures = Object.keys(FIXTURES) as Fixture[];

const path = (fixture: Fixture) => sharedPath("reference", fixture, "checkpoint.pth");

/** The stored tensors, as JSON can hold them: a page is given the inputs and gives back the outputs. */
function stored(fixture: Fixture) {
  const { tensors } = readSafetensors(sharedPath("reference", fixture, "io.safetensors"));
  const numbers = (name: string) => Array.from(tensors.get(name)!.data as Float32Array, Number);
  const { inputs, outputs } = FIXTURES[fixture];
  return {
    inputs: inputs.map((name) => ({ name, shape: tensors.get(name)!.shape, data: numbers(name) })),
    expected: Object.fromEntries(outputs.map((name) => [name, numbers(name)])),
  };
}

function expectEqual(results: Record<string, number[]>, expected: Record<string, number[]>): void {
  for (const [name, numbers] of Object.entries(expected)) {
    const scale = Math.max(...numbers.map(Math.abs));
    expect(maxDifference(results[name], numbers) / scale, name).toBeLessThan(1e-4);
  }
}

describe.skipIf(!hasShared)("published weights on the WASM build", () => {
  it.each(fixtures)(
    "are read from bytes, recognised, and compute what the published code does: %s",
    async (fixture) => {
      const { weights, shapes } = await openCheckpoint(readFileSync(path(fixture)), fixture);
      const recognised = recogniseNetwork(shapes, fixture);
      const { inputs, expected } = stored(fixture);
      const [x, t, lq] = inputs.map(({ name, shape }) => o.input(name, shape));
      const p = frozenScope(weights);
      const feeds = Object.fromEntries(inputs.map(({ name, data }) => [name, Float32Array.from(data)]));
      const run = (outputs: Record<string, o.Value>) =>
        runGraph(outputs, feeds, { backend: "web", threads: 1 });
      if (recognised.network === "swin-unet") {
        expectEqual(await run({ y: swinUNet(p, recognised.config, x, t, lq) }), expected);
      } else if (recognised.network === "vq-autoencoder") {
        const { config } = recognised;
        const { quantised } = quantise(p, config, t);
        const results = {
          ...(await run({ z: encodeLatent(p, config, x) })),
          ...(await run({ y: decodeLatent(p, config, quantised) })),
        };
        expectEqual(results, expected);
      } else throw new Error(`recognised as ${recognised.network}`);
    },
  );
});

/** The same in a page, from a Blob, by the public entries of the package. */
const MODULE = `
  import { openCheckpoint, readPth, readShapes, recogniseNetwork } from "samsr/checkpoints/index.js";
  import { decodeLatent, encodeLatent, quantise, swinUNet } from "samsr/networks/index.js";
  import { frozenScope } from "samsr/nn/index.js";
  import { input, toModel } from "samsr/onnx/index.js";
  import { createSession } from "samsr/runtime/index.js";

  async function run(fixture) {
    const inputs = await (await fetch(fixture + ".json")).json();
    const file = new File([await (await fetch(fixture + ".pth")).blob()], fixture);
    const { network, config } = recogniseNetwork(await readShapes(file), fixture);
    const { weights } = await openCheckpoint(file);
    const [x, t, lq] = inputs.map(({ name, shape }) => input(name, shape));
    const p = frozenScope(weights);
    const graphs = network === "swin-unet"
      ? [{ y: swinUNet(p, config, x, t, lq) }]
      : [{ z: encodeLatent(p, config, x) }, { y: decodeLatent(p, config, quantise(p, config, t).quantised) }];
    const feeds = Object.fromEntries(
      inputs.map(({ name, shape, data }) => [name, { type: "float32", shape, data: Float32Array.from(data) }]),
    );
    const results = {};
    for (const graph of graphs) {
      const session = await createSession(toModel(graph).bytes, { device: "cpu", threads: 1 });
      for (const [name, { data }] of Object.entries(await session.run(feeds))) results[name] = [...data];
      await session.release();
    }
    const cut = await readPth(file.slice(0, 1000), "cut.pth").catch(String);
    return { network, results, cut };
  }
  const results = {};
  for (const fixture of ${JSON.stringify(fixtures)}) results[fixture] = await run(fixture);
  done({ results, path: await readPth("weights.pth").catch(String) });
`;

interface Said {
  readonly results: Record<Fixture, { network: string; results: Record<string, number[]>; cut: string }>;
  readonly path: string;
}

if (!chromium)
  console.log("Skipping the tests in a browser: no Chromium is installed (SAMSR_CHROMIUM names one).");

describe.skipIf(!chromium || !hasShared)("published weights in Chromium", () => {
  it("are read from a Blob, recognised, and compute what the published code does", async () => {
    const files = fixtures.flatMap((fixture): [string, Uint8Array | string][] => [
      [`${fixture}.json`, JSON.stringify(stored(fixture).inputs)],
      [`${fixture}.pth`, readFileSync(path(fixture))],
    ]);
    const said = (await inChromium(MODULE, Object.fromEntries(files))) as Said;
    for (const fixture of fixtures) {
      const { results, cut } = said.results[fixture];
      expectEqual(results, stored(fixture).expected);
      expect(cut).toMatch(/^SamsrError: cut\.pth: not a PyTorch checkpoint that can be read: /);
    }
    expect(said.path).toBe("SamsrError: weights.pth: a browser has no paths; pass the file's Blob or bytes");
  }, 300_000);
});
