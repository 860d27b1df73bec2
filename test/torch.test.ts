/** Graphs run by PyTorch give what ONNX Runtime gives. Where there is no PyTorch, what is refused and how. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createUpscaler } from "samsr";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openCheckpoint, readSafetensors, recogniseNetwork } from "../src/checkpoints/index.js";
import { dasr } from "../src/networks/dasr/dasr.js";
import { degradationFeatures } from "../src/networks/dasr-predictor/predictor.js";
import type { Network } from "../src/networks/definition.js";
import { type Diffusing, type Direct, NETWORKS } from "../src/networks/index.js";
import { frozenScope, initialize, trainableScope } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import {
  createDeviceTensor,
  createSession,
  type DeviceTensor,
  devicePart,
  floatTensor,
  listDevices,
} from "../src/runtime/index.js";
import { trainStudent } from "../src/train/student.js";
import { teacherLoss, trainTeacher } from "../src/train/teacher.js";
import { python } from "./fixtures/torch.js";
import { always, BATCH, CONFIG, drawnBatch, RUN, SIDE } from "./fixtures/training.js";
import { normals, runGraph } from "./run-graph.js";
import { hasShared, maxDifference, readSafetensors as readTensors, sharedPath } from "./shared.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-torch-"));
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

/** Every operator of the project at least once, by name. */
function everyOperator(): Record<string, o.Value> {
  const x = o.input("x", [2, 4, 8, 8]);
  const w = o.input("w", [3, 4, 3, 3]);
  const m = o.input("m", [8, 8]);
  const small = o.slice(x, [0, 2], [0, 1], [1, 7], [1, 2]);
  const positive = o.add(o.abs(x), 0.5);
  const image = o.conv(x, w, o.constant([0.1, 0.2, 0.3]), { padding: 1, stride: 2 });
  const indices = o.argMin(x, 1);
  return {
    arithmetic: o.div(o.sub(o.mul(x, m), o.neg(x)), o.pow(positive, 1.5)),
    unary: o.add(o.add(o.exp(o.tanh(x)), o.log(positive)), o.add(o.sqrt(positive), o.erf(x))),
    waves: o.add(o.sin(x), o.mul(o.cos(x), o.sigmoid(x))),
    limits: o.add(o.clip(x, -0.5, 0.7), o.maximum(o.minimum(x, 0.3), o.relu(m))),
    choice: o.where(o.and(o.greater(x, 0), o.greaterOrEqual(m, 0)), x, o.mul(x, m)),
    shapes: o.concat(o.split(o.transpose(o.reshape(x, [2, 16, 4, 4]), [0, 2, 1, 3]), 4, 1).reverse(), 3),
    cut: small,
    padded: o.pad(x, [0, 0, 1, -2], [0, 1, 0, 3]),
    mirrored: o.pad(x, [0, 0, 2, 1], [0, 0, 0, 3], "reflect"),
    bordered: o.pad(x, [0, 0, 2, 1], [0, 0, 0, 3], "edge"),
    expanded: o.expand(o.reduceMean(x, [1], true), [2, 4, 8, 8]),
    sums: o.reduceSum(o.reduceMax(x, [2]), [0, 2]),
    convolved: image,
    transposed: o.convTranspose(image, w, undefined, { stride: 2, padding: 1, extra: [1, 1] }),
    products: o.matmul(x, m),
    gemm: o.gemm(m, m, {
      transA: true,
      transB: true,
      alpha: 0.5,
      bias: o.constant([1, 2, 3, 4, 5, 6, 7, 8]),
    }),
    pooled: o.upsampleNearest(o.averagePool(x, 2), 2),
    largest: o.maxPool(x, { kernel: 3, stride: 2, ceil: true }),
    blocks: o.depthToSpace(o.spaceToDepth(x, 4), 2),
    resized: o.add(o.resize(x, [0.5, 2], "cubic"), o.resize(x, [0.5, 2], "linear")),
    shuffled: o.pixelShuffle(o.pixelUnshuffle(x, 4), 2),
    leaks: o.prelu(o.leakyRelu(x, 0.2), o.constant([0.1, 0.2, 0.3, -0.4], [4, 1, 1])),
    norms: o.groupNorm(x, 2, o.constant([1, 2, 3, 4]), o.constant([0, 1, 0, 1])),
    layer: o.layerNorm(m, o.constant([1, 2, 3, 4, 5, 6, 7, 8]), o.constant(new Float32Array(8))),
    activations: o.add(o.gelu(x), o.add(o.silu(x), o.add(o.mish(x), o.softmax(x, 1)))),
    sampled: o.gridSample(x, o.transpose(o.slice(x, [1, 2], [0, 2], [2, 7]), [0, 2, 3, 1])),
    gathered: o.gather(m, o.reshape(indices, [2 * 64]), 1),
    signs: o.gradients(o.reduceSum(o.abs(x)), [x])[0],
    scattered: o.gradients(o.reduceSum(o.mul(o.gather(m, indices, 0), 2)), [m])[0],
    equals: o.gradients(o.reduceSum(o.reduceMax(x, [3])), [x])[0],
    half: o.cast(o.cast(x, "float16"), "float32"),
  };
}

