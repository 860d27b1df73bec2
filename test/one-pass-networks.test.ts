/**
 * Networks of one pass against the outputs of their public implementations: as models of the store, and
 * converted, with ONNX Runtime alone.
 */
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { convert, networkOf, openCheckpoint, recognise } from "../src/checkpoints/index.js";
import { addModel, loadModelWeights } from "../src/checkpoints/store/index.js";
import type { Direct } from "../src/networks/index.js";
import { frozenScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { createGraphSession, floatTensor } from "../src/runtime/index.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { hasShared, maxDifference, readSafetensors, sharedPath, type TestTensor } from "./shared.js";

const { path, remove } = temporaryFolder();
beforeAll(() => void vi.stubEnv("SAMSR_HOME", path("home")));
afterAll(() => {
  vi.unstubAllEnvs();
  remove();
});

/** The folders of fixtures, and the network that each holds. */
const FIXTURES: readonly (readonly [folder: string, network: string])[] = [
  ...["new-x4", "new-x2", "new-x1", "old-x8", "old-x4", "old-x2", "old-x1", "trunk-x4", "trunk-x2"].map(
    (name) => [`rrdb-${name}`, "rrdb"] as const,
  ),
  ...["x4", "x2", "x1"].map((name) => [`srvgg-${name}`, "srvgg"] as const),
];

const folderOf = (fixture: string, file: string) => sharedPath("reference", fixture, file);
const tensorsOf = (fixture: string) => readSafetensors(folderOf(fixture, "io.safetensors")).tensors;
const configOf = (fixture: string) => JSON.parse(readFileSync(folderOf(fixture, "config.json"), "utf8"));

/** What an installed model makes of a picture [1, 3, h, w], before anything is clamped. */
async function enlarge(name: string, model: Awaited<ReturnType<typeof addModel>>, x: TestTensor) {
  const { description } = model;
  const network = networkOf(description);
  const { enlarge } = network.upscaling as Direct<unknown>;
  const weights = await loadModelWeights(model, "network");
  const config = (description as { config?: unknown }).config;
  const y = enlarge(frozenScope(weights), config, o.input("x", x.shape));
  const session = await createGraphSession({ y }, { device: "cpu", threads: 1, name });
  const { y: made } = await session.run({ x: floatTensor(x.shape, x.data as Float32Array) });
  await session.release();
  return made;
}

/** What any program makes of it with an ONNX file. */
async function runOnnx(bytes: Uint8Array, x: TestTensor) {
  const session = await InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  const { hr } = await session.run({ lq: new Tensor("float32", x.data as Float32Array, x.shape) });
  await session.release();
  return hr.data as Float32Array;
}

function onnxOf({ model }: ReturnType<typeof convert>): Uint8Array {
  return Buffer.concat([...model.pieces()]);
}

describe.skipIf(!hasShared).each(FIXTURES)("%s", (fixture, network) => {
  const file = folderOf(fixture, "checkpoint.pth");
  const tolerance = hasShared ? 10 * configOf(fixture).tolerance.max_abs : 0;

  it(`is recognised as ${network}, added, and computes what it should`, async () => {
    const { tensors } = { tensors: tensorsOf(fixture) };
    const model = await addModel([file], { name: fixture });
    expect(model.description.network).toBe(network);
    const { shape, data } = await enlarge(fixture, model, tensors.get("x")!);
    expect(shape).toEqual(tensors.get("y")!.shape);
    expect(maxDifference(data as Float32Array, tensors.get("y")!.data as Float32Array)).toBeLessThan(
      tolerance,
    );
  });

  it("is converted with free batch, height and width, and at half precision", async () => {
    const tensors = tensorsOf(fixture);
    const [x, y] = [tensors.get("x")!, tensors.get("y")!.data as Float32Array];
    const { shapes, weights } = await openCheckpoint(file);
    const recognised = recognise(shapes, fixture);
    const whole = convert(weights, recognised, fixture);
    expect(whole.inputs).toEqual({ lq: ["batch", 3, "height", "width"] });
    expect(whole.outputs).toEqual({ hr: ["batch", 3, "hr_height", "hr_width"] });
    expect(maxDifference(await runOnnx(onnxOf(whole), x), y)).toBeLessThan(tolerance);
    // The same picture twice in a batch.
    const twice = new Float32Array([...(x.data as Float32Array), ...(x.data as Float32Array)]);
    const both = await runOnnx(onnxOf(whole), { shape: [2, ...x.shape.slice(1)], data: twice });
    expect(maxDifference(both.subarray(y.length), y)).toBeLessThan(tolerance);

    const half = convert(weights, recognised, fixture, { precision: "float16" });
    expect(half.model.size).toBeLessThan(whole.model.size);
    expect(maxDifference(await runOnnx(onnxOf(half), x), y)).toBeLessThan(1e-2);
  });
});
