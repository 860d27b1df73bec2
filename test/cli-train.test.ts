import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { newOwner } from "../src/base/owner.js";
import { readSafetensors, writeSafetensors } from "../src/checkpoints/index.js";
import { drawing, samsr, start, temporaryFolder } from "./fixtures/cli.js";
import { smallDescription, smallWeights, tinyNetwork } from "./fixtures/small-model.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

describe("samsr train", () => {
  it("saves its state on Ctrl-C, goes on with it, and what it leaves can be bundled and run", async () => {
    await drawing({ width: 160, height: 140 }).png().toFile(path("photos", "one.png"));
    const out = path("run");
    const { schedule } = smallDescription;
    const recipe = { train: "teacher", space: "pixels", network: tinyNetwork, schedule };
    writeFileSync(path("teacher.yaml"), stringify({ ...recipe, data: { crop: 64, batch: 1 } }));
    const words = ["train", "teacher", "--config", path("teacher.yaml"), "--data", path("photos"), "-o", out];
    const { child, finished } = start([...words, "--steps", "100000"]);
    // The first thing it says: the photos are read, the graph is not built yet.
    await new Promise<void>((resolve) => child.stderr!.once("data", () => resolve()));
    child.kill("SIGINT");
    const interrupted = await finished;
    expect(interrupted.stderr).toMatch(/^1 photos\nsamsr: interrupted\ninterrupted; go on with --resume\n$/);
    expect(interrupted.code).toBe(130);
    expect(existsSync(path("run", "state.safetensors"))).toBe(true);

    // Somebody who is alive trains there, as this test does: neither a start nor going on is let in.
    const mine = { ...newOwner(), host: "here" };
    writeFileSync(path("run", ".lock"), JSON.stringify(mine));
    const before = readFileSync(path("run", "config.yaml"), "utf8");
    for (const more of [["--resume"], ["--seed", "9"]]) {
      const locked = await samsr([...words, "--steps", "1", ...more]);
      const line = `samsr: the run in ${out} is being trained by another samsr (process ${process.pid}); wait for it\n`;
      expect([locked.stderr, locked.code]).toEqual([line, 1]);
    }
    expect(readFileSync(path("run", "config.yaml"), "utf8")).toBe(before);
    rmSync(path("run", ".lock"));

    const again = await samsr([...words, "--steps", "1"]);
    expect(again.stderr).toMatch(/^samsr: .*holds a training run already: go on with --resume/);
    expect(again.code).toBe(1);

    const resumed = await samsr([...words, "--steps", "1", "--resume"]);
    expect(resumed.stderr).toMatch(/resumed at step \d/);
    expect(resumed.code).toBe(0);
    const teacher = path("run", "teacher.safetensors");
    expect(existsSync(teacher)).toBe(true);

    // A student has the teacher's parameters, so this one may stand in for it.
    const both = ["--teacher", teacher, "--student", teacher, "--name", "mine", "-o", path("mine")];
    const bundled = await samsr(["train", "bundle", ...both]);
    expect(bundled.code).toBe(0);
    const picture = ["upscale", path("photos", "one.png"), "-o", path("large.png")];
    const upscaled = await samsr([...picture, "--model", path("mine"), "--scale", "1"]);
    expect([upscaled.stderr, upscaled.code]).toEqual(["", 0]);
  }, 300_000);

  it("measures the weights that a student's run keeps, by the metrics that are named", async () => {
    for (const name of ["seen.png", "unseen.png"]) {
      await drawing({ width: 96, height: 64 })
        .png()
        .toFile(path(name.slice(0, -4), name));
    }
    writeFileSync(path("small.safetensors"), writeSafetensors(smallWeights(2, 0.02, tinyNetwork)));
    const config = {
      ...{ train: "student", space: "pixels", network: tinyNetwork },
      schedule: { ...smallDescription.schedule, steps: 2 },
      data: { degradation: "mild", crop: 64, batch: 1 },
      optimiser: { steps: 2, learningRate: 1e-4 },
      student: { masks: "none", terms: { distill: 1, inverse: 0, gt: 0 } },
    };
    writeFileSync(path("student.yaml"), stringify(config));
    const words = [
      "train",
      "student",
      "--config",
      path("student.yaml"),
      "--teacher",
      path("small.safetensors"),
    ];
    const out = ["--data", path("seen"), "-o", path("measured"), "--threads", "1"];
    const validate = ["--validate", path("unseen"), "--metrics", "ssim,psnr"];
    const lacking = await samsr([...words, ...out, ...validate]);
    expect(lacking.stderr).toMatch(/--validate goes with --keep-every/);
    const { stderr, code } = await samsr([...words, ...out, ...validate, "--keep-every", "1"]);
    expect([code, stderr.match(/^step \d on 1 photos, and over bicubic: SSIM.* PSNR.*$/gm)?.length]).toEqual([
      0, 2,
    ]);
    const lines = readFileSync(path("measured", "validation.jsonl"), "utf8").trim().split("\n");
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect([first.step, second.step]).toEqual([1, 2]);
    expect(Object.keys(first.mean)).toEqual(["ssim", "psnr"]);
    expect(first.mean.psnr).toBeGreaterThan(5);
    expect(first.mean.psnr).not.toBe(second.mean.psnr);
  });

  it("blends two students' weights, and keeps what is there", async () => {
    const write = (name: string, values: number[]) => {
      const data = Float32Array.from(values);
      const bytes = writeSafetensors(new Map([["w", { shape: [2], data }]]), { precision: "float16" });
      writeFileSync(path(name), bytes);
    };
    write("first.safetensors", [1, 0]);
    write("second.safetensors", [2, -4]);
    const words = ["train", "blend", path("first.safetensors"), path("second.safetensors")];
    const out = ["-o", path("blend.safetensors")];
    const done = await samsr([...words, ...out, "--share", "0.75"]);
    expect([done.stderr, done.code]).toEqual([`${path("blend.safetensors")}\n`, 0]);
    const blended = () => readSafetensors(readFileSync(path("blend.safetensors")), "blend").tensors.get("w")!;
    expect([...blended().data]).toEqual([1.75, -3]);

    const again = await samsr([...words, ...out, "--share", "0"]);
    expect(again.stderr).toMatch(/^samsr: .*blend\.safetensors.* exists/);
    expect(again.code).toBe(1);
    expect([...blended().data]).toEqual([1.75, -3]);
    const replaced = await samsr([...words, ...out, "--share", "0", "--overwrite"]);
    expect(replaced.code).toBe(0);
    expect([...blended().data]).toEqual([1, 0]);
  });

  it("teaches a coverage network, keeps what masks cost, and leaves a model", async () => {
    await drawing({ width: 160, height: 140 }).png().toFile(path("photos", "one.png"));
    const words = ["train", "coverage", "--data", path("photos"), "-o", path("coverage"), "--name", "counts"];
    const run = await samsr([...words, "--steps", "1"]);
    expect(run.stderr).toMatch(/\nmasks: 12 of 12 pictures\n(.*\n)*.*counts: write its CARD\.md/);
    expect(run.code).toBe(0);
    const shown = await samsr(["models", "show", path("coverage", "counts")]);
    expect(shown.stdout.toString()).toMatch(/coverage-network/);
    expect(shown.code).toBe(0);
  }, 120_000);

  it("trains an autoencoder, and on its latents teacher and student as a configuration says", async () => {
    await drawing({ width: 160, height: 140 }).png().toFile(path("photos", "one.png"));
    const rest = "data: { crop: 64, batch: 1 }\noptimiser: { steps: 1, learningRate: 1e-3 }\n";
    const vq = "{ channels: 32, channelMult: [1, 1, 1], resBlocks: 1, latentChannels: 3, codes: 8 }";
    const swin = "{ embed: 32, depth: 2, headChannels: 16, window: 8, mlpRatio: 1, masking: neighbours }";
    const sizes = "outChannels: 3, modelChannels: 32, channelMult: [1], resBlocks: [1], imageSize: 16";
    const denoiser = `{ ${sizes}, attentionResolutions: [], swin: ${swin} }`;
    const train = (kind: string, network: string, ...words: string[]) => {
      const config = path(`${kind}.yaml`);
      const schedule = kind === "autoencoder" ? "" : "schedule: { steps: 3 }\n";
      writeFileSync(config, `train: ${kind}\nnetwork: ${network}\n${schedule}${rest}`);
      const all = ["train", kind, "--config", config, "--data", path("photos"), "-o", path(kind), ...words];
      return samsr(all);
    };
    expect(await train("autoencoder", vq)).toMatchObject({ code: 0 });
    const latents = ["--autoencoder", path("autoencoder", "autoencoder.safetensors")];
    expect(await train("teacher", denoiser, ...latents)).toMatchObject({ code: 0 });
    const teacher = ["--teacher", path("teacher", "teacher.safetensors")];
    const student = await train("student", denoiser, ...latents, ...teacher, "--coefficients", "eta");
    expect(student.stderr).toMatch(/distill .* inverse .* gt .* sc /);
    expect(readFileSync(path("student", "config.yaml"), "utf8")).toMatch(/coefficients: eta\n/);
    expect(readFileSync(path("student", "report.html"), "utf8")).toMatch(/coefficients/);
    const other = await samsr(["train", "student", "-o", path("student"), "--resume", "--m", "0.1"]);
    expect(other.stderr).toMatch(
      /^samsr: .*config\.yaml: the run has "student\.m" 0\.2, and is to go on with 0\.1/,
    );
    expect(other.code).toBe(1);
    const wrong = await train("teacher", denoiser, "--autoencoder", teacher[1], "-o", path("another"));
    expect(wrong.stderr).toMatch(/holds a swin-unet; expected the VQ autoencoder/);
  }, 120_000);

  it.each([
    [["teacher", "-o", "x1"], /needs --data <folders\.\.\.>, or data\.photos in its configuration/, 2],
    [["student", "--data", "a", "-o", "x2"], /needs --teacher <weights>, or teacher in its configuration/, 2],
    [["teacher", "--data", "a", "-o", "x", "--config", "none.yaml"], /none\.yaml: there is no such file/, 1],
    [["teacher", "--data", "a", "-o", "x", "--kappa", "-1"], /"schedule\.kappa" must be a number from/, 1],
    [["student", "--data", "a", "-o", "x", "--teacher", "none.pth"], /none\.pth: there is no such file/, 1],
    [
      ["student", "--data", "a", "-o", "x", "--teacher", "t", "--lambda", "-1"],
      /Expected a number from 0 on/,
      2,
    ],
    [
      ["coverage", "--data", "a", "-o", "x", "--masks", "none"],
      /none: no such folder; expected regions, sam, or/,
      1,
    ],
    [["blend", "a", "b", "-o", "x", "--share", "1.5"], /Expected a number from 0 to 1\./, 2],
    [["blend", "a.safetensors", "b.safetensors", "-o", "x", "--share", "1"], /there is no such file/, 1],
    [["bundle", "--name", "x", "-o", "x"], /required option '--student <file>' not specified/, 2],
  ])("refuses %j in one line", async (words, message, exitCode) => {
    const { code, stderr } = await samsr(["train", ...words], { cwd: path(".") });
    expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(exitCode);
  });
});