describe.skipIf(!python)("device torch (needs Python with PyTorch)", () => {
  const feeds = { x: normals([2, 4, 8, 8], 1), w: normals([3, 4, 3, 3], 2), m: normals([8, 8], 3) };

  /**
   * Keeps the process of these sessions, which takes seconds to start: it ends with the last that it holds.
   */
  let held: DeviceTensor;
  beforeAll(async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    held = await createDeviceTensor(Float32Array.of(0), { device: "torch" });
  }, 60_000);
  afterAll(() => held?.release());

  it("computes every operator as ONNX Runtime does", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    const outputs = everyOperator();
    const [here, there] = [
      await runGraph(outputs, feeds),
      await runGraph(outputs, feeds, { device: "torch", threads: 1 }),
    ];
    for (const name of Object.keys(outputs)) {
      expect(there[name].length, name).toBe(here[name].length);
      expect(maxDifference(there[name], here[name]), name).toBeLessThan(2e-5);
    }
    const known = readFileSync(new URL("../executor/torch_executor.py", import.meta.url), "utf8");
    const written = new Set(Object.values(outputs).flatMap(operatorsOf));
    for (const [, name] of known.matchAll(/^ {4}"([A-Z]\w+)": /gm)) {
      if (name !== "Identity") expect(written, "an operator that nothing here uses").toContain(name);
    }
  });

  it.skipIf(!hasShared)("computes networks of others as ONNX Runtime does, all in one process", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    const graphs: Record<string, o.Value> = {};
    const given: Record<string, Float32Array> = {};
    const at = (...parts: string[]) => sharedPath("reference", ...parts);
    const feed = (fixture: string, name: string) => {
      const { shape, data } = readTensors(at(fixture, "io.safetensors")).tensors.get(name)!;
      given[`${fixture} ${name}`] = Float32Array.from(data, Number);
      return o.input(`${fixture} ${name}`, shape);
    };
    const open = async (file: string) => {
      const { shapes, weights } = await openCheckpoint(file);
      const found = recogniseNetwork(shapes, file);
      const { config } = found as { config: never };
      const network: Network = NETWORKS.find(({ name }) => name === found.network)!;
      const run = network.runnable ? network.runnable(weights, found) : weights;
      const scope = frozenScope(run, `${file}:`);
      return { config, scope, upscaling: network.upscaling as never };
    };
    const folders = readdirSync(at());
    const onePass = folders.filter((name) => /^(rrdb|srvgg|span|plksr|realplksr|swinir)-/.test(name));
    expect(onePass.length).toBeGreaterThan(25);
    for (const fixture of onePass) {
      const { config, scope, upscaling } = await open(at(fixture, "checkpoint.pth"));
      const { multiple, enlarge } = upscaling as Direct<never>;
      const x = feed(fixture, "x");
      const sides = x.shape.slice(2);
      const beyond = sides.map((side) => Math.ceil(side / multiple(config)) * multiple(config) - side);
      graphs[fixture] = enlarge(scope, config, o.pad(x, [0, 0, 0, 0], [0, 0, ...beyond], "reflect"));
    }
    const [generator, predictor] = [await open(at("dasr", "net_g.pth")), await open(at("dasr", "net_p.pth"))];
    graphs.degradation = degradationFeatures(predictor.scope, predictor.config, feed("dasr", "x"));
    const mixture = feed("dasr", "weights_given");
    graphs.dasr = dasr(generator.scope, generator.config, feed("dasr", "x_given"), mixture);
    const { config, scope, upscaling } = await open(at("ldm-sr", "checkpoint.pth"));
    const { predict, decode } = upscaling as Diffusing<never>;
    const [x, t, lr] = [feed("ldm-sr", "x"), feed("ldm-sr", "t"), feed("ldm-sr", "lr")];
    graphs.eps = predict(scope, config, { x, t, lq: o.concat([lr, lr], 0) });
    graphs.image = decode(scope, config, feed("ldm-sr", "x_T"));
    const [here, there] = [
      await runGraph(graphs, given, { threads: 1, optimization: "disabled" }),
      await runGraph(graphs, given, { device: "torch", threads: 1 }),
    ];
    for (const name of Object.keys(graphs)) {
      expect(maxDifference(there[name], here[name]), name).toBeLessThan(2e-5);
    }
  });

  it("trains to the same losses and weights, goes on where it was, and leaves no shared memory behind", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    const before = sharedFiles();
    const runOn = async (device: "cpu" | "torch", stops: readonly number[]) => {
      const out = join(folder, `${device}-${stops.length}`);
      const more = { out, accumulate: 2, clip: 0.05, session: { ...RUN.session, device } };
      let average: Float32Array = new Float32Array();
      for (const [i, steps] of stops.entries()) {
        const batches = always(drawnBatch());
        ({ average } = await trainTeacher({
          ...RUN,
          ...more,
          ...{ steps, batches, resume: i > 0, rateSchedule: "constant", learningRate: 1e-3 },
        }));
      }
      const lines = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
      return { average, losses: lines.map((line) => JSON.parse(line).loss as number) };
    };
    const [here, there, resumed] = [
      await runOn("cpu", [5]),
      await runOn("torch", [5]),
      await runOn("torch", [2, 5]),
    ];
    expect(here.losses).toHaveLength(5);
    expect(maxDifference(there.losses, here.losses)).toBeLessThan(1e-4);
    expect(maxDifference(there.average, here.average)).toBeLessThan(1e-4);
    expect(resumed).toEqual(there);
    expect(sharedFiles()).toEqual(before);
  });

  it("keeps tensors for several sessions, and brings them here when they are asked for", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    const tensor = await createDeviceTensor(Float32Array.of(9, 1, 2, 3), { device: "torch" });
    const part = devicePart(tensor, [3], 1);
    const x = o.input("x", [3]);
    const options = { device: "torch", threads: 1, bound: { x: part, y: part } } as const;
    const double = await createSession(o.toModel({ y: o.mul(x, 2) }).bytes, options);
    const add = await createSession(
      o.toModel({ y: o.add(x, o.input("z", [3])), w: o.neg(x) }).bytes,
      options,
    );
    await double.run({});
    const { w, ...others } = await add.run({ z: floatTensor([3], Float32Array.of(10, 20, 30)) });
    expect([[...w.data], others]).toEqual([[-2, -4, -6], {}]);
    expect([...tensor.data]).toEqual([9, 1, 2, 3]);
    await tensor.pull();
    expect([...tensor.data]).toEqual([9, 12, 24, 36]);
    tensor.data.set([1, 1, 1], 1);
    await tensor.push();
    await double.run({});
    await tensor.pull();
    expect([...tensor.data]).toEqual([9, 2, 2, 2]);
    for (const each of [double, add, tensor]) await each.release();
  });

  it("trains a student against a discriminator as the CPU does, and both go on where they stopped", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    const { scope, parameters } = trainableScope();
    teacherLoss(scope, CONFIG, { batch: BATCH, side: SIDE }, { kappa: RUN.schedule.kappa });
    const teacher = initialize(parameters(), 1);
    const runOn = async (device: "cpu" | "torch", stops: readonly number[]) => {
      const out = join(folder, `adversarial-${device}-${stops.length}`);
      let average: Float32Array = new Float32Array();
      for (const [i, steps] of stops.entries()) {
        ({ average } = await trainStudent({
          ...{ ...RUN, out, steps, learningRate: 1e-3, rateSchedule: "constant", resume: i > 0 },
          ...{ teacher, batches: always(drawnBatch()), session: { ...RUN.session, device } },
          ...{
            rollOut: 2,
            distilled: 1,
            m: 0.2,
            terms: { distill: 0.2, inverse: 0, gt: 0, adversarial: 0.01 },
          },
          adversarial: { discriminator: { channels: [16, 16] }, learningRate: 1e-3, gamma: 1 },
        }));
      }
      const lines = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
      const values = lines.map((line) => JSON.parse(line)).map((v) => [v.loss, v["D game"], v["D penalty"]]);
      return { average, values: values.flat() };
    };
    const [here, there] = [await runOn("cpu", [3]), await runOn("torch", [1, 3])];
    expect(here.values).toHaveLength(9);
    expect(maxDifference(there.values, here.values)).toBeLessThan(1e-4);
    expect(maxDifference(there.average, here.average)).toBeLessThan(1e-4);
  }, 120_000);

  it("takes back a step that is not finite", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    let spoilt = false;
    const batches = {
      async at(step: number) {
        const batch = drawnBatch();
        if (step === 2 && !spoilt) {
          spoilt = true;
          batch.hr[0] = Number.NaN;
        }
        return batch;
      },
    };
    const lines: string[] = [];
    const { average } = await trainTeacher({
      ...{ ...RUN, out: join(folder, "spoilt"), steps: 4, saveEvery: 1, batches },
      ...{
        session: { ...RUN.session, device: "torch" as const },
        report: (line: string) => void lines.push(line),
      },
    });
    expect(lines.join("\n")).toMatch(/step 3: the loss is not finite; back to step 2/);
    expect(average.every(Number.isFinite)).toBe(true);
  });

  it("saves where it is on Ctrl-C, which reaches the other process too", async () => {
    const photos = join(folder, "photos");
    mkdirSync(photos);
    await sharp({ create: { width: 80, height: 64, channels: 3, background: "#369" } })
      .png()
      .toFile(join(photos, "plain.png"));
    const config = join(folder, "small.yaml");
    const { schedule } = RUN;
    const data = { degradation: "mild", crop: 32, batch: 2, seed: 1 };
    const optimiser = { steps: 100_000, learningRate: 1e-4 };
    const network = { ...RUN.config, imageSize: 8 };
    writeFileSync(
      config,
      JSON.stringify({ train: "teacher", space: "pixels", network, schedule, data, optimiser }),
    );
    const out = join(folder, "interrupted");
    const words = ["train", "teacher", "--config", config, "--data", photos, "-o", out, "--device", "torch"];
    const main = fileURLToPath(new URL("../dist/cli/main.js", import.meta.url));
    const child = spawn(process.execPath, [main, ...words], {
      env: { ...process.env, SAMSR_PYTHON: python },
      detached: true,
    });
    let said = "";
    let interrupted = false;
    const code = await new Promise((resolve) => {
      child.stderr.on("data", (chunk) => {
        said += chunk;
        if (interrupted || !said.includes("step 50/")) return;
        interrupted = true;
        process.kill(-child.pid!, "SIGINT");
      });
      child.on("close", resolve);
    });
    expect([code, said]).toEqual([130, expect.stringContaining("--resume")]);
    const bytes = readFileSync(join(out, "state.safetensors"));
    const { metadata } = readSafetensors(bytes, "state");
    expect(Number(metadata.step)).toBeGreaterThanOrEqual(50);
  });

  it("is listed with its version", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    const [, , torch] = await listDevices();
    expect(torch).toMatchObject({ device: "torch", available: true, preferred: false });
    expect(torch.detail).toMatch(/^PyTorch \d+\.\d+/);
  });

  it("upscales to what the CPU makes, a level or so apart", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    const data = Uint8Array.from({ length: 3 * 20 * 16 }, (_, i) => 127 + 100 * Math.sin(i / 7));
    const raster = { width: 20, height: 16, channels: 3, data } as const;
    const made = await Promise.all(
      (["cpu", "torch"] as const).map(async (device) => {
        const upscaler = await createUpscaler({ device, threads: 1 });
        const { raster: result } = await upscaler.upscale(raster, { method: "samsr", seed: 1 });
        await upscaler.close();
        return [upscaler.device, result.data] as const;
      }),
    );
    expect(made.map(([device]) => device)).toEqual(["cpu", "torch"]);
    expect(maxDifference([...made[1][1]], [...made[0][1]])).toBeLessThanOrEqual(1);
  });

  it("says what does not fit", async () => {
    vi.stubEnv("SAMSR_PYTHON", python!);
    const model = o.toModel({ y: o.neg(o.input("x", [2])) });
    const session = await createSession(model.bytes, { device: "torch", name: "graph" });
    await expect(session.run({ x: floatTensor([3]) })).rejects.toThrow(
      'graph: the run failed: input "x" is float32 [3], expected float32 [2]',
    );
    const { y } = await session.run({ x: floatTensor([2], new Float32Array([1, 2])) });
    expect(y.data).toEqual(new Float32Array([-1, -2]));
    await session.release();
    await expect(
      createSession(new Uint8Array([1, 2, 3]), { device: "torch", name: "noise" }),
    ).rejects.toThrow(/^noise: /);
  });
});

