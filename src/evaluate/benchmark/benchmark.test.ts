import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photoLike } from "../../../test/fixtures/pictures.js";
import { writeLatentModel } from "../../../test/fixtures/small-latent-model.js";
import { writeSmallModel } from "../../../test/fixtures/small-model.js";
import { PUBLISHED } from "../../checkpoints/store/index.js";
import { nearest } from "../../image/drawing/strip.js";
import { encodeToFile, type Raster } from "../../image/index.js";
import { createMeasurer } from "../measurer.js";
import type { MetricName } from "../metrics/index.js";
import { BICUBIC, type Contestant, contestantsOf, modelsNamed } from "./contestants.js";
import { folderSet } from "./data-sets.js";
import { PAPER_METHODS } from "./paper.js";
import { runBenchmark } from "./run.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-benchmark-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = (...parts: string[]) => join(folder, ...parts);

beforeAll(async () => {
  for (const [i, name] of ["a", "below/b", "c"].entries()) {
    for (const [set, side] of [
      ["RealSR", 12],
      ["imagenet-test/lr", 12],
      ["imagenet-test/hr", 48],
    ] as const) {
      mkdirSync(path(set, "below"), { recursive: true });
      await encodeToFile(photoLike(side + 4 * i * (side / 12), side, i), path(set, `${name}.png`), {
        format: "png",
      });
    }
  }
});

/** Pixels as squares; it notes what it is asked, and can be told to fail or to stop a run. */
function squares(name: string, more: Partial<Contestant> = {}) {
  const asked: number[] = [];
  let before = (_: Raster) => {};
  const contestant: Contestant = {
    ...{ name, label: name, fingerprint: `${name} 1`, parameters: 2e6, flops: 3e9, ...more },
    use: (work) =>
      work(async (lq) => {
        before(lq);
        asked.push(lq.width);
        return nearest(lq, 4);
      }),
  };
  return { contestant, asked, onAsked: (f: typeof before) => (before = f) };
}

async function run(
  out: string,
  contestants: readonly Contestant[],
  { metrics = ["psnr"], signal }: { metrics?: MetricName[]; signal?: AbortSignal } = {},
) {
  const sets = [await folderSet(path("RealSR")), await folderSet(path("imagenet-test"))];
  const measurer = await createMeasurer({ metrics });
  const failures: string[] = [];
  const tables = await runBenchmark({
    ...{ contestants, sets, measurer, folder: path(out), gallery: 2, machine: "a test" },
    signal: signal ?? new AbortController().signal,
    onFailure: ({ label }, error) => failures.push(`${label}: ${error.message}`),
  }).finally(() => measurer.close());
  return { tables, failures };
}

const row = (tables: string, table: 1 | 2, label: string) =>
  tables
    .split("## Table ")
    [table].split("\n")
    .find((line) => line.startsWith(`| ${label} |`))!
    .split("|")
    .slice(2, -1)
    .map((cell) => cell.trim());

it("is stopped in the middle, and taken up there", async () => {
  const first = squares("squares");
  const stop = new AbortController();
  first.onAsked(() => first.asked.length === 3 && stop.abort());
  await expect(run("stopped", [first.contestant], { signal: stop.signal })).rejects.toThrow(/abort/i);
  // In the middle of the fourth, of which nothing is kept.
  expect(first.asked).toEqual([12, 16, 20, 12]);
  expect(readFileSync(path("stopped", "tables.md"), "utf8")).toMatch(
    /- squares: 3 pictures of imagenet-test are left; the same command goes on/,
  );
  const kept = path("stopped", "results", "squares", "RealSR", "a.json");
  const before = statSync(kept).mtimeMs;

  // Half a result is none.
  writeFileSync(path("stopped", "results", "squares", "RealSR", "c.json"), '{"contestant":"squares 1",');
  const second = squares("squares");
  const { tables, failures } = await run("stopped", [second.contestant]);
  expect(failures).toEqual([]);
  expect(second.asked).toEqual([20, 12, 16, 20]);
  expect(statSync(kept).mtimeMs).toBe(before);
  expect(row(tables, 2, "squares")[0]).toMatch(/^\d\d\.\d\d$/);
  expect(tables).not.toMatch(/goes on/);
  expect(readdirSync(path("stopped")).toSorted()).toEqual(["index.html", "pictures", "results", "tables.md"]);
  expect(readFileSync(path("stopped", "index.html"), "utf8")).toContain("pictures/squares/RealSR/a.png");
});

