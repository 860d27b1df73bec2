/**
 * Networks of one pass against the outputs of their public implementations: as models of the store, converted
 * and run by ONNX Runtime alone, at half precision, and on the way of a whole picture. A folder of fixtures
 * is a line.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  convert,
  networkOf,
  openCheckpoint,
  recogniseNetwork,
  type UpscalingModel,
  writeSafetensors,
} from "../src/checkpoints/index.js";
import {
  addModel,
  blendModels,
  type InstalledModel,
  loadModelWeights,
} from "../src/checkpoints/store/index.js";
import { createRaster } from "../src/image/index.js";
import type { Direct } from "../src/networks/index.js";
import type { SwinIRConfig } from "../src/networks/swinir/config.js";
import { frozenScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import { enlarge } from "../src/upscale/enlarge.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { runnerHere } from "../src/upscale/runner.js";
import { createSessions } from "../src/upscale/sessions.js";
import { resolveSettings } from "../src/upscale/settings.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors, sharedPath, type TestTensor } from "./shared.js";

/** The folders of fixtures, and the network that each holds. */
const FIXTURES: readonly (readonly [folder: string, network: string])[] = [
  ...["new-x4", "new-x2", "new-x1", "old-x8", "old-x4", "old-x2", "old-x1", "trunk-x4", "trunk-x2"].map(
    (name) => [`rrdb-${name}`, "rrdb"] as const,
  ),
  ...["x4", "x2", "x1"].map((name) => [`srvgg-${name}`, "srvgg"] as const),
  ...["x4", "x2"].map((name) => [`span-${name}`, "span"] as const),
  ...["x4", "x2"].map((name) => [`plksr-${name}`, "plksr"] as const),
  ...["x4", "x2", "dysample-x4", "dysample-x3", "dysample-x2", "layernorm"].map(
    (name) => [`realplksr-${name}`, "real-plksr"] as const,
  ),
  ...["real-x4", "real-x4-large", "classical-x2", "classical-x3", "classical-x4", "light-x2"].map(
    (name) => [`swinir-${name}`, "swinir"] as const,
  ),
  ...["denoise-grey", "denoise-colour", "jpeg-grey"].map((name) => [`swinir-${name}`, "swinir"] as const),
];

const { path, remove } = temporaryFolder();
beforeAll(() => void vi.stubEnv("SAMSR_HOME", path("home")));
afterAll(() => {
  vi.unstubAllEnvs();
  remove();
});

const place = (fixture: string, file: string) => sharedPath("reference", fixture, file);

/** Pictures and what the public implementation makes of them, by the names in `io.safetensors`. */
const PAIRS = [
  ["x", "y"],
  ["x_img_size", "y_img_size"],
] as const;

/** The network of an installed model, on a picture mirrored to what it takes, as a graph. */
async function graphOf(model: InstalledModel<UpscalingModel>, shape: o.Shape, name = "x"): Promise<o.Value> {
  const { description } = model;
  const { enlarge, multiple, scale } = networkOf(description).upscaling as Direct<unknown>;
  const { config } = description as { config?: unknown };
  const scope = frozenScope(await loadModelWeights(model, "network"));
  const [height, width] = shape.slice(2);
  const beyond = (side: number) => (multiple(config) - (side % multiple(config))) % multiple(config);
  const x = o.pad(o.input(name, shape), [0, 0, 0, 0], [0, 0, beyond(height), beyond(width)], "reflect");
  return o.slice(enlarge(scope, config, x), [2, 3], [0, 0], [scale(config) * height, scale(config) * width]);
}

/** A picture as SwinIR's test program pads it: always, by up to a window, mirrored with the edge repeated. */
function padded({ shape, data }: TestTensor, window: number): TestTensor {
  const [batch, channels, height, width] = shape;
  const [h, w] = [height, width].map((side) => (Math.floor(side / window) + 1) * window);
  const at = (i: number, side: number) => (i < side ? i : 2 * side - 1 - i);
  const made = Float32Array.from({ length: batch * channels * h * w }, (_, i) => {
    const [plane, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w];
    return Number(data[(plane * height + at(y, height)) * width + at(x, width)]);
  });
  return { shape: [batch, channels, h, w], data: made };
}

