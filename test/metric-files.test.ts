/** Published files of weights: read, told apart, installed; and the command that does it. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { openCheckpoint, readCheckpoint, writeSafetensors } from "../src/checkpoints/index.js";
import { METRIC_FILE_NAMES, recogniseMetricFile } from "../src/checkpoints/store/metric-files.js";
import { METRIC_FILES, parametersOfFile } from "../src/networks/metrics/index.js";
import { samsr, temporaryFolder } from "./fixtures/cli.js";
import { metricFixture, ruleWeights } from "./fixtures/metrics.js";
import { serveFile, startServer } from "./fixtures/servers.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "./shared.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

const container = (name: string) => sharedPath("reference", "metric-containers", name);

describe.skipIf(!hasShared)("containers", () => {
  it("reads TorchScript archives: names of modules, halves and floats", async () => {
    const { weights } = await openCheckpoint(container("clip-torchscript.pt"));
    const expected = await readCheckpoint(container("clip-torchscript.expected.safetensors"));
    expect([...weights.keys()].toSorted()).toEqual([...expected.keys()].toSorted());
    for (const [name, { shape, data }] of expected) {
      expect(weights.get(name)!.shape, name).toEqual(shape);
      expect(maxDifference(weights.get(name)!.data, data), name).toBe(0);
    }
  });

  it("reads a file of one tensor without a name", async () => {
    const weights = await readCheckpoint(container("clipiqa-ctx-bare.pth"));
    const { tensors } = readSafetensors(container("clipiqa-ctx-bare.expected.safetensors"));
    expect([...weights.keys()]).toEqual(["value"]);
    const expected = tensors.get("value")!.data as Float32Array;
    expect(maxDifference(weights.get("value")!.data, expected)).toBe(0);
  });
});

describe("weights are told by their tensors", () => {
  const shapesOf = (name: (typeof METRIC_FILE_NAMES)[number]) => new Map(parametersOfFile(name));

  it.each(METRIC_FILE_NAMES)("%s", (name) => {
    const shapes = shapesOf(name);
    expect(recogniseMetricFile(shapes, `/somewhere/${METRIC_FILES[name].file}`)).toBe(name);
    // What else a file holds does not matter.
    shapes.set("classifier.1.weight", [10, 10]);
    expect(recogniseMetricFile(shapes, "other.pth", name)).toBe(name);
  });

  it("names the nearest and its first difference, and what only a name can tell", () => {
    const vgg = shapesOf("vgg16");
    vgg.delete("features.28.weight");
    expect(() => recogniseMetricFile(vgg, "x.pth")).toThrow(
      /^x\.pth: holds no weights of a metric.*nearest is vgg16, but "features\.28\.weight" \[512, 512, 3, 3\] is missing/,
    );
    expect(() => recogniseMetricFile(shapesOf("musiq-spaq"), "x.pth")).toThrow(
      /may be musiq-koniq, musiq-spaq, which have the same tensors; say which with --as/,
    );
    expect(() => recogniseMetricFile(new Map(), "x.pth", "dists-weights")).toThrow(/those of dists-weights$/);
  });
});

describe.skipIf(!hasShared)("samsr metrics", () => {
  const home = { SAMSR_HOME: path("home") };

  it("adds, lists and fetches weights, with which metrics then measure", async () => {
    const state = await ruleWeights("squeezenet1_1-features");
    writeFileSync(path("net.safetensors"), writeSafetensors(state));
    const add = await samsr(["metrics", "add", path("net.safetensors")], { env: home });
    expect(add).toMatchObject({ code: 0, stderr: "" });
    expect(add.stdout.toString()).toMatch(
      /^squeezenet1_1: 2\.9 MB, in .*home.metrics.squeezenet1_1\.safetensors\n$/,
    );
    const twice = await samsr(["metrics", "add", path("net.safetensors")], { env: home });
    expect(twice.stderr).toMatch(/squeezenet1_1 are installed already .*--overwrite replaces them\n$/);

    const heads = await ruleWeights("lpips-squeeze-lins");
    mkdirSync(path("served"));
    writeFileSync(path("served", "squeeze.pth"), writeSafetensors(heads));
    const server = await startServer(serveFile(readFileSync(path("served", "squeeze.pth"))));
    const pull = await samsr(["metrics", "pull", "lpips-squeeze", "--from", `${server.url}/`], { env: home });
    expect(server.requests.map((request) => request.path)).toEqual(["/squeeze.pth"]);
    await server.close();
    expect(pull.stderr).toBe("");
    expect(pull.stdout.toString()).toMatch(
      /^squeezenet1_1 is installed already.*\nlpips-squeeze: .*licence: BSD-2-Clause\n$/,
    );
    expect(readdirSync(path("home", "metrics", ".downloads"))).toEqual([]);

    const list = await samsr(["metrics"], { env: home });
    expect(list.stdout.toString()).toMatch(/\nlpips-squeeze\n.*\n {2}ready: squeezenet1_1, lpips-squeeze\n/);
    expect(list.stdout.toString()).toMatch(
      /\nlpips\n.*\n {2}lacks alexnet, lpips-alex: samsr metrics pull lpips\n/,
    );
  });

  it("measures by installed weights, pictures of several sizes at once", async () => {
    const fixture = metricFixture("lpips-squeeze");
    for (const pair of ["a", "b", "small"]) {
      for (const kind of ["distorted", "reference"]) {
        const { shape, data } = fixture.tensors.get(`${pair}.${kind}`)!;
        const raw = { height: shape[0], width: shape[1], channels: 3 } as const;
        mkdirSync(path(kind), { recursive: true });
        await sharp(data as Uint8Array, { raw })
          .png()
          .toFile(path(kind, `${pair}.png`));
      }
    }
    const words = ["evaluate", "--pred", path("distorted"), "--ref", path("reference"), "--metrics", "all"];
    const { code, stdout, stderr } = await samsr([...words, "--json", "--threads", "1"], { env: home });
    // Two of them are too small for NIQE.
    expect(stderr).toMatch(/small\.png: NIQE: 46x35 is too small/);
    expect(code).toBe(1);
    const { metrics } = JSON.parse(stdout.toString());
    expect(metrics).toEqual(["psnr", "ssim", "lpips-squeeze", "niqe"]);
    const named = await samsr([...words.slice(0, -1), "lpips-squeeze", "--json"], { env: home });
    const [{ pictures }] = JSON.parse(named.stdout.toString()).folders;
    for (const { picture, values } of pictures) {
      const pair = picture.replace(".png", "");
      expect(fixture.scoreOff(pair, values["lpips-squeeze"])).toBeLessThanOrEqual(fixture.mark(pair));
    }
    expect(pictures).toHaveLength(3);
    const lacking = await samsr([...words.slice(0, -1), "lpips"], { env: home });
    expect(lacking.stderr).toMatch(
      /the weights alexnet are not installed; run "samsr metrics pull alexnet"\n$/,
    );
  });

  it("refuses what is no weights and what is no name, in a line", async () => {
    writeFileSync(path("empty.pth"), "");
    const words: [string[], RegExp][] = [
      [["add", path("empty.pth")], /empty\.pth: .*it is empty/],
      [
        ["add", container("clip-torchscript.pt")],
        /holds no weights of a metric.*the nearest is clip-rn50, but/,
      ],
      [["add", path("x"), "--as", "magic"], /--as magic: there are no such weights/],
      [["pull", "magic"], /there is no metric "magic", nor weights of that name/],
      [["pull", "lpips", "--from", "http://localhost/one.pth"], /--from names one file/],
    ];
    for (const [more, message] of words) {
      const { code, stderr } = await samsr(["metrics", ...more], { env: home });
      expect(code, more.join(" ")).toBeGreaterThan(0);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
    expect(existsSync(path("home", "metrics", "clip-rn50.safetensors"))).toBe(false);
  });
});
