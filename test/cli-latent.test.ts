/** A model of latents by the command: enlarging, and `samsr export`. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { samsr, start, temporaryFolder, worked } from "./fixtures/cli.js";
import { photoLike } from "./fixtures/pictures.js";
import { writeLatentModel } from "./fixtures/small-latent-model.js";

const { path, remove } = temporaryFolder();
let model: string;
beforeAll(async () => {
  model = writeLatentModel();
  for (const side of [40, 200]) {
    const raw = { width: side, height: side, channels: 3 } as const;
    await sharp(photoLike(side, side).data, { raw })
      .png()
      .toFile(path(`${side}.png`));
  }
});
afterAll(() => {
  remove();
  rmSync(model, { recursive: true });
});

describe("samsr upscale with a model of latents", () => {
  it("takes method and variant from the model, and what is asked for instead", async () => {
    const words = ["upscale", path("40.png"), "--model", model, "--json"];
    const own = await samsr([...words, "-o", path("own.png")]);
    const [{ info, width }] = JSON.parse(own.stdout.toString());
    expect(width).toBe(160);
    expect(info).toMatchObject({ method: "samsr", variant: "release", etaScale: 0.2, kappa: 2, steps: 1 });
    const options = [
      "--variant",
      "paper",
      "--eta-scale",
      "0.1",
      "--kappa",
      "1.5",
      "--method",
      "sinsr",
      "--steps",
      "2",
    ];
    const asked = await samsr([...words, ...options, "-o", path("asked.png")]);
    expect(JSON.parse(asked.stdout.toString())[0].info).toMatchObject({
      ...{ method: "sinsr", variant: "paper", etaScale: 0.1, kappa: 1.5, steps: 2, masks: "none" },
    });
    expect(readFileSync(path("own.png")).equals(readFileSync(path("asked.png")))).toBe(false);
  });

  it("is interrupted soon, and leaves nothing", async () => {
    const words = ["upscale", path("200.png"), "--model", model, "--tile", "32", "--overlap", "4"];
    const { child, finished } = start([...words, "--steps", "15", "-o", path("never.png")]);
    await worked(child.pid!, 3);
    child.kill("SIGINT");
    expect(await finished).toMatchObject({ code: 130, stderr: "samsr: interrupted\n" });
    expect(readdirSync(path(".")).filter((name) => name.includes("never") || name.includes("tmp"))).toEqual(
      [],
    );
  });
});

describe("samsr export", () => {
  it("writes a file that any ONNX runtime runs, once", async () => {
    const out = path("model.onnx");
    const words = ["export", model, "--size", "21x30", "-o", out];
    const { code, stdout, stderr } = await samsr([...words, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout.toString())).toMatchObject({
      bytes: readFileSync(out).length,
      model: "small-latent",
      inputs: { lq: [1, 3, 21, 30], noise: [1, 3, 21, 30], weight: [1, 1, 21, 30] },
      outputs: { hr: [1, 3, 84, 120] },
    });
    const session = await InferenceSession.create(out);
    const zeros = (c: number) => new Tensor("float32", new Float32Array(c * 630).fill(0.5), [1, c, 21, 30]);
    const { hr } = await session.run({ lq: zeros(3), noise: zeros(3), weight: zeros(1) });
    await session.release();
    expect(hr.dims).toEqual([1, 3, 84, 120]);
    const values = Array.from(hr.data as Float32Array);
    expect([Math.min(...values) >= 0, Math.max(...values) <= 1]).toEqual([true, true]);

    const said = (await samsr([...words, "--overwrite"])).stdout.toString();
    expect(said).toMatch(/lq \[1, 3, 21, 30\].* -> hr \[1, 3, 84, 120\], float32/);
    expect(said).toContain("licence of small-latent: none");
    const again = await samsr(words);
    expect(again).toMatchObject({ code: 1 });
    expect(again.stderr).toMatch(/^samsr: .*model.onnx exists already[^\n]*\n$/);
  });

  it.each([
    [["--size", "21"], /Expected height and width/, 2],
    [["--size", "0x8"], /Expected height and width/, 2],
    [[], /required option '--size/, 2],
    [["--size", "8x8", "-o", "model.bin"], /ends in \.onnx/, 2],
    [["--size", "8x8", "-o", "none/model.onnx"], /its directory does not exist/, 1],
    [["--size", "8x8", "--eta-scale", "1"], /etaScale .* less than 1/, 1],
    [["--size", "8x8", "--kappa", "-1"], /kappa must be over 0/, 1],
  ])("refuses %j", async (words, message, exitCode) => {
    const out = words.includes("-o") ? [] : ["-o", path("refused.onnx")];
    const { code, stderr } = await samsr(["export", model, ...words, ...out], { cwd: path(".") });
    expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(exitCode);
    expect(readdirSync(path("."))).not.toContain("refused.onnx");
  });

  it("refuses a model that is damaged or enlarges nothing", async () => {
    const broken = writeLatentModel();
    writeFileSync(`${broken}/autoencoder.safetensors`, "short");
    const words = ["--size", "8x8", "-o", path("refused.onnx")];
    expect((await samsr(["export", broken, ...words])).stderr).toMatch(/not a whole safetensors file/);
    rmSync(`${broken}/denoiser.safetensors`);
    expect((await samsr(["export", broken, ...words])).stderr).toMatch(
      /denoiser.safetensors is missing|not a whole/,
    );
    rmSync(broken, { recursive: true });
    expect((await samsr(["export", "nobody", ...words])).stderr).toMatch(/no model "nobody"/);
  });
});