describe("device torch without PyTorch", () => {
  it("is listed with what is missing", async () => {
    vi.stubEnv("SAMSR_PYTHON", "/nowhere/python");
    const states = await listDevices();
    expect(states.map(({ device }) => device)).toEqual(["cpu", "webgpu", "torch"]);
    expect(states[2]).toMatchObject({ available: false, preferred: false });
    expect(states[2].detail).toMatch(/^\/nowhere\/python cannot be started .*; it needs Python with PyTorch/);
  });

  it("is one clear line", async () => {
    vi.stubEnv("SAMSR_PYTHON", "/nowhere/python");
    const model = o.toModel({ y: o.neg(o.input("x", [2])) });
    await expect(createSession(model.bytes, { device: "torch" })).rejects.toThrow(
      /device "torch": \/nowhere\/python cannot be started .*; it needs Python with PyTorch/,
    );
  });
});

function operatorsOf(v: o.Value): string[] {
  const found = new Set<string>();
  const seen = new Set<o.Value>();
  const visit = (value: o.Value) => {
    if (seen.has(value) || value.source.kind !== "node") return;
    seen.add(value);
    found.add(value.source.node.op);
    for (const i of value.source.node.inputs) if (i) visit(i);
  };
  visit(v);
  return [...found];
}

function sharedFiles(): string[] {
  try {
    return readdirSync("/dev/shm").filter((name) => name.startsWith(".samsr-"));
  } catch {
    return [];
  }
}
