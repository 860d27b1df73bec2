/** Winograd's kernels are made in the run: the same numbers, from a file that holds the weights alone. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { createRandom } from "../src/base/random.js";
import {
  accelerate,
  anySize,
  constant,
  conv,
  input,
  toModel,
  unfolded,
  type Value,
} from "../src/onnx/index.js";
import { createGraphSession, createSession, floatTensor } from "../src/runtime/index.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-unfolded-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("what is four times as large as its weights is not kept, and no number changes", async () => {
  const random = createRandom(1);
  const weights = new Float32Array(64 * 64 * 9);
  random.normals(weights);
  const weight = constant(weights, [64, 64, 3, 3]);
  const graph = anySize(
    ([, height, width]) =>
      accelerate(
        { y: conv(input("x", [1, 64, height, width]), weight, undefined, { padding: 1 }) },
        { tiles: 1, channels: 64 },
      ),
    { input: "x", multiple: 4, mirrors: false, batch: 1 },
  )!;
  const x = floatTensor([1, 64, 16, 24]);
  random.normals(x.data);
  const run = async (name: string, outputs: typeof graph.outputs) => {
    const rewrittenFile = join(folder, name);
    const options = { device: "cpu", threads: 1, optimization: "extended", rewrittenFile } as const;
    const { bytes } = toModel(outputs, { dimensions: graph.dimensions });
    const session = await createSession(bytes, options);
    const { y } = await session.run({ x });
    await session.release();
    return { numbers: y!.data, size: statSync(rewrittenFile).size };
  };
  const kept = await run("kept", graph.outputs);
  const made = await run("made", unfolded(graph.outputs, "x"));
  expect(made.numbers).toEqual(kept.numbers);
  expect(kept.size).toBeGreaterThan(3.9 * weights.byteLength);
  expect(made.size).toBeLessThan(1.2 * weights.byteLength);
});

it("a session of one size whose kernels are large holds the weights alone, with the same numbers", async () => {
  const random = createRandom(2);
  const [first, second] = [0, 1].map(() => {
    const weights = random.normals(new Float32Array(512 * 512 * 9));
    return constant(weights, [512, 512, 3, 3]);
  }) as [Value, Value];
  const x = floatTensor([1, 512, 32, 32]);
  random.normals(x.data);
  const run = async (name: string, weights: readonly Value[]) => {
    const graph = {
      y: weights.reduce(
        (y, weight) => conv(y, weight, undefined, { padding: 1 }),
        input("x", [1, 512, 32, 32]),
      ),
    };
    const rewrittenFile = join(folder, name);
    const options = { device: "cpu", threads: 1, optimization: "extended", rewrittenFile } as const;
    const session = await createGraphSession(graph, options);
    const { y } = await session.run({ x });
    await session.release();
    const held = await createSession(toModel(accelerate(graph)).bytes, { device: "cpu", threads: 1 });
    const { y: wanted } = await held.run({ x });
    await held.release();
    expect(Buffer.from(y!.data.buffer).equals(Buffer.from(wanted!.data.buffer))).toBe(true);
    return statSync(rewrittenFile).size;
  };
  const bytes = 512 * 512 * 9 * 4;
  // One has 38 MB of kernels, two have 75.
  expect(await run("one", [first])).toBeGreaterThan(3.9 * bytes);
  expect(await run("two", [first, second])).toBeLessThan(1.2 * 2 * bytes);
});
