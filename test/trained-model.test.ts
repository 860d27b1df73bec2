/** A trained model keeps what it was taught, whichever way it goes into the store or into a folder. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { toldMetadata, writeSafetensors } from "../src/checkpoints/index.js";
import { addModel, findModel, findWeights } from "../src/checkpoints/store/index.js";
import { NETWORKS, PIXEL_DENOISER, SWIN_UNET, VQ_AUTOENCODER } from "../src/networks/index.js";
import { bundleModel } from "../src/train/bundle.js";
import { checkedConfig, toldOf } from "../src/train/config/index.js";
import { configFor, toldBeside } from "../src/train/config/run-config.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { resolveSettings } from "../src/upscale/settings.js";
import {
  smallCheckpoint,
  smallLatentDescription,
  smallLatentWeights,
} from "./fixtures/small-latent-model.js";
import { smallDescription, smallWeights } from "./fixtures/small-model.js";

const root = mkdtempSync(join(tmpdir(), "samsr-trained-"));
const path = (...parts: string[]) => join(root, ...parts);
const before = process.env.SAMSR_HOME;
beforeAll(() => {
  process.env.SAMSR_HOME = root;
});
afterAll(() => {
  if (before === undefined) delete process.env.SAMSR_HOME;
  else process.env.SAMSR_HOME = before;
  rmSync(root, { recursive: true });
});

/** A student's configuration in which nothing is as the released files have it. */
const { config: network, autoencoder } = smallLatentDescription;
const student = checkedConfig(
  {
    ...{ train: "student", network: { ...network, swin: { ...network.swin, masking: "neighbours" } } },
    schedule: { steps: 12, power: 0.5, kappa: 1.5, minNoiseLevel: 0.1, etasEnd: 0.95 },
    student: { variant: "paper", m: 0.125, coefficients: "kappa", noise: "gaussian" },
  },
  "the test",
);
const taught = {
  config: "network" in student && student.network,
  schedule: { steps: 12, power: 0.5, kappa: 1.5, minNoiseLevel: 0.1, etasEnd: 0.95 },
  ...{ m: 0.125, method: "samsr", variant: "paper", coefficients: "kappa", noise: "gaussian" },
};

function writeStudent(metadata?: Record<string, string>): string {
  mkdirSync(path("run"), { recursive: true });
  writeFileSync(
    path("run", "student.safetensors"),
    writeSafetensors(smallLatentWeights("denoiser"), { metadata }),
  );
  writeFileSync(path("vq.pth"), smallCheckpoint("autoencoder", "pth"));
  return path("run", "student.safetensors");
}

describe("a student of latents", () => {
  it("goes into the store with all that it was taught, by its metadata", async () => {
    const file = writeStudent(toldMetadata(toldOf(student)));
    const { description } = await addModel([file, path("vq.pth")], { name: "own" });
    expect(description).toMatchObject(taught);
    const again = await findModel("own");
    expect(again.description).toMatchObject(taught);
    const kind = kindOf(again.description as typeof smallLatentDescription);
    const { diffusion } = resolveSettings({}, { width: 16, height: 16 }, kind);
    expect(diffusion).toMatchObject({
      ...{ method: "samsr", variant: "paper", etaScale: 0.125, kappa: 1.5 },
      ...{ coefficients: "kappa", noise: "gaussian" },
    });
    const over = resolveSettings({ coefficients: "both" }, { width: 16, height: 16 }, kind);
    expect(over.diffusion!.coefficients).toBe("both");
    // What a person says stands over what the file tells.
    const said = await addModel([file, path("vq.pth")], {
      name: "said",
      method: "sinsr",
      variant: "release",
    });
    expect(said.description).toMatchObject({ ...taught, method: "sinsr", variant: "release" });
  });

  it("does so by the run's config.yaml, where the file tells nothing", async () => {
    const file = writeStudent();
    writeFileSync(path("run", "config.yaml"), stringify(student));
    const told = await addModel([file, path("vq.pth")], { name: "beside", beside: toldBeside });
    expect(told.description).toMatchObject(taught);
    writeFileSync(path("run", "config.yaml"), "something: else");
    const bare = await addModel([file, path("vq.pth")], { name: "bare", beside: toldBeside });
    expect(bare.description).toMatchObject({ m: 0.2, variant: "release", schedule: { kappa: 2 } });
    expect("coefficients" in bare.description).toBe(false);
    rmSync(path("run", "config.yaml"));
  });

  it("is bundled with an autoencoder, and without a teacher", async () => {
    const file = writeStudent(toldMetadata(toldOf(student)));
    await bundleModel("mine", { student: file, autoencoder: path("vq.pth") }, path("mine"));
    expect((await findModel(path("mine"))).description).toMatchObject({
      ...taught,
      autoencoder,
      name: "mine",
    });
    await expect(bundleModel("mine", { student: file }, path("x"))).rejects.toThrow(
      /is of latents; its model needs the autoencoder too \(--autoencoder\)$/,
    );
    const both = { student: file, autoencoder: path("vq.pth"), teacher: file };
    await expect(bundleModel("mine", both, path("x"))).rejects.toThrow(/leave --teacher out$/);
  });

  it("is refused with metadata that are not its own, or make no sense", async () => {
    const told = toldMetadata(toldOf(student));
    const add = (metadata: Record<string, string>) =>
      addModel([writeStudent(metadata), path("vq.pth")], { name: "never" });
    const wider = JSON.stringify({ ...JSON.parse(told.config), modelChannels: 64 });
    await expect(add({ ...told, config: wider })).rejects.toThrow(
      /configuration in its metadata is not that of/,
    );
    await expect(add({ ...told, training: "{" })).rejects.toThrow(/"training" is not JSON/);
    await expect(add({ ...told, training: '{"m":2}' })).rejects.toThrow(/"training\.m" must be a number/);
    // Another program's metadata tell nothing of ours.
    expect(await add({ format: "pt", config: "{" })).toMatchObject({ description: { variant: "release" } });
  });
});

