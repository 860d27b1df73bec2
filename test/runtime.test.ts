import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { startThread, type Thread } from "../src/runtime/index.js";
import { convolutionModel } from "./fixtures/models.js";

/** Some 60 GFLOP: a few hundred milliseconds on one fast core. */
const HEAVY = { side: 256, channels: 64, layers: 12 };

const directory = mkdtempSync(join(tmpdir(), "samsr-runtime-"));
const heavy = join(directory, "heavy.onnx");
const light = join(directory, "light.onnx");
beforeAll(() => {
  if (!existsSync(new URL("../dist/runtime/index.js", import.meta.url))) {
    throw new Error("these tests run the built package: npm run build");
  }
  writeFileSync(heavy, convolutionModel(HEAVY.channels, HEAVY.side, HEAVY.layers));
  writeFileSync(light, convolutionModel(8, 16, 2));
});
afterAll(() => rmSync(directory, { recursive: true }));

let thread: Thread;
const start = (options = {}) => {
  thread = startThread(new URL("./fixtures/runtime-worker.mjs", import.meta.url), options);
  return thread;
};
afterEach(() => thread?.close());

/** Runs fixtures/runtime-child.mjs to its end. */
function run(args: string[], env: NodeJS.ProcessEnv = {}) {
  const script = fileURLToPath(new URL("./fixtures/runtime-child.mjs", import.meta.url));
  return new Promise<{ code: number | null; out: string; err: string; ms: number }>((resolve) => {
    const began = performance.now();
    const child = spawn(process.execPath, [script, ...args], { env: { ...process.env, ...env } });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.on("close", (code) => resolve({ code, out, err, ms: performance.now() - began }));
  });
}