it("measures what is asked later on the pictures that are there, and others anew", async () => {
  const one = squares("squares");
  await run("later", [one.contestant]);
  const { tables } = await run("later", [one.contestant], { metrics: ["psnr", "ssim"] });
  expect(one.asked).toHaveLength(6);
  const json = JSON.parse(
    readFileSync(path("later", "results", "squares", "imagenet-test", "a.json"), "utf8"),
  );
  expect(Object.keys(json.values)).toEqual(["psnr", "ssim"]);
  expect(row(tables, 2, "squares")[3]).toMatch(/^0\.\d{4}$/);
  const other = squares("squares", { fingerprint: "squares 2" });
  await run("later", [other.contestant]);
  expect(other.asked).toHaveLength(6);
});

it("puts the paper's figures beside the model that is its method, and names what is missing", async () => {
  const known = squares("known", { model: "realesrgan-x4plus" });
  const { tables } = await run("paper", [known.contestant, BICUBIC]);
  const cells = row(tables, 2, "RealESRGAN");
  expect(cells.slice(1, 3)).toEqual(["24.04", (Number(cells[0]) - 24.04).toFixed(2).replace(/^(?!-)/, "+")]);
  expect(cells.slice(-2)).toEqual(["2.00", "3.0"]);
  expect(row(tables, 2, "SinSR-1").slice(0, 6)).toEqual(["", "24.56", "", "", "0.657", ""]);
  expect(row(tables, 1, "SAMSR").slice(0, 6)).toEqual(["", "0.7179", "", "", "63.696", ""]);
  expect(row(tables, 2, "bicubic").at(-2)).toBe("0.00");
  for (const line of [
    "- RealSet65: --data RealSet65, the published folder",
    "- LPIPS: samsr metrics pull lpips",
    "- SAMSR: samsr models pull samsr-v1",
    "- SAMSR: samsr models pull samsr-v2",
    "- BSRGAN: samsr models add BSRGAN.pth --name bsrgan",
  ]) {
    expect(tables).toContain(line);
  }
  expect(tables).toContain("PSNR(Y): 4 pixels left out along every edge.");
});

it("knows a method by its published file too, and has no model of another name for it", async () => {
  const { tables } = await run("files", [squares("own", { model: "BSRGAN.pth" }).contestant]);
  expect(row(tables, 2, "BSRGAN")[0]).toMatch(/^\d\d\.\d\d$/);
  const published = Object.entries(PUBLISHED).map(([name, { file }]) => [file, name]);
  for (const { file, model } of PAPER_METHODS) {
    expect([model, undefined]).toContain(Object.fromEntries(published)[file]);
  }
});

it("runs a model of latents by the preset, and another one as it is", async () => {
  const models = [writeLatentModel(), writeSmallModel()];
  const lines: string[] = [];
  const all = async (preset?: "published") => {
    const found = await modelsNamed(models);
    const each = found.map((model) =>
      contestantsOf(model, { seed: 1, runsOn: {}, preset, tell: (line) => void lines.push(line) }),
    );
    return (await Promise.all(each)).flat();
  };
  const [plain, preset] = [await all(), await all("published")];
  for (const model of models) rmSync(model, { recursive: true });
  expect(preset.map(({ label }) => label)).toEqual(plain.map(({ label }) => label));
  const differ = plain.filter((one, i) => one.fingerprint !== preset[i].fingerprint);
  expect(differ.map(({ label }) => label)).toEqual(["small-latent"]);
  expect(lines).toEqual([expect.stringMatching(/^preset published: tiles of/)]);
  await expect(modelsNamed(["samsr-tiny", "samsr-tiny"])).rejects.toThrow(/two models are called samsr-tiny/);
});

it("goes on after a picture that a method fails on", async () => {
  const odd = squares("odd");
  odd.onAsked(({ width }) => {
    if (width === 16) throw new Error("sixteen");
  });
  const { tables, failures } = await run("failing", [odd.contestant, BICUBIC]);
  expect(failures).toEqual(["odd: RealSR/below/b: sixteen", "odd: imagenet-test/below/b: sixteen"]);
  expect(row(tables, 2, "odd")[0]).toMatch(/^\d\d\.\d\d \(2 of 3\)$/);
});
