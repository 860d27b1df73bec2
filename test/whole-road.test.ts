/**
 * From weights in the published formats to pictures and figures: each command of the road once, by small
 * files. What the student is taught it still has at the end.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import { hasShared, sharedPath } from "./shared.js";

const { path, remove } = temporaryFolder();
const before = { SAMSR_HOME: process.env.SAMSR_HOME, SAMSR_CACHE: process.env.SAMSR_CACHE };
afterAll(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  remove();
});

const published = (name: string) => sharedPath("reference", name, "checkpoint.pth");

async function run(...words: string[]) {
  const env = { SAMSR_HOME: path("home"), SAMSR_CACHE: path("cache") };
  const { code, stdout, stderr } = await samsr(words, { env });
  expect(code, `${words.join(" ")}\n${stderr}`).toBe(0);
  return { text: stdout.toString(), stderr };
}

describe.skipIf(!hasShared)(
  "the whole road, from published files (skipped when ../shared is missing)",
  () => {
    it("is walked with every setting kept", async () => {
      mkdirSync(path("photos"));
      await drawing({ width: 96, height: 80 }).png().toFile(path("photos", "one.png"));
      await drawing({ width: 80, height: 96 }).png().toFile(path("photos", "two.png"));
      await drawing({ width: 24, height: 20 }).png().toFile(path("small.png"));

      // The authors' files are models, and one of them a teacher.
      await run("models", "add", published("swin-unet-small"), published("vq-f4-small"), "--name", "theirs");
      await run("models", "add", published("sam-small"), "--name", "sam");
      writeFileSync(
        path("student.yaml"),
        stringify({
          train: "student",
          data: { degradation: "bicubic", crop: 64, batch: 1 },
          optimiser: { learningRate: 1e-4 },
          student: {
            rollOut: 2,
            samOptions: { pointsPerSide: 2, predIouThresh: -10, stabilityScoreThresh: 0 },
          },
        }),
      );
      const words = ["--config", path("student.yaml"), "--teacher", published("swin-unet-small")];
      const train = (...more: string[]) =>
        run(
          ...["train", "student", ...words, "--autoencoder", published("vq-f4-small")],
          ...["--data", path("photos"), "--variant", "release", "--masks", "sam", "--sam", "sam"],
          ...["--m", "0.125", "--coefficients", "eta", "-o", path("run"), ...more],
        );

      // The masks of crops are found ahead, as far as one likes, and a step finds those that are not.
      const found = () =>
        readdirSync(path("cache", "coverage")).map((name) => path("cache", "coverage", name));
      const { stderr: prepared } = await train("--steps", "1", "--prepare");
      expect(prepared).toMatch(/masks: 1 of 1 crops\nprepared; the same command without --prepare trains\n$/);
      // A file that is read says when, one that is written anew is another.
      const ahead = found().map((file) => [file, statSync(file).ino] as const);
      expect([ahead.length, existsSync(path("run", "log.jsonl"))]).toEqual([1, false]);
      await train("--steps", "2");
      expect(found()).toHaveLength(2);
      expect(ahead.map(([file]) => [file, statSync(file).ino])).toEqual(ahead);
      const log = readFileSync(path("run", "log.jsonl"), "utf8").trim().split("\n");
      expect(JSON.parse(log.at(-1)!)).toMatchObject({ step: 2 });

      // What came of it is one too, with what it was taught.
      const files = readdirSync(path("run")).filter((name) => name.endsWith(".safetensors"));
      const weights = path("run", files.find((name) => name.includes("student")) ?? files[0]);
      await run("models", "add", weights, published("vq-f4-small"), "--name", "own");
      const taught = { method: "samsr", variant: "release", coefficients: "eta", noise: "sam" };
      const { text } = await run("models", "show", "own", "--json");
      expect(JSON.parse(text)).toMatchObject({ ...taught, m: 0.125 });

      // It enlarges by that, and the chain is drawn.
      const out = path("large.png");
      const trace = ["--trace", path("trace"), "--masks", "regions"];
      const upscaled = await run(
        "upscale",
        path("small.png"),
        "--model",
        "own",
        "-o",
        out,
        "--json",
        ...trace,
      );
      expect(JSON.parse(upscaled.text)[0].info).toMatchObject({ ...taught, etaScale: 0.125 });
      expect(await sharp(out).metadata()).toMatchObject({ width: 96, height: 80 });
      const [folder] = readdirSync(path("trace"));
      const drawn = readdirSync(path("trace", folder));
      expect(drawn.filter((name) => name.startsWith("x_")).length).toBe(1);
      expect(drawn.filter((name) => name.startsWith("x0_")).length).toBe(1);

      // It is measured: the methods that it has, and no other's.
      const scored = await run(
        ...["score", path("photos"), "--model", "own", "--crop", "64", "--limit", "1", "--json"],
      );
      const names = JSON.parse(scored.text).methods.map(({ method }: { method: string }) => method);
      expect(names.toSorted()).toEqual(["bicubic", "samsr"]);
      const table = await run(
        ...[
          "benchmark",
          "tables",
          "--data",
          path("photos"),
          "--models",
          "own",
          "--metrics",
          "psnr",
          "--limit",
          "1",
        ],
        ...["-o", path("tables")],
      );
      expect(table.text).toMatch(/own/);
    }, 300_000);
  },
);