/** Returns the upper left part of planes. */
function cut(data: ArrayLike<number>, [, , height, width]: o.Shape, [n, c, h, w]: o.Shape): Float32Array {
  return Float32Array.from(
    { length: n * c * h * w },
    (_, i) => data[(Math.floor(i / (h * w)) * height + (Math.floor(i / w) % h)) * width + (i % w)],
  );
}

describe.skipIf(!hasShared).each(FIXTURES)("%s", (fixture, network) => {
  const { tolerance } = hasShared
    ? JSON.parse(readFileSync(place(fixture, "config.json"), "utf8"))
    : { tolerance: {} };
  const bound = (y: string) => 10 * (tolerance[y] ?? tolerance).max_abs;
  const tensors = hasShared
    ? readSafetensors(place(fixture, "io.safetensors")).tensors
    : new Map<string, TestTensor>();
  const floats = (name: string) => tensors.get(name)!.data as Float32Array;
  const pairs = PAIRS.filter(([x]) => tensors.has(x));
  const file = place(fixture, "checkpoint.pth");
  let model: InstalledModel<UpscalingModel>;
  beforeAll(async () => {
    if (hasShared) model = (await addModel([file], { name: fixture })) as InstalledModel<UpscalingModel>;
  });

  it("computes what it should as a model of the store", async () => {
    expect(model.description.network).toBe(network);
    for (const [x, y] of pairs) {
      const graph = await graphOf(model, tensors.get(x)!.shape);
      const made = await runGraph({ graph }, { x: floats(x) }, { threads: 1 });
      expect(graph.shape).toEqual(tensors.get(y)!.shape);
      expect(maxDifference(made.graph, floats(y)), y).toBeLessThan(bound(y));
    }
  });

  it.runIf(network === "swinir")("makes what the authors' test program makes of a picture", async () => {
    const { config } = model.description as { config?: unknown } as { config: SwinIRConfig };
    const picture = padded(tensors.get("x")!, config.window);
    const graph = await graphOf(model, picture.shape, "padded");
    const made = await runGraph({ graph }, { padded: picture.data as Float32Array }, { threads: 1 });
    const due = tensors.get("y_public_test")!;
    expect(maxDifference(cut(made.graph, graph.shape, due.shape), floats("y_public_test"))).toBeLessThan(
      bound("y_public_test"),
    );
    const tiled = tensors.get("y_public_test_tiled");
    if (!tiled) return;
    // Its tiles are averaged where they overlap: here one row of two.
    const [tile, overlap] = JSON.parse(readFileSync(place(fixture, "config.json"), "utf8")).tile_overlap;
    const [, channels, height, width] = picture.shape;
    expect([height, width]).toEqual([tile, 2 * tile - overlap]);
    const x = o.input("padded", picture.shape);
    const scope = frozenScope(await loadModelWeights(model, "network"));
    const { enlarge } = networkOf(model.description).upscaling as Direct<unknown>;
    const parts = [0, tile - overlap].map((at) => enlarge(scope, config, o.slice(x, [3], [at], [at + tile])));
    const runs = await runGraph(
      { a: parts[0], b: parts[1] },
      { padded: picture.data as Float32Array },
      {
        threads: 1,
      },
    );
    const [side, wide, step] = [tile, width, tile - overlap].map((length) => config.scale * length);
    const both = Float32Array.from({ length: channels * side * wide }, (_, i) => {
      const [row, column] = [Math.floor(i / wide), i % wide];
      const values = [
        ...(column < side ? [runs.a[row * side + column]] : []),
        ...(column >= step ? [runs.b[row * side + column - step]] : []),
      ];
      return values.reduce((sum, value) => sum + value, 0) / values.length;
    });
    expect(
      maxDifference(cut(both, [1, channels, side, wide], tiled.shape), floats("y_public_test_tiled")),
    ).toBeLessThan(bound("y_public_test_tiled"));
  });

  it("is converted for any batch, height and width, also at half precision", async () => {
    const { shapes, weights } = await openCheckpoint(file);
    const recognised = recogniseNetwork(shapes, fixture);
    for (const precision of ["float32", "float16"] as const) {
      const { model, inputs, outputs } = convert(weights, recognised, fixture, { precision });
      const channels = tensors.get("x")!.shape[1];
      expect(inputs).toEqual({ lq: ["batch", channels, "height", "width"] });
      expect(outputs).toEqual({ hr: ["batch", channels, "hr_height", "hr_width"] });
      const session = await InferenceSession.create(Buffer.concat([...model.pieces()]), {
        intraOpNumThreads: 1,
      });
      for (const [x, y] of pairs) {
        const { shape, data } = tensors.get(x)!;
        const twice = Float32Array.of(...(data as Float32Array), ...(data as Float32Array));
        const lq = new Tensor("float32", twice, [2 * shape[0], ...shape.slice(1)]);
        const made = (await session.run({ lq })).hr.data as Float32Array;
        for (const half of [made.subarray(0, made.length / 2), made.subarray(made.length / 2)]) {
          expect(maxDifference(half, floats(y)), y).toBeLessThan(precision === "float32" ? bound(y) : 1e-2);
        }
      }
      await session.release();
    }
  });

  it("enlarges a picture of 16 bits", async () => {
    const { shape } = tensors.get("x")!;
    const [, channels, height, width] = shape;
    const picture = createRaster(width, height, channels === 1 ? 1 : 3, 16);
    const at = (i: number) => Math.floor(i / channels) + (i % channels) * width * height;
    picture.data.forEach((_, i) => {
      picture.data[i] = Math.round(65535 * Math.min(1, Math.max(0, floats("x")[at(i)])));
    });
    const kind = kindOf(model.description);
    const weights = async (part: string) => ({ tensors: await loadModelWeights(model, part) });
    const sessions = createSessions({ name: fixture, kind }, weights, { device: "cpu", threads: 1 });
    const idle = { progress: () => {}, cancelled: () => false, checkpoint: async () => {} };
    const { raster } = await enlarge(
      picture,
      resolveSettings({}, picture, kind),
      runnerHere(sessions),
      "cpu",
      idle,
    );
    await sessions.release();

    const graph = await graphOf(model, [1, channels, height, width]);
    const x = new Float32Array(channels * width * height);
    picture.data.forEach((value, i) => {
      x[at(i)] = value / 65535;
    });
    const due = (await runGraph({ graph }, { x }, { threads: 1 })).graph;
    const plane = raster.width * raster.height;
    const levels = Array.from(raster.data, (_, i) => {
      const value = due[Math.floor(i / channels) + (i % channels) * plane];
      return 65535 * Math.min(1, Math.max(0, value));
    });
    expect([raster.width, raster.height]).toEqual([kind.scale * width, kind.scale * height]);
    expect(maxDifference(raster.data, levels)).toBeLessThan(0.5 + 65535 * bound("y"));
  });
});

