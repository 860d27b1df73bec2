import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SamsrError } from "../base/errors.js";
import { add, type DataType, input, mul, toModel } from "../onnx/index.js";
import { createDeviceTensor, createSession, devicePart, type SessionOptions, type Tensor } from "./index.js";
import { largeProbe, smallProbe } from "./probe.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-session-"));
afterAll(() => rmSync(directory, { recursive: true }));

const x = input("x", [2, 3]);
const y = input("y", [2, 3]);
const model = toModel({ sum: add(x, y), product: mul(x, y) }).bytes;
const tensor = (...values: number[]): Tensor => ({
  type: "float32",
  shape: [2, 3],
  data: Float32Array.from(values),
});
const feeds = { x: tensor(1, 2, 3, 4, 5, 6), y: tensor(1, 1, 1, 2, 2, 2) };

describe("createSession", () => {
  it("names the choices when an option is none of them", async () => {
    const wrong = (options: object) => createSession(model, options as SessionOptions);
    await expect(wrong({ device: "tpu" })).rejects.toThrow(
      'unknown device "tpu", expected auto, cpu, webgpu or torch',
    );
    await expect(wrong({ backend: "rust" })).rejects.toThrow(
      'unknown backend "rust", expected node, web, torch',
    );
    await expect(wrong({ threads: 0 })).rejects.toThrow("threads: expected a whole number from 1 on, got 0");
    await expect(wrong({ backend: "web", device: "webgpu" })).rejects.toThrow(/no WebGPU in Node; use "cpu"/);
    await expect(wrong({ executionProviders: ["abacus"] })).rejects.toBeInstanceOf(SamsrError);
  });

  it("takes execution providers by name", async () => {
    const session = await createSession(model, {
      executionProviders: ["cpu"],
      spinning: false,
      optimization: "basic",
    });
    expect(session.device).toBe("cpu");
    expect((await session.run(feeds)).sum.data[0]).toBe(2);
    await session.release();
  });

  it("passes on that idle threads must not spin", async () => {
    const { bytes, shape } = largeProbe();
    const data = new Float32Array(shape.reduce((a, b) => a * b));
    const idleCpu = async (spinning: boolean) => {
      const session = await createSession(bytes, { device: "cpu", threads: 2, spinning });
      let cpu = 0;
      for (let i = 0; i < 8; i++) {
        await session.run({ x: { type: "float32", shape, data } });
        const before = process.cpuUsage();
        await new Promise((done) => setTimeout(done, 15));
        const { user, system } = process.cpuUsage(before);
        cpu += user + system;
      }
      await session.release();
      return cpu;
    };
    expect(await idleCpu(false)).toBeLessThan((await idleCpu(true)) / 2);
  });

  it("frees what it held: memory stays where it was over twenty sessions", async () => {
    const weights = 4e6;
    const big = toModel({
      y: mul(input("x", [weights]), input("w", [weights])),
    }).bytes;
    const data = new Float32Array(weights);
    const cycle = async () => {
      const session = await createSession(big, { device: "cpu", threads: 1 });
      const tensor: Tensor = { type: "float32", shape: [weights], data };
      await session.run({ x: tensor, w: tensor }, { fetches: { y: tensor } });
      await session.release();
    };
    for (let i = 0; i < 5; i++) await cycle();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 20; i++) await cycle();
    // Twenty sessions that keep 16 MB each would be 320 MB.
    expect((process.memoryUsage().rss - before) / 2 ** 20).toBeLessThan(80);
  });
});

describe("the probe", () => {
  it("computes values of the order of one, so that its tolerance means something", async () => {
    for (const { bytes, shape } of [smallProbe(), largeProbe()]) {
      const session = await createSession(bytes, { device: "cpu" });
      const length = shape.reduce((a, b) => a * b);
      const data = Float32Array.from({ length }, (_, i) => Math.cos(i));
      const { y } = await session.run({ x: { type: "float32", shape, data } });
      const rms = Math.sqrt((y.data as Float32Array).reduce((sum, v) => sum + v * v, 0) / length);
      expect(rms).toBeGreaterThan(0.1);
      expect(rms).toBeLessThan(10);
      await session.release();
    }
  });
});

