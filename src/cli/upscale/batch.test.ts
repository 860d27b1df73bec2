/** What goes on at the same time in a batch, and in which order it is told: each stage waits for the test. */
import { afterEach, expect, it, vi } from "vitest";
import { SamsrError } from "../../base/errors.js";
import type { UpscalingModel } from "../../checkpoints/index.js";
import type { InstalledModel } from "../../checkpoints/store/index.js";
import type { OpenedPicture } from "../../image/index.js";
import type { EnlargedPicture, UpscaleOptions, Upscaler } from "../../upscale/index.js";
import type { UpscaleJob, UpscaleRun } from "./job.js";

/** The stages under way, such as "decode a", and how each ends. */
const under = new Map<string, { done(): void; fail(error: Error): void }>();
const upscalers: string[] = [];
let bytes = 1000;

function stage(name: string, signal?: AbortSignal): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    under.set(name, { done: resolve, fail: reject });
    signal?.addEventListener("abort", () => reject(signal.reason));
  }).finally(() => under.delete(name));
}

vi.mock(import("../../image/index.js"), async (original) => ({
  ...(await original()),
  openPicture: (async (path: string) => {
    await stage(`decode ${path}`);
    return { metadata: {}, pages: 1, name: path } as unknown as OpenedPicture;
  }) as Awaited<ReturnType<typeof original>>["openPicture"],
}));
vi.mock(import("../../upscale/index.js"), async (original) => ({
  ...(await original()),
  createUpscaler: async () => {
    upscalers.push("opened");
    return { close: async () => void upscalers.push("closed") } as unknown as Upscaler;
  },
}));
vi.mock(import("../../upscale/upscale.js"), async (original) => ({
  ...(await original()),
  enlargeForFile: async (picture, _path, options?: UpscaleOptions) => {
    const { name } = picture as unknown as { name: string };
    options?.onProgress?.({ stage: "tiles", done: 0, total: 1 });
    await stage(`enlarge ${name}`, options?.signal);
    const facts = { width: 4, height: 4, format: "png", pages: 1, warnings: [], info: {} };
    return {
      bytes,
      async write() {
        await stage(`encode ${name}`, options?.signal);
        return facts as unknown as EnlargedPicture;
      },
    };
  },
}));
const { runAll } = await import("./batch.js");

const told: string[] = [];
afterEach(() => {
  for (const list of [told, upscalers]) list.length = 0;
  under.clear();
  bytes = 1000;
});

function start(
  names: string,
  signal = new AbortController().signal,
): { ended: Promise<void>; jobs: UpscaleJob[] } {
  const jobs = [...names].map((name): UpscaleJob => {
    const target = { path: `out/${name}`, format: "png", skip: false } as const;
    return { input: { name, path: name, place: name }, result: { input: name }, target };
  });
  const batch: UpscaleRun = {
    options: { out: "out", model: "none", seed: 0, cache: false, device: "cpu" },
    model: {} as InstalledModel<UpscalingModel>,
    targets: { claim: async () => undefined },
    reporter: {
      bar: { file() {}, update() {}, clear() {} },
      say: (line) => void told.push(line.replace(/ .*/, "")),
      warn() {},
      fail(result, error) {
        result.error = (error as Error).message;
        told.push(`${result.input} failed`);
      },
    },
    signal,
  };
  return { ended: runAll(jobs, batch), jobs };
}

/** What is under way when all that could go on has gone on. */
async function underWay(): Promise<string[]> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  return [...under.keys()].sort();
}

async function after(...names: string[]): Promise<string[]> {
  for (const name of names) under.get(name)!.done();
  return underWay();
}

it("one picture is enlarged while the next is decoded and the last is encoded; told of in order", async () => {
  const { ended, jobs } = start("abcd");
  expect(await underWay()).toEqual(["decode a"]);
  expect(await after("decode a")).toEqual(["decode b", "enlarge a"]);
  expect(await after("decode b", "enlarge a")).toEqual(["decode c", "encode a", "enlarge b"]);
  // No third result is begun while two wait to be written.
  expect(await after("enlarge b", "decode c")).toEqual(["encode a", "encode b"]);
  expect(await after("encode b")).toEqual(["encode a"]);
  expect(told).toEqual([]);
  expect(await after("encode a")).toEqual(["decode d", "enlarge c"]);
  expect(told).toEqual(["a", "b"]);
  expect(await after("decode d", "enlarge c")).toEqual(["encode c", "enlarge d"]);
  expect(await after("enlarge d", "encode c")).toEqual(["encode d"]);
  await after("encode d");
  await ended;
  expect(told).toEqual(["a", "b", "c", "d"]);
  expect(jobs.map(({ result }) => result.output)).toEqual(["out/a", "out/b", "out/c", "out/d"]);
  expect(upscalers).toEqual(["opened", "closed"]);
});

it("a large result is written before the next picture is enlarged", async () => {
  bytes = 2 ** 30;
  const { ended } = start("ab");
  await underWay();
  await after("decode a");
  expect(await after("decode b", "enlarge a")).toEqual(["encode a"]);
  expect(await after("encode a")).toEqual(["enlarge b"]);
  await after("enlarge b");
  await after("encode b");
  await ended;
  expect(told).toEqual(["a", "b"]);
});

it("failures are each picture's own: only one of the network opens it anew", async () => {
  const { ended, jobs } = start("abcd");
  await underWay();
  await after("decode a");
  under.get("decode b")!.fail(new SamsrError("no picture"));
  await after("enlarge a");
  expect(await after("decode c")).toEqual(["decode d", "encode a", "enlarge c"]);
  under.get("encode a")!.fail(new SamsrError("full"));
  expect(await underWay()).toEqual(["decode d", "enlarge c"]);
  expect(told).toEqual(["a failed", "b failed"]);
  expect(upscalers).toEqual(["opened"]);
  under.get("enlarge c")!.fail(new SamsrError("torn"));
  expect(await after("decode d")).toEqual(["enlarge d"]);
  expect(upscalers).toEqual(["opened", "closed", "opened"]);
  await after("enlarge d");
  await after("encode d");
  await ended;
  expect(told).toEqual(["a failed", "b failed", "c failed", "d"]);
  expect(jobs.map(({ result }) => result.error)).toEqual(["full", "no picture", "torn", undefined]);
});

it("an abort leaves what is written, and calls all else interrupted", async () => {
  const controller = new AbortController();
  const { ended, jobs } = start("abc", controller.signal);
  await underWay();
  await after("decode a");
  await after("decode b", "enlarge a");
  await after("encode a", "enlarge b");
  expect(await after("decode c")).toEqual(["encode b", "enlarge c"]);
  controller.abort(new Error("enough"));
  await ended;
  expect(told).toEqual(["a"]);
  expect(jobs.map(({ result }) => result.output ?? result.error)).toEqual([
    "out/a",
    "interrupted",
    "interrupted",
  ]);
});