describe.skipIf(!hasShared)("a model between two", () => {
  it("has weights between theirs, and two of other networks have none", async () => {
    const { weights } = await openCheckpoint(place("srvgg-x2", "checkpoint.pth"));
    const twice = new Map(
      [...weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((v) => 2 * v) }]),
    );
    writeFileSync(path("twice.safetensors"), writeSafetensors(twice));
    for (const [name, file] of [
      ["once", place("srvgg-x2", "checkpoint.pth")],
      ["twice", path("twice.safetensors")],
      ["other", place("srvgg-x4", "checkpoint.pth")],
    ]) {
      await addModel([file], { name, overwrite: true });
    }
    const model = await blendModels("once", "twice", 0.25, { name: "between" });
    expect(model.description).toMatchObject({ name: "between", network: "srvgg" });
    const between = await loadModelWeights(model, "network");
    for (const [name, { data }] of weights) {
      expect(
        maxDifference(
          between.get(name)!.data,
          data.map((v) => 1.25 * v),
        ),
      ).toBeLessThan(1e-6);
    }
    await expect(blendModels("once", "other", 0.5)).rejects.toThrow(
      "once (srvgg) and other (srvgg) are not of one network and one size",
    );
    await expect(blendModels("once", "twice", 1.5)).rejects.toThrow("share");
  });
});
