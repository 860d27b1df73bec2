/** What a process of the command loads: no more than one picture needs, in few files. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drawing, start, temporaryFolder } from "./fixtures/cli.js";
import { writeSmallModel } from "./fixtures/small-model.js";

const { path, remove } = temporaryFolder();
afterAll(remove);
beforeAll(async () => {
  await drawing().resize(40, 32).png().toFile(path("in.png"));
});

/** The files that each thread of a run has loaded, by their places below dist/ and node_modules/. */
async function loadedBy(...words: string[]): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), "samsr-loaded-"));
  const { code, stderr } = await start(words, { env: { NODE_V8_COVERAGE: folder } }).finished;
  expect(code, stderr).toBe(0);
  const threads = readdirSync(folder).map((file) => {
    const { result } = JSON.parse(readFileSync(join(folder, file), "utf8")) as { result: { url: string }[] };
    const files = result.filter(({ url }) => url.startsWith("file:"));
    return files.map(({ url }) => url.replace(/^.*\/(?=node_modules\/)|^.*\/(?=dist\/)/, ""));
  });
  rmSync(folder, { recursive: true });
  return threads;
}

const packagesOf = (files: readonly string[]) =>
  new Set(files.flatMap((file) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []));
const ownOf = (files: readonly string[]) => files.filter((file) => file.startsWith("dist/"));

it("samsr upscale: a picture's packages alone, each where it is used, and few files of its own", async () => {
  const threads = await loadedBy(
    "upscale",
    path("in.png"),
    "-o",
    path("out.png"),
    "--model",
    writeSmallModel(),
  );
  expect(threads).toHaveLength(2);
  const isWorker = (files: string[]) => files.includes("dist/upscale/worker-node.js");
  const [worker, main] = threads.sort((a, b) => Number(isWorker(b)) - Number(isWorker(a)));
  expect([...packagesOf(worker)].sort()).toEqual(["onnxruntime-common", "onnxruntime-node"]);
  const platform = [...packagesOf(main)].filter((name) => /^@img\/sharp-/.test(name));
  expect([...packagesOf(main)].filter((name) => !platform.includes(name)).sort()).toEqual([
    "@img/colour",
    "commander",
    "detect-libc",
    "semver",
    "sharp",
  ]);
  for (const files of threads) expect(ownOf(files).length).toBeLessThanOrEqual(10);
});

it("samsr upscale: the session that is kept is there before the picture is", async () => {
  const loading = async (name: string): Promise<number> => {
    const words = ["upscale", path("in.png"), "-o", path(name), "--json"];
    const { code, stdout, stderr } = await start(words, { env: { SAMSR_CACHE: path("cache") } }).finished;
    expect(code, stderr).toBe(0);
    return JSON.parse(String(stdout))[0].info.milliseconds.load;
  };
  expect(await loading("made.png")).toBeGreaterThan(20);
  // On busy processors the worker's thread may come late; a session that is not opened beforehand always
  // does.
  const found: number[] = [];
  while (found.length < 6 && Math.min(...found) > 2) found.push(await loading("found.png"));
  expect(Math.min(...found), found.join(", ")).toBeLessThanOrEqual(2);
});

it("samsr --version: no codec, no ONNX Runtime", async () => {
  const [main, ...others] = await loadedBy("--version");
  expect(others).toEqual([]);
  expect([...packagesOf(main)]).toEqual(["commander"]);
  expect(ownOf(main).length).toBeLessThanOrEqual(5);
});
