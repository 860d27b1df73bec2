/**
 * DASR against the outputs of its public implementation: its two networks as parts of one model and
 * converted, and the whole way of a picture, on which the predictor looks in pieces.
 */
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { createUpscaler } from "samsr";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { convert, openCheckpoint, recogniseNetwork } from "../src/checkpoints/index.js";
import { addModel, findModel, loadModelWeights } from "../src/checkpoints/store/index.js";
import type { DasrConfig } from "../src/networks/dasr/config.js";
import { dasr } from "../src/networks/dasr/dasr.js";
import type { DasrPredictorConfig } from "../src/networks/dasr-predictor/config.js";
import { degradationFeatures, expertWeights } from "../src/networks/dasr-predictor/predictor.js";
import { frozenScope, type StateDict } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { photoLike } from "./fixtures/pictures.js";
import { runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath, type TestTensor } from "./shared.js";

const { path, remove } = temporaryFolder();
beforeAll(() => void vi.stubEnv("SAMSR_HOME", path("home")));
afterAll(() => {
  vi.unstubAllEnvs();
  remove();
});

const place = (file: string) => sharedPath("reference", "dasr", file);
const files = { generator: place("net_g.pth"), predictor: place("net_p.pth") };

describe.skipIf(!hasShared)("DASR", () => {
  const { tolerance } = hasShared
    ? JSON.parse(readFileSync(place("config.json"), "utf8"))
    : { tolerance: {} };
  const tensors = hasShared
    ? readSafetensors(place("io.safetensors")).tensors
    : new Map<string, TestTensor>();
  const floats = (name: string) => tensors.get(name)!.data as Float32Array;
  const expectClose = (name: string, made: ArrayLike<number>, bound = 10 * tolerance[name].max_abs) =>
    expect(maxDifference(made, floats(name)), name).toBeLessThan(bound);
  const recognised = async (file: string) => {
    const { shapes, weights } = await openCheckpoint(file);
    return { weights, found: recogniseNetwork(shapes, file) };
  };

  it("computes what it should as one model of two files", async () => {
    await addModel([files.predictor, files.generator], { name: "dasr" });
    const model = await findModel("dasr");
    const { config, predictorConfig } = model.description as never as {
      config: DasrConfig;
      predictorConfig: DasrPredictorConfig;
    };
    const scopeOf = async (part: string) => frozenScope(await loadModelWeights(model, part));
    const [generator, predictor] = [await scopeOf("generator"), await scopeOf("predictor")];
    const lq = o.input("x", tensors.get("x")!.shape);
    const degradation = o.reduceMean(degradationFeatures(predictor, predictorConfig, lq), [2, 3]);
    const weights = expertWeights(predictor, predictorConfig, degradation);
    const y = dasr(generator, config, lq, weights);
    const made = await runGraph({ degradation, weights, y }, { x: floats("x") }, { threads: 1 });
    for (const name of ["degradation", "weights", "y"] as const) expectClose(name, made[name]);
    const [given, mixture] = ["x_given", "weights_given"].map((name) =>
      o.input(name, tensors.get(name)!.shape),
    );
    const feeds = { x_given: floats("x_given"), weights_given: floats("weights_given") };
    const { y_given } = await runGraph({ y_given: dasr(generator, config, given, mixture) }, feeds, {
      threads: 1,
    });
    expectClose("y_given", y_given);
  });

  it.each([["float32"], ["float16"]] as const)(
    "is converted into two graphs of any size, %s",
    async (precision) => {
      const run = async (file: string, feeds: Record<string, TestTensor>) => {
        const { weights, found } = await recognised(file);
        const { model } = convert(weights, found, file, { precision });
        const session = await InferenceSession.create(Buffer.concat([...model.pieces()]), {
          intraOpNumThreads: 1,
        });
        const named = Object.entries(feeds).map(([name, { shape, data }]) => [
          name,
          new Tensor("float32", data as Float32Array, shape),
        ]);
        const results = await session.run(Object.fromEntries(named));
        await session.release();
        return results;
      };
      const bound = (name: string) => (precision === "float16" ? 1e-2 : 10 * tolerance[name].max_abs);
      const { degradation, weights } = await run(files.predictor, { lq: tensors.get("x")! });
      expectClose("degradation", degradation.data as Float32Array, bound("degradation"));
      expectClose("weights", weights.data as Float32Array, bound("weights"));
      const { hr } = await run(files.generator, {
        lq: tensors.get("x_given")!,
        weights: tensors.get("weights_given")!,
      });
      expectClose("y_given", hr.data as Float32Array, bound("y_given"));
    },
  );

  it("guides all tiles by what it finds in the whole picture", async () => {
    if (!(await findModel("dasr").catch(() => undefined)))
      await addModel(Object.values(files), { name: "dasr" });
    const photo = photoLike(301, 27);
    const upscaler = await createUpscaler({ model: "dasr", device: "cpu", threads: 1 });
    const { raster, info } = await upscaler.upscale(photo, { tile: 128, overlap: 64 });
    const whole = await upscaler.upscale(photo, { tile: 304 });
    await upscaler.close();
    expect(info.tiles).toBe(2);
    expect([raster.width, raster.height, info.masks]).toEqual([1204, 108, "none"]);

    const [g, p] = [await recognised(files.generator), await recognised(files.predictor)];
    const scope = (weights: StateDict) => frozenScope(weights);
    const lq = o.input("lq", [1, 3, 27, 301]);
    const mean = o.reduceMean(
      degradationFeatures(scope(p.weights), p.found.config as DasrPredictorConfig, lq),
      [2, 3],
    );
    const weights = expertWeights(scope(p.weights), p.found.config as DasrPredictorConfig, mean);
    const y = dasr(scope(g.weights), g.found.config as DasrConfig, lq, weights);
    const planes = Float32Array.from({ length: 3 * 27 * 301 }, (_, i) => {
      const [c, at] = [Math.floor(i / (27 * 301)), i % (27 * 301)];
      return photo.data[3 * at + c] / 255;
    });
    const due = (await runGraph({ y }, { lq: planes }, { threads: 1 })).y;
    const area = 1204 * 108;
    const levels = Array.from(
      raster.data,
      (_, i) => 255 * Math.min(1, Math.max(0, due[(i % 3) * area + Math.floor(i / 3)])),
    );
    // Random weights see far, so a tile's border is not what it is in the whole; but no tile has a guide of
    // its own.
    const off = raster.data.filter((value, i) => Math.abs(value - levels[i]) > 1).length;
    expect(off / raster.data.length).toBeLessThan(0.01);
    expect(maxDifference(whole.raster.data, levels)).toBeLessThan(1);
  });
});
