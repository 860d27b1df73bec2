/**
 * Latent diffusion x4 against the outputs of its public implementation: its UNet with raw and with averaged
 * weights, whole chains of DDIM and the pictures of their latents; converted; and the way of a picture
 * through an upscaler.
 */
import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  convert,
  networkOf,
  openCheckpoint,
  recogniseNetwork,
  type UpscalingModel,
} from "../src/checkpoints/index.js";
import { addModel, type InstalledModel, loadModelWeights } from "../src/checkpoints/store/index.js";
import { ddimChain, ddimTimesteps, onArrays, signalShares } from "../src/diffusion/index.js";
import type { Diffusing } from "../src/networks/index.js";
import type { LatentDiffusionConfig } from "../src/networks/latent-diffusion/config.js";
import { latentUNet } from "../src/networks/latent-diffusion/unet.js";
import { frozenScope, type StateDict } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { createGraphSession, floatTensor } from "../src/runtime/index.js";
import { enlarge } from "../src/upscale/enlarge.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { runnerHere } from "../src/upscale/runner.js";
import { createSessions } from "../src/upscale/sessions.js";
import { resolveSettings, type UpscaleSettings } from "../src/upscale/settings.js";
import { tileInputs } from "../src/upscale/tile-inputs.js";
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

const NOISE = { steps: 1000, first: 0.0015, last: 0.0155 };

it("the timesteps of DDIM are the public sampler's", () => {
  expect(ddimTimesteps(1000, 15)).toHaveLength(16);
  expect(ddimTimesteps(1000, 14)).toHaveLength(15);
  expect(ddimTimesteps(1000, 30)[0]).toBe(991);
  expect(ddimTimesteps(1000, 1)).toEqual([1]);
  // 27 divides 999, so that the last timestep would be 1000.
  expect(() => ddimTimesteps(1000, 37)).toThrow("timestep 1000 of 999");
  expect(() => ddimTimesteps(1000, 1001)).toThrow("from 1 to 1000, not 1001");
});