describe("a student of pixels", () => {
  it("is bundled with all that it was taught", async () => {
    const config = checkedConfig(
      {
        ...{ train: "student", space: "pixels", network: smallDescription.config },
        student: { m: 0.1, coefficients: "eta", masks: "none" },
      },
      "the test",
    );
    const metadata = toldMetadata(toldOf(config));
    writeFileSync(path("s.safetensors"), writeSafetensors(smallWeights(1), { metadata }));
    writeFileSync(path("t.safetensors"), writeSafetensors(smallWeights(2)));
    const parts = { student: path("s.safetensors"), teacher: path("t.safetensors") };
    await bundleModel("pixels", parts, path("pixels"));
    const { description } = await findModel(path("pixels"));
    expect(description).toMatchObject({
      ...{ network: "pixel-denoiser", config: smallDescription.config, m: 0.1, method: "sinsr" },
      ...{ variant: "paper", coefficients: "eta", noise: "sam", schedule: { kappa: 2, steps: 15 } },
    });
    const kind = kindOf(description as typeof smallDescription);
    expect(resolveSettings({}, { width: 8, height: 8 }, kind).diffusion).toMatchObject({
      ...{ method: "sinsr", coefficients: "eta", masks: "none" },
    });
    await expect(bundleModel("x", { student: parts.student }, path("x"))).rejects.toThrow(
      /needs the teacher too/,
    );
  });
});

describe("weights by a name", () => {
  it("are those of a file of any format, of an installed model, or of a folder", async () => {
    writeFileSync(path("any.pth"), smallCheckpoint("denoiser", "pth"));
    const wanted = { networks: [SWIN_UNET] };
    const file = await findWeights(path("any.pth"), wanted);
    expect(file).toMatchObject({ network: SWIN_UNET, name: path("any.pth") });
    expect([...(await file.load()).keys()].sort()).toEqual([...smallLatentWeights("denoiser").keys()].sort());
    const model = await findWeights("own", wanted);
    expect(model).toMatchObject({ name: "the denoiser of own", training: { m: 0.125, variant: "paper" } });
    expect((await model.load()).size).toBe(smallLatentWeights("denoiser").size);
    const folder = await findWeights(path("mine"), { networks: [VQ_AUTOENCODER] });
    expect(folder.config).toEqual(autoencoder);
    const best = { networks: [PIXEL_DENOISER], parts: ["teacher"] };
    expect((await findWeights("samsr-tiny", best)).path).toMatch(/teacher\.safetensors$/);
    expect((await findWeights("samsr-tiny", { networks: NETWORKS })).path).toMatch(/student\.safetensors$/);
  });

  it.each([
    ["any.pth", /any\.pth: holds a swin-unet; expected the VQ autoencoder$/],
    [
      "absent.pth",
      /absent\.pth: there is no such file; expected weights, \.pth or \.safetensors, or an installed/,
    ],
    ["samsr-tiny", /^the model samsr-tiny is a pixel-denoiser; expected the VQ autoencoder$/],
    ["nobody", /^no model "nobody": expected the name of an installed one/],
  ])("that there are none of is said in a line: %s", async (name, message) => {
    const given = name.endsWith(".pth") ? path(name) : name;
    await expect(findWeights(given, { networks: [VQ_AUTOENCODER] })).rejects.toThrow(message);
  });

  it("give a student's configuration what it leaves out", async () => {
    const config = async (args: object) =>
      configFor("student", { out: mkdtempSync(join(root, "out-")), ...args }, () => {});
    const own = await config({ teacher: "own", kappa: 1 });
    expect(own).toMatchObject({
      space: "latents",
      teacher: "own",
      autoencoder: "own",
      network: taught.config,
    });
    expect(own.schedule).toEqual({ ...taught.schedule, kappa: 1 });
    const file = path("sizes.yaml");
    writeFileSync(file, "train: student\ndata: { crop: 64 }\n");
    const pth = await config({ teacher: path("any.pth"), config: file });
    expect(pth).toMatchObject({ space: "latents", data: { crop: 64 }, schedule: { kappa: 2, steps: 15 } });
    const tiny = await config({ teacher: "samsr-tiny" });
    expect(tiny.space).toBe("pixels");
  });
});
