import { existsSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { drawing, samsr, start, temporaryFolder } from "./fixtures/cli.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

describe("samsr train", () => {
  it("saves its state on Ctrl-C, goes on with it, and what it leaves can be bundled and run", async () => {
    await drawing({ width: 160, height: 140 }).png().toFile(path("photos", "one.png"));
    const out = path("run");
    const words = ["train", "teacher", "--data", path("photos"), "-o", out, "--threads", "2"];
    const { child, finished } = start([...words, "--steps", "100000"]);
    // The first thing it says: the photos are read, the graph is not built yet.
    await new Promise<void>((resolve) => child.stderr!.once("data", () => resolve()));
    child.kill("SIGINT");
    const interrupted = await finished;
    expect(interrupted.stderr).toMatch(/^1 photos\nsamsr: interrupted\ninterrupted; go on with --resume\n$/);
    expect(interrupted.code).toBe(130);
    expect(existsSync(path("run", "state.safetensors"))).toBe(true);

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

  it("teaches a coverage network, keeps what masks cost, and leaves a model", async () => {
    await drawing({ width: 160, height: 140 }).png().toFile(path("photos", "one.png"));
    const words = ["train", "coverage", "--data", path("photos"), "-o", path("coverage"), "--name", "counts"];
    const run = await samsr([...words, "--steps", "1"]);
    expect(run.stderr).toMatch(/\nmasks: 6 of 6 pictures\n(.*\n)*.*counts: write its CARD\.md/);
    expect(run.code).toBe(0);
    const shown = await samsr(["models", "show", path("coverage", "counts")]);
    expect(shown.stdout.toString()).toMatch(/coverage-network/);
    expect(shown.code).toBe(0);
  }, 120_000);

  it.each([
    [["teacher", "-o", "x1"], /needs --data <folders\.\.\.>, or data\.photos in its configuration/, 2],
    [["student", "--data", "a", "-o", "x2"], /needs --teacher <file>, or teacher in its configuration/, 2],
    [["teacher", "--data", "a", "-o", "x", "--config", "none.yaml"], /none\.yaml: there is no such file/, 1],
    [["teacher", "--data", "a", "-o", "x", "--kappa", "-1"], /"schedule\.kappa" must be a number from/, 1],
    [["student", "--data", "a", "-o", "x", "--teacher", "none"], /none: there is no such file/, 1],
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
    [["bundle", "--name", "x", "-o", "x"], /required option '--teacher <file>' not specified/, 2],
  ])("refuses %j in one line", async (words, message, exitCode) => {
    const { code, stderr } = await samsr(["train", ...words], { cwd: path(".") });
    expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(exitCode);
  });
});