// After the rest: V8 goes on compiling the WASM build in the background, which upsets the measurement above.
const backends: SessionOptions[] = [
  { backend: "node", device: "cpu" },
  { backend: "web", device: "cpu", threads: 1 },
];
describe.each(backends)("a session of $backend", (options) => {
  it("runs a model", async () => {
    const session = await createSession(model, options);
    expect(session).toMatchObject({ inputs: ["x", "y"], outputs: ["sum", "product"], device: "cpu" });
    const { sum, product } = await session.run(feeds);
    expect(sum).toEqual(tensor(2, 3, 4, 6, 7, 8));
    expect(product).toEqual(tensor(1, 2, 3, 8, 10, 12));
    await session.release();
  });

  it("writes into tensors that are given, and computes only what is asked for", async () => {
    const session = await createSession(model, options);
    const sum = tensor(0, 0, 0, 0, 0, 0);
    const some = await session.run(feeds, { fetches: { sum } });
    expect(some).toEqual({ sum: tensor(2, 3, 4, 6, 7, 8) });
    expect(some.sum).toBe(sum);
    const small: Tensor = { type: "float32", shape: [3], data: new Float32Array(3) };
    await expect(session.run(feeds, { fetches: { sum: small } })).rejects.toThrow(/output.*sum/);
    expect(Object.keys(await session.run(feeds, { fetches: ["product"] }))).toEqual(["product"]);
    await expect(session.run(feeds, { fetches: ["ratio"] })).rejects.toThrow(/no output is called "ratio"/);
    await session.release();
  });

  it.each<[DataType, Tensor["data"]]>([
    ["float32", Float32Array.of(0.5, -2)],
    ["float16", Uint16Array.of(0x3c00, 0xc000)],
    ["int64", BigInt64Array.of(-5n, 2n ** 40n)],
    ["int32", Int32Array.of(-5, 7)],
    ["uint8", Uint8Array.of(3, 255)],
    ["bool", Uint8Array.of(0, 1)],
  ])("carries %s through unchanged", async (type, data) => {
    const bytes = toModel({ y: input("x", [2], type) }).bytes;
    const session = await createSession(bytes, options);
    const { y } = await session.run({ x: { type, shape: [2], data } });
    expect(y).toEqual({ type, shape: [2], data });
    await session.release();
  });

  it("takes runs at the same time one after the other, and a release after them", async () => {
    const session = await createSession(model, options);
    const runs = [1, 2, 3].map(() => session.run(feeds));
    const released = session.release();
    for (const { sum } of await Promise.all(runs)) expect(sum.data[0]).toBe(2);
    await released;
    await session.release();
    await expect(session.run(feeds)).rejects.toThrow(/has been released/);
  });

  it("names what is wrong with its inputs", async () => {
    const session = await createSession(model, { ...options, name: "sum.onnx" });
    const wrong = async (part: Record<string, unknown>) => {
      const error = await session.run({ ...feeds, ...part } as typeof feeds).catch((e) => e);
      expect(error).toBeInstanceOf(SamsrError);
      expect(error.message).not.toContain("\n");
      return error.message;
    };
    expect(await wrong({ y: undefined })).toBe('sum.onnx: input "y" is missing (it takes x, y)');
    expect(await wrong({ y: { ...feeds.y, shape: [2, 2] } })).toMatch(
      /input "y": shape \[2,2\] needs 4 numbers, got 6/,
    );
    expect(await wrong({ y: { ...feeds.y, data: new Int32Array(6) } })).toMatch(
      /float32 data belong in a Float32Array/,
    );
    expect(await wrong({ y: { ...feeds.y, shape: [3, 2] } })).toMatch(
      /sum.onnx: the run failed: .*Expected: 2/,
    );
    const shared = new Float32Array(new SharedArrayBuffer(24));
    expect(await wrong({ y: { ...feeds.y, data: shared } })).toMatch(/shared memory/);
    await session.release();
  });

  it("refuses a bad model in one line that names it", async () => {
    const refused = async (bad: Uint8Array | string) => {
      const error = await createSession(bad, { ...options, name: "bad.onnx" }).catch((e) => e);
      expect(error).toBeInstanceOf(SamsrError);
      expect(error.message).toMatch(/^bad\.onnx: [^\n]+$/);
      return error.message;
    };
    for (const damaged of [
      new Uint8Array(0),
      model.subarray(0, 40),
      new TextEncoder().encode("not a model"),
    ]) {
      expect(await refused(damaged)).toMatch(/not an ONNX model, or it is damaged/);
    }
    const unknown = new TextDecoder("latin1").decode(model).replaceAll("Mul", "Mux");
    expect(await refused(Uint8Array.from(unknown, (c) => c.charCodeAt(0)))).toMatch(
      /cannot load this model: .*Mux/,
    );
    expect(await refused(join(directory, "none.onnx"))).toMatch(/there is no such model file/);
    const path = join(directory, "cut.onnx");
    writeFileSync(path, model.subarray(0, 40));
    expect(await refused(path)).toMatch(/damaged/);
  });

  it("loads from a path and calls the model by it", async () => {
    const path = join(directory, `sum-${options.backend}.onnx`);
    writeFileSync(path, model);
    const session = await createSession(path, options);
    await expect(session.run({})).rejects.toThrow(`${path}: input "x" is missing`);
    await session.release();
  });
});

describe("device tensors", () => {
  const values = [1, 2, 3, 4, 5, 6];

  it("are read and written where they lie, an input's next value in its place", async () => {
    const held = await createDeviceTensor(Float32Array.of(9, 9, ...values), { device: "cpu" });
    const part = devicePart(held, [2, 3], 2);
    const bound = { x: part, sum: part };
    const first = await createSession(model, { device: "cpu", bound });
    const second = await createSession(model, { device: "cpu", bound: { y: part } });
    expect([first.inputs, first.outputs]).toEqual([["y"], ["product"]]);
    for (let i = 0; i < 2; i++) expect(Object.keys(await first.run({ y: feeds.y }))).toEqual(["product"]);
    const sums = values.map((v, i) => v + 2 * Number(feeds.y.data[i]));
    expect([...held.data]).toEqual([9, 9, ...sums]);
    const { sum } = await second.run({ x: feeds.x });
    expect([...sum.data]).toEqual(sums.map((v, i) => v + values[i]));
    await first.release();
    await second.release();
    await held.release();
  });

  it("work where the runtime computes in memory of its own", async () => {
    const options = { device: "cpu", backend: "web" } as const;
    const held = await createDeviceTensor(Float32Array.from(values), options);
    const part = devicePart(held, [2, 3]);
    const session = await createSession(model, { ...options, bound: { x: part, sum: part } });
    await session.run({ y: feeds.y });
    expect([...held.data]).toEqual([2, 3, 4, 6, 7, 8]);
    await session.release();
  });

  it("have no parts beyond their end", async () => {
    const held = await createDeviceTensor(new Float32Array(6));
    expect(() => devicePart(held, [2, 3], 1)).toThrow("[2,3] from 1 on is no part of a device tensor of 6");
  });
});