describe.skipIf(!hasShared)("latent diffusion x4", () => {
  const place = (file: string) => sharedPath("reference", "ldm-sr", file);
  const { tolerance } = hasShared
    ? JSON.parse(readFileSync(place("config.json"), "utf8"))
    : { tolerance: {} };
  const tensors = hasShared
    ? readSafetensors(place("io.safetensors")).tensors
    : new Map<string, TestTensor>();
  const floats = (name: string) => tensors.get(name)!.data as Float32Array;
  const expectClose = (name: string, made: ArrayLike<number>, bound = 10 * tolerance[name].max_abs) =>
    expect(maxDifference(made, floats(name)), name).toBeLessThan(bound);
  const file = place("checkpoint.pth");
  let model: InstalledModel<UpscalingModel>;
  let weights: StateDict;
  let config: LatentDiffusionConfig;
  beforeAll(async () => {
    if (!hasShared) return;
    model = (await addModel([file], { name: "ldm" })) as InstalledModel<UpscalingModel>;
    weights = await loadModelWeights(model, "network");
    ({ config } = model.description as { config?: unknown } as { config: LatentDiffusionConfig });
  });
  const chainOf = (steps: number) => tensors.get(`ddim${steps}.timesteps`)!.data.length;

  it("is a model of one file, with the averaged weights under the names of the raw ones", () => {
    expect(model.description.network).toBe("latent-diffusion");
    expect([...weights.keys()].filter((name) => /ema|alphas/.test(name))).toEqual([]);
    expect(config).toMatchObject({ channels: 32, channelMult: [1, 1], attention: [1], headChannels: 16 });
  });

  it("predicts the noise, with raw and with averaged weights", async () => {
    const raw = (await openCheckpoint(file)).weights;
    const [x, lq, t] = [o.input("x", [2, 3, 8, 12]), o.input("lq", [1, 3, 8, 12]), o.input("t", [2])];
    const graph = (from: StateDict) =>
      latentUNet(frozenScope(from).at("model.diffusion_model"), config, x, t, o.concat([lq, lq], 0));
    const feeds = { x: floats("x"), lq: floats("lr"), t: Float32Array.from(tensors.get("t")!.data, Number) };
    expectClose("eps", (await runGraph({ y: graph(weights) }, feeds, { threads: 1 })).y);
    expectClose("eps_raw", (await runGraph({ y: graph(raw) }, feeds, { threads: 1 })).y);
  });

  it("makes the same of windows as its notebook cuts and blends them", async () => {
    const { side, stride } = JSON.parse(readFileSync(place("config.json"), "utf8")).windows;
    const [height, width] = [8, 12];
    const starts = (length: number) =>
      Array.from({ length: (length - side) / stride + 1 }, (_, i) => i * stride);
    const places = starts(height).flatMap((y) => starts(width).map((x) => ({ y, x })));
    const windows = (planes: Float32Array) =>
      Float32Array.from({ length: places.length * 3 * side * side }, (_, i) => {
        const { y, x } = places[Math.floor(i / (3 * side * side))];
        const [c, row] = [Math.floor(i / (side * side)) % 3, Math.floor(i / side) % side];
        return planes[(c * height + y + row) * width + x + (i % side)];
      });
    /** Weighs each by the distance to its nearest edge, 0.01 to 0.5 of its side. */
    const blended = (made: readonly number[], scale: number) => {
      const [s, h, w] = [side, height, width].map((length) => scale * length);
      const [sum, weights] = [new Float64Array(3 * h * w), new Float64Array(3 * h * w)];
      const share = (i: number) => Math.min(i, s - 1 - i) / (s - 1);
      for (const [n, { y, x }] of places.entries()) {
        for (let i = 0; i < 3 * s * s; i++) {
          const [c, row, column] = [Math.floor(i / (s * s)), Math.floor(i / s) % s, i % s];
          const weight = Math.min(0.5, Math.max(0.01, Math.min(share(row), share(column))));
          const at = (c * h + scale * y + row) * w + scale * x + column;
          sum[at] += weight * made[n * 3 * s * s + i];
          weights[at] += weight;
        }
      }
      return sum.map((value, i) => value / weights[i]);
    };
    const shape = [places.length, 3, side, side];
    const t = Float32Array.from({ length: places.length }, () => Number(tensors.get("t")!.data[0]));
    const scope = frozenScope(weights);
    const [x, lq] = [o.input("x", shape), o.input("lq", shape)];
    const last = floats("ddim15.eta0.x").slice(-floats("x_T").length);
    const { decode } = networkOf(model.description).upscaling as Diffusing<LatentDiffusionConfig>;
    const { eps, image } = await runGraph(
      {
        eps: latentUNet(scope.at("model.diffusion_model"), config, x, o.constant(t), lq),
        image: decode(scope, config, o.input("z", shape)),
      },
      { x: windows(floats("x")), lq: windows(floats("lr")), z: windows(last) },
      { threads: 1 },
    );
    expectClose("windows.eps", blended(eps, 1));
    expectClose("windows.image", blended(image, 4));
  });

  it("has the schedule of its training", () => {
    const shares = signalShares(NOISE);
    expect(maxDifference(shares, floats("alphas_cumprod_f32"))).toBeLessThan(1e-7);
    for (const steps of [15, 30]) {
      const times = Array.from(tensors.get(`ddim${steps}.timesteps`)!.data, Number);
      expect(ddimTimesteps(1000, steps)).toEqual(times.toReversed());
    }
  });

  it.each([
    [15, 0],
    [15, 1],
    [30, 0],
    [30, 1],
  ])("walks DDIM of %i steps with eta %i, and decodes what comes of it", async (steps, eta) => {
    const kind = kindOf(model.description);
    const inputs = tileInputs(kind, { width: 12, height: 8 });
    const [denoiser, decoder] = await Promise.all(
      kind.onePass.map(({ output, build }) =>
        createGraphSession({ [output]: build(frozenScope(weights), inputs) }, { device: "cpu", threads: 1 }),
      ),
    );
    const name = `ddim${steps}.eta${eta}`;
    const size = floats("x_T").length;
    const noises: number[] = [];
    const [xs, x0s]: number[][] = [[], []];
    const chain = ddimChain(onArrays.algebra, {
      ...{ shares: signalShares(NOISE), steps, eta, xT: floats("x_T") },
      stepNoise(timestep) {
        const step = noises.push(timestep) - 1;
        return floats(`${name}.noise`).slice(step * size, (step + 1) * size);
      },
      onStep({ x, x0Hat }) {
        xs.push(...x);
        x0s.push(...x0Hat);
      },
    });
    const lq = floatTensor([1, 3, 8, 12], floats("lr"));
    let asked = chain.next();
    while (!asked.done) {
      const { x, timestep } = asked.value;
      const feeds = { x: floatTensor([1, 3, 8, 12], x), t: floatTensor([1], Float32Array.of(timestep)), lq };
      asked = chain.next((await denoiser.run(feeds)).eps.data as Float32Array);
    }
    expect(noises).toHaveLength(eta === 0 ? 0 : chainOf(steps));
    expectClose(`${name}.x`, xs);
    if (steps === 15) expectClose(`${name}.pred_x0`, x0s);
    const hr = (await decoder.run({ x0: floatTensor([1, 3, 8, 12], asked.value) })).hr.data as Float32Array;
    const within = Float32Array.from(floats(`${name}.image`), (v) => Math.min(1, Math.max(-1, v)));
    expect(maxDifference(hr, within)).toBeLessThan(10 * tolerance[`${name}.image`].max_abs);
    await Promise.all([denoiser.release(), decoder.release()]);
  });

  it.each([["float32"], ["float16"]] as const)("is converted in parts, %s", async (precision) => {
    const { shapes, weights } = await openCheckpoint(file);
    const found = recogniseNetwork(shapes, file);
    const run = async (part: string, batch: number, feeds: Record<string, TestTensor>) => {
      const options = { part, precision, batch, size: { height: 8, width: 12 } };
      const { model } = convert(weights, found, file, options);
      const session = await InferenceSession.create(Buffer.concat([...model.pieces()]), {
        intraOpNumThreads: 1,
      });
      const named = Object.entries(feeds).map(([name, { shape, data }]) => [
        name,
        new Tensor("float32", Float32Array.from(data, Number), shape),
      ]);
      const results = await session.run(Object.fromEntries(named));
      await session.release();
      return results;
    };
    const bound = (name: string) => (precision === "float16" ? 1e-2 : 10 * tolerance[name].max_abs);
    const lq = { shape: [2, 3, 8, 12], data: Float32Array.of(...floats("lr"), ...floats("lr")) };
    const { eps } = await run("denoiser", 2, { x: tensors.get("x")!, t: tensors.get("t")!, lq });
    expectClose("eps", eps.data as Float32Array, bound("eps"));
    const last = floats("ddim15.eta0.x").slice(-floats("x_T").length);
    const { y, indices } = await run("decode", 1, { z: { shape: [1, 3, 8, 12], data: last } });
    expect([...(indices.data as BigInt64Array)]).toEqual([...tensors.get("ddim15.eta0.indices")!.data]);
    expectClose("ddim15.eta0.image", y.data as Float32Array, bound("ddim15.eta0.image"));
    const plain = await run("decode-latent", 1, { z: { shape: [1, 3, 8, 12], data: last } });
    const name = "ddim15.eta0.image_not_quantised";
    expectClose(name, plain.y.data as Float32Array, bound(name));
  });

  it("enlarges a picture, tiles agreeing in every step", async () => {
    const kind = kindOf(model.description);
    const sessions = createSessions({ name: "ldm", kind }, async () => ({ tensors: weights }), {
      device: "cpu",
      threads: 1,
    });
    const stages: string[] = [];
    const upscaled = async (settings: UpscaleSettings) => {
      const photo = photoLike(21, 13);
      const context = {
        progress: ({ stage, done, total }: { stage: string; done: number; total: number }) =>
          void stages.push(`${stage} ${done}/${total}`),
        cancelled: () => false,
        checkpoint: async () => {},
      };
      return enlarge(photo, resolveSettings(settings, photo, kind), runnerHere(sessions), "cpu", context);
    };
    const whole = await upscaled({ steps: 4, seed: 5 });
    expect([whole.raster.width, whole.raster.height]).toEqual([84, 52]);
    expect(whole.info).toMatchObject({ method: "ddim", steps: 4, seed: 5, ddimEta: 1, masks: "none" });
    expect(stages).toContain("denoise 4/4");
    const tiled = await upscaled({ steps: 4, seed: 5, tile: 12, overlap: 4 });
    expect(tiled.info.tiles).toBe(6);
    expect(stages).toContain("denoise 24/24");
    expect((await upscaled({ steps: 4, seed: 5 })).raster.data).toEqual(whole.raster.data);
    expect((await upscaled({ steps: 4, seed: 6 })).raster.data).not.toEqual(whole.raster.data);
    await sessions.release();
    for (const [settings, message] of [
      [{ method: "sinsr" }, "method must be ddim"],
      [{ masks: "regions" }, "masks has no meaning for this model, which starts from noise alone"],
      [{ steps: 37 }, "ddim cannot take 37 steps"],
      [{ ddimEta: 2 }, "ddimEta must be from 0 to 1"],
    ] as [UpscaleSettings, string][]) {
      await expect(upscaled(settings)).rejects.toThrow(message);
    }
  });
});