describe("a session in a worker thread", () => {
  it("leaves the event loop alone while a run blocks its thread", { retry: 2 }, async () => {
    start();
    await thread.call("load", { model: heavy, ...HEAVY });
    await thread.call("run", { times: 1 });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const [ms] = (await thread.call("run", { times: 1 })) as number[];
    delay.disable();
    expect(ms).toBeGreaterThan(300);
    expect(delay.max / 1e6).toBeLessThan(50);
  });

  it("stops between runs within a second of an abort", async () => {
    start();
    await thread.call("load", { model: heavy, ...HEAVY });
    const stop = new AbortController();
    const runs: unknown[] = [];
    const reason = new Error("enough");
    let aborted = 0;
    const call = thread.call(
      "run",
      { times: 100 },
      {
        signal: stop.signal,
        onProgress: (value) => {
          runs.push(value);
          if (value === 1) {
            aborted = performance.now();
            stop.abort(reason);
          }
        },
      },
    );
    await expect(call).rejects.toBe(reason);
    expect(performance.now() - aborted).toBeLessThan(500);
    // The thread itself is free again after the run that was under way.
    await thread.call("run", { times: 0 });
    await thread.call("echo", 1);
    expect(runs).toEqual([1]);
    await thread.close();
    expect(performance.now() - aborted).toBeLessThan(10_000);
  });

  it("is not cut off inside a run: closing waits for it, then ends even a stubborn worker", async () => {
    start();
    await thread.call("load", { model: heavy, ...HEAVY });
    const stop = new AbortController();
    const call = thread.call("stubborn", {}, { signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    await expect(call).rejects.toThrow(/abort/i);
    await thread.close();
  });

  it("does not abort a process that exits in the middle of a run", async () => {
    const { code, err } = await run(["exit-while-running", heavy]);
    expect(err).toBe("");
    expect(code).toBe(7);
  });
});

describe("a thread", () => {
  it("moves buffers both ways", async () => {
    start();
    const data = new Float32Array([1, 2, 3]);
    const back = (await thread.call("echo", { data }, { transfer: [data.buffer] })) as { data: Float32Array };
    expect(data.length).toBe(0);
    expect([...back.data]).toEqual([1, 2, 3]);
    const filled = (await thread.call("fill", { length: 1000 })) as { data: Float32Array };
    expect(filled.data.length).toBe(1000);
  });

  it("hands values over one by one, each when the last is taken, until the caller has enough", async () => {
    start();
    const values: number[] = [];
    let under = 0;
    const onValue = async (value: unknown) => {
      expect(++under).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      values.push((value as { data: Float32Array }).data[0]);
      under--;
    };
    const seen = await thread.call("handOver", { times: 3 }, { onValue });
    expect(values).toEqual([0, 1, 2]);
    expect(seen).toEqual([1, 2, 3].map((n) => [n, 0]));
    const full = new RangeError("enough");
    let calls = 0;
    const refuse = () => {
      if (++calls === 2) throw full;
    };
    await expect(thread.call("handOver", { times: 9 }, { onValue: refuse })).rejects.toBe(full);
    expect(await thread.call("echo", 7)).toBe(7);
    expect(calls).toBe(2);
  });

  it("brings errors across with class, message, code and cause", async () => {
    start();
    const caught = (kind: string): Promise<Error> =>
      thread.call("fail", { kind }).then(String, (error) => error) as Promise<Error>;
    const ours = await caught("samsr");
    expect(ours).toBeInstanceOf(SamsrError);
    expect(ours.message).toBe("the picture is upside down");
    expect(ours.cause).toBeInstanceOf(RangeError);
    expect(await caught("range")).toBeInstanceOf(RangeError);
    expect(await caught("coded")).toMatchObject({ message: "no such thing", code: "ENOENT" });
    expect(await caught("words")).toMatchObject({ message: "only words" });
    await expect(thread.call("missing", 0)).rejects.toThrow(/no function "missing"/);
    await expect(thread.call("uncloneable", 0)).rejects.toThrow(/clone/);
    await expect(thread.call("echo", () => 0)).rejects.toThrow(/clone/);
    expect(await thread.call("echo", "still there")).toBe("still there");
  });

  it("rejects what is pending when the worker exits, and every call after that", async () => {
    start();
    const other = thread.call("sleep", { ms: 10_000 });
    const exit = thread.call("exit", 0);
    await expect(other).rejects.toThrow(/runtime-worker.mjs ended before its work was done \(exit code 5\)/);
    await expect(exit).rejects.toBeInstanceOf(SamsrError);
    await expect(thread.call("echo", 1)).rejects.toThrow(/ended/);
  });

  it("rejects when the worker throws outside a call", async () => {
    start();
    await expect(thread.call("explode", 0)).rejects.toThrow(/failed: nobody caught me/);
  });

  it("says so when the worker runs out of memory", async () => {
    start({ heapMegabytes: 24 });
    await expect(thread.call("eat", 0)).rejects.toThrow(/ran out of memory; try a smaller tile/);
  });

  it("rejects when the script is not there", async () => {
    thread = startThread(new URL("./fixtures/nowhere.mjs", import.meta.url));
    await expect(thread.call("echo", 0)).rejects.toThrow(/nowhere.mjs/);
  });

  it("does not start a call whose signal is already aborted, nor one after closing", async () => {
    start();
    const reason = new Error("too late");
    await expect(thread.call("echo", 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const last = thread.call("sleep", { ms: 50 });
    const closing = thread.close();
    await expect(thread.call("echo", 1)).rejects.toThrow(/closed/);
    await expect(last).resolves.toBeUndefined();
    await closing;
  });

  it("keeps the process alive while a call is pending, and not when idle", async () => {
    const [uncalled, idle, pending] = await Promise.all([run(["uncalled"]), run(["idle"]), run(["pending"])]);
    expect(uncalled).toMatchObject({ code: 0, out: "", err: "" });
    expect(idle).toMatchObject({ code: 0, out: "hello\n", err: "" });
    expect(pending).toMatchObject({ code: 0, out: "slept\n", err: "" });
  });
});

describe.skipIf(process.platform !== "linux")("webgpu without a driver", () => {
  it("is one clear line, with nothing on standard error", async () => {
    const nowhere = join(directory, "nowhere.json");
    const { code, out, err } = await run(["webgpu", light], {
      VK_ICD_FILENAMES: nowhere,
      VK_DRIVER_FILES: nowhere,
    });
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({
      name: "SamsrError",
      message:
        'device "webgpu" is not available: no graphics adapter with a working Vulkan driver was found; use "cpu" or "auto"',
    });
  });
});

// Debian's chromium brings a Vulkan loader and SwiftShader, a software driver, so WebGPU can be tested on a
// CPU.
const chromium = "/usr/lib/chromium";
const swiftShader = join(chromium, "vk_swiftshader_icd.json");
describe.skipIf(!existsSync(swiftShader))("webgpu on SwiftShader (needs Debian's chromium)", () => {
  const env = { VK_ICD_FILENAMES: swiftShader, VK_DRIVER_FILES: swiftShader, LD_LIBRARY_PATH: chromium };

  it("takes turns between threads, because at the same time they would crash the process", async () => {
    expect(await run(["two-on-gpu", light], env)).toMatchObject({ code: 0, out: "both ran\n" });
  });

  it("computes what the CPU computes, and is not chosen by auto", async () => {
    const { code, out } = await run(["webgpu", light], env);
    expect(code).toBe(0);
    const { difference, auto, devices } = JSON.parse(out);
    expect(difference).toBeLessThan(1e-4);
    expect(auto).toBe("cpu");
    expect(devices.slice(0, 2)).toMatchObject([
      { device: "cpu", available: true },
      { device: "webgpu", available: true, preferred: false },
    ]);
  });
});
