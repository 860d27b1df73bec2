import { describe, expect, it } from "vitest";
import { AUTHORS_YAML, having } from "../../../test/fixtures/authors-config.js";
import { SamsrError } from "../../base/errors.js";
import type { SwinUNetConfig, VqConfig } from "../../networks/index.js";
import {
  autoencoderConfigOf,
  denoiserConfigOf,
  readAuthorsConfig,
  scheduleOf,
  withAuthorsConfig,
} from "./index.js";

const read = (text: string | Uint8Array) => readAuthorsConfig(text, "x.yaml");
const { config } = read(AUTHORS_YAML);
/** A reference as these files write it. */
const ref = (place: string) => `\${${place}}`;

const DENOISER: SwinUNetConfig = {
  outChannels: 3,
  modelChannels: 32,
  channelMult: [1, 2],
  resBlocks: [1, 1],
  imageSize: 32,
  attentionResolutions: [32, 16],
  swin: { embed: 32, depth: 2, headChannels: 16, window: 8, mlpRatio: 4, masking: "published" },
};
const AUTOENCODER: VqConfig = {
  channels: 32,
  channelMult: [1, 2, 2],
  resBlocks: 1,
  latentChannels: 3,
  codes: 256,
};

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(SamsrError);
    const { message } = error as Error;
    expect(message).toMatch(/^x\.yaml: [^\n]*$/);
    expect(message.length).toBeLessThan(300);
    return message;
  }
  throw new Error("it was read");
}

describe("a configuration of the authors", () => {
  it("is read whole, without a word of warning", () => {
    const { config, warnings } = read(new TextEncoder().encode(AUTHORS_YAML));
    expect(warnings).toEqual([]);
    expect(Object.keys(config).sort()).toEqual(
      ["autoencoder", "data", "degradation", "diffusion", "model", "train", "trainer"].sort(),
    );
    expect(config.degradation).toMatchObject({
      resize_prob2: [0.2, 0.4, 0.4],
      jpeg_range: [40, 95],
      use_sharp: false,
    });
    expect(config.data?.train?.params).toMatchObject({ kernel_list: ["iso", "aniso"], betap_range: [1, 2] });
    expect(config.train).toMatchObject({ lr: 5e-5, batch: [8, 2], finetune_use_gt: 1, learn_xT: true });
    expect(config.model?.ckpt_path).toBeNull();
  });

  it("takes values from where references lead", () => {
    expect(config.model?.params.out_channels).toBe(3);
    expect(config.data?.train?.params.gt_size).toBe(128);
    expect(config.train?.val_freq).toBe(100);
    const chain = [
      `train: {lr: 1, batch: [1, 1], iterations: 1, val_padding_mode: "a-${ref("train.lr_schedule")}",`,
      `  lr_schedule: "${ref("train.compile.mode")}", compile: {flag: false, mode: cosine}}`,
    ];
    expect(read(chain.join("\n")).config.train).toMatchObject({ val_padding_mode: "a-cosine" });
  });

  it("gives the networks and the schedule", () => {
    expect(denoiserConfigOf(config, "x.yaml")).toEqual(DENOISER);
    expect(autoencoderConfigOf(config, "x.yaml")).toEqual(AUTOENCODER);
    expect(scheduleOf(config, "x.yaml")).toEqual({
      ...{ steps: 15, power: 0.3, kappa: 2, minNoiseLevel: 0.04, etasEnd: 0.99 },
    });
  });

  it("may say the same in other words", () => {
    const denoiser = (text: string) => denoiserConfigOf(read(text).config, "x.yaml");
    expect(denoiser(having("in_channels", "3"))).toEqual(DENOISER);
    expect(denoiser(AUTHORS_YAML.replace("in_channels: 6", "in_channels: 3\n    lq_size: 32"))).toEqual(
      DENOISER,
    );
    expect(denoiser(AUTHORS_YAML.replace("num_res_blocks: [1, 1]", "num_res_blocks: 1"))).toEqual(DENOISER);
    expect(denoiser(having("num_head_channels", "-1\n    num_heads: 2"))).toEqual(DENOISER);
    expect(autoencoderConfigOf(read(having("num_res_blocks", "[1, 1, 1]")).config, "x.yaml")).toEqual(
      AUTOENCODER,
    );
    const rest = read(
      "diffusion: {target: a, params: {sf: 4, steps: 4, kappa: 1, min_noise_level: 0.2, etas_end: 0.9, schedule_name: exponential, schedule_kwargs: {power: 0.5}}}",
    );
    expect(scheduleOf(rest.config, "x.yaml")).toEqual({
      steps: 4,
      power: 0.5,
      kappa: 1,
      minNoiseLevel: 0.2,
      etasEnd: 0.9,
    });
  });

  it("warns of what it does not know, by its place", () => {
    const { warnings } = read(
      having("kappa", "2.0\n    colour: blue").replace(
        "train:\n  learn_xT",
        "extra: 1\ntrain:\n  speed: 3\n  learn_xT",
      ),
    );
    expect(warnings).toEqual(
      ["extra", "diffusion.params.colour", "train.speed"].map(
        (key) => `x.yaml: "${key}" has no known meaning and is ignored`,
      ),
    );
  });

  it.each([
    ["window_size", "8.5", '"model.params.window_size" must be a whole number from 1 to 1024, not 8.5'],
    ["window_size", "eight", '"model.params.window_size" must be a whole number from 1 to 1024, not "eight"'],
    ["channel_mult", "1, 2", '"model.params.channel_mult" must be a list of numbers, not "1, 2"'],
    ["channel_mult", "[1, x]", '"model.params.channel_mult.1" must be a number from 0.01 to 1024, not "x"'],
    ["cond_lq", "yes", '"model.params.cond_lq" must be true or false, not "yes"'],
    ["kappa", "~", '"diffusion.params.kappa" must be a number from 0.000001 to 1000, not null'],
    ["power", "-1", '"diffusion.params.schedule_kwargs.power" must be a number'],
    ["batch", "64", '"train.batch" must be two whole numbers, for training and validation, not 64'],
    ["resize_prob", "[0.2, 0.8]", '"degradation.resize_prob" must be three probabilities, not [0.2,0.8]'],
    ["kernel_list", "iso", '"data.train.params.kernel_list" must be a list of texts, not "iso"'],
    ["learn_xT", "often", '"train.learn_xT" must be true, false or a weight, not "often"'],
  ])("names the field that makes no sense: %s: %s", (key, value, message) => {
    expect(messageOf(() => read(having(key, value)))).toContain(`x.yaml: ${message}`);
  });

  it("names a field that is missing", () => {
    expect(messageOf(() => read(AUTHORS_YAML.replace(/^ *swin_depth.*\n/m, "")))).toBe(
      'x.yaml: "model.params.swin_depth" is missing',
    );
    expect(messageOf(() => scheduleOf({}, "x.yaml"))).toBe('x.yaml: has no section "diffusion"');
  });

  it.each([
    ["cond_lq", "False", "model.params.cond_lq is false; only true can be built here"],
    ["resblock_updown", "True", "model.params.resblock_updown is true; only false"],
    ["use_scale_shift_norm", "False", "model.params.use_scale_shift_norm is false; only true"],
    ["in_channels", "9", "model.params.in_channels is 9; only 6"],
    ["num_res_blocks", "[1, 1, 1]", "num_res_blocks has 3 numbers, channel_mult 2"],
    ["num_head_channels", "12", "swin_embed_dim 32 does not divide into heads by num_head_channels 12"],
  ])("refuses a denoiser that is not built here: %s: %s", (key, value, message) => {
    const [encoder, rest] = AUTHORS_YAML.split("\nmodel:\n");
    const line = new RegExp(`^( *)${key}:.*$`, "m");
    const text = `${encoder}\nmodel:\n${rest.replace(line, `$1${key}: ${value}`)}`;
    expect(messageOf(() => denoiserConfigOf(read(text).config, "x.yaml"))).toContain(message);
  });

  it.each([
    [
      "predict_type",
      "epsilon",
      'diffusion.params.predict_type is "epsilon"; only "xstart" can be built here',
    ],
    ["schedule_name", "linear", 'diffusion.params.schedule_name is "linear"'],
    ["timestep_respacing", "5", "diffusion.params.timestep_respacing is 5; only 15"],
    ["latent_flag", "False", "diffusion.params.latent_flag is false"],
    ["scale_factor", "0.18215", "diffusion.params.scale_factor is 0.18215; only 1"],
  ])("refuses a diffusion of other equations: %s: %s", (key, value, message) => {
    expect(messageOf(() => scheduleOf(read(having(key, value)).config, "x.yaml"))).toContain(message);
  });

  it.each([
    ["embed_dim", "4", "autoencoder.params.embed_dim is 4; only 3"],
    ["attn_resolutions", "[16]", 'autoencoder.params.ddconfig.attn_resolutions is "16"'],
    ["double_z", "True", "autoencoder.params.ddconfig.double_z is true"],
    ["num_res_blocks", "[1, 2, 2]", "autoencoder.params.ddconfig.num_res_blocks is 2; only 1"],
  ])("refuses an autoencoder that is not built here: %s: %s", (key, value, message) => {
    expect(messageOf(() => autoencoderConfigOf(read(having(key, value)).config, "x.yaml"))).toContain(
      message,
    );
  });
});

describe("a checkpoint and its configuration", () => {
  const files = { checkpoint: "y.pth", config: "x.yaml" };
  const unet = { network: "swin-unet", config: DENOISER, lqChannels: 3, sizeKnown: true } as const;
  const vq = { network: "vq-autoencoder", config: AUTOENCODER } as const;
  const changed = (
    changes: Omit<Partial<SwinUNetConfig>, "swin"> & { swin?: Partial<SwinUNetConfig["swin"]> },
  ) => ({
    ...unet,
    config: { ...DENOISER, ...changes, swin: { ...DENOISER.swin, ...changes.swin } },
  });

  it("agree", () => {
    expect(withAuthorsConfig(unet, config, files)).toEqual(unet);
    expect(withAuthorsConfig(vq, config, files)).toEqual(vq);
  });

  it("take the order of a list, and sides of no level, for the same", () => {
    const { config } = read(having("attention_resolutions", "[8, 16, 32]"));
    expect(withAuthorsConfig(unet, config, files)).toEqual(unet);
  });

  it("take a window larger than the levels for one of their side", () => {
    const { config } = read(having("window_size", "64"));
    expect(withAuthorsConfig(changed({ swin: { window: 32 } }), config, files)).toMatchObject({
      sizeKnown: true,
    });
  });

  it("the configuration tells the size that the checkpoint does not", () => {
    const guessed = changed({ imageSize: 64, attentionResolutions: [64, 32] });
    expect(withAuthorsConfig({ ...guessed, sizeKnown: false }, config, files)).toEqual(unet);
    expect(messageOf(() => withAuthorsConfig(guessed, config, files))).toBe(
      "x.yaml: model.params.image_size is 32, but the checkpoint y.pth has 64",
    );
  });

  it.each([
    [changed({ swin: { window: 16 } }), "model.params.window_size is 8, but the checkpoint y.pth has 16"],
    [
      changed({ channelMult: [1, 1] }),
      "model.params.channel_mult is [1,2], but the checkpoint y.pth has [1,1]",
    ],
    [
      changed({ resBlocks: [2, 1] }),
      "model.params.num_res_blocks is [1,1], but the checkpoint y.pth has [2,1]",
    ],
    [
      changed({ attentionResolutions: [32] }),
      "attention_resolutions is [32,16], but the checkpoint y.pth has [32]",
    ],
    [changed({ swin: { mlpRatio: 2 } }), "model.params.mlp_ratio is 4, but the checkpoint y.pth has 2"],
    [
      { ...vq, config: { ...AUTOENCODER, codes: 512 } },
      "autoencoder.params.n_embed is 256, but the checkpoint y.pth has 512",
    ],
    [
      { ...vq, config: { ...AUTOENCODER, channelMult: [1, 2] } },
      "autoencoder.params.ddconfig.ch_mult is [1,2,2], but the checkpoint y.pth has [1,2]",
    ],
    [{ network: "pixel-denoiser", config: DENOISER } as const, "but y.pth holds a pixel-denoiser"],
  ])("differ, and both values are named: $config", (recognised, message) => {
    expect(messageOf(() => withAuthorsConfig(recognised, config, files))).toContain(message);
  });
});

describe("what is no configuration", () => {
  const bomb = ["a: &a [x, x, x, x, x, x, x, x, x]", ..."bcdefghi"].map((line, i, all) =>
    i === 0
      ? line
      : `${line}: &${line} [${Array(9)
          .fill(`*${all[i - 1][0]}`)
          .join(", ")}]`,
  );
  /** Each line refers to the one before it twenty times. */
  const multiplied = (first: string) =>
    [..."abcdefgh"]
      .map((key, i, all) => `${key}: "${i === 0 ? first : ref(all[i - 1]).repeat(20)}"`)
      .join("\n");
  it.each<[string, string | Uint8Array, string]>([
    ["nothing", "", "expected sections such as model and diffusion"],
    ["a list", "- 1\n- 2", "expected sections such as model and diffusion"],
    ["a text", "hello", "expected sections"],
    ["other sections", "a: 1\nb: {c: 2}", "holds no section of a model's configuration"],
    ["a key twice", "train:\n  lr: 1\n  lr: 2", "Map keys must be unique at line 3, column 3"],
    [
      "a key twice among many",
      Array.from({ length: 9000 }, (_, i) => `k${i % 8999}:`).join("\n"),
      "Map keys must be unique at line 9000, column 1",
    ],
    ["a key twice, once as a number", "? 1\n? '1'", "Map keys must be unique"],
    ["tabs", "train:\n\tlr: 1", "Tabs are not allowed as indentation at line 2"],
    ["an open bracket", "model: [1, 2", "not a configuration that can be read: "],
    ["two documents", "a: 1\n---\nb: 2", "multiple documents"],
    ["an alias to nothing", "a: *b", "Unresolved alias"],
    ["a tag that would build something", "a: !!python/object:os.system x", "Unresolved tag"],
    ["aliases that multiply", bomb.join("\n"), "Excessive alias count"],
    ["deep nesting", `a: ${"[".repeat(50_000)}`, "it nests too deep"],
    ["deep nesting by dashes", "- ".repeat(30_000), "it nests too deep"],
    ["deep nesting by question marks", "? ".repeat(30_000), "it nests too deep"],
    [
      "deep nesting by lines",
      Array.from({ length: 300 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"),
      "too deep",
    ],
    ["a list inside itself", "model: &a [*a]", "it nests too deep"],
    ["a large file", `# ${"x".repeat(64_000)}`, "it has 64002 bytes"],
    ["no UTF-8", Uint8Array.of(0x61, 0x3a, 0x20, 0xff), "it is not text in UTF-8"],
    ["zeros", "train:\0", "it is no text"],
    ["a reference to nothing", `model: ${ref("a.b")}`, `${ref("a.b")} refers to nothing`],
    ["a reference to itself", `train: ${ref("data")}\ndata: ${ref("train")}`, "refers to itself"],
    ["a circle of texts", `train: a${ref("data")}\ndata: b${ref("train")}`, "refers to itself"],
    ["a reference to a section", `train: ${ref("data")}\ndata: {a: 1}`, "refers to no single value"],
    [
      "references to nothing written that multiply",
      `${multiplied("")}\nmodel: ${ref("h")}`,
      '"model" must be',
    ],
    ["references that multiply", `${multiplied("xyz")}\nmodel: ${ref("h")}`, "a text in it is too long"],
    [
      "references without end",
      `a: ""\nmodel: "${ref("a").repeat(1001)}"`,
      "more than 1000 references are in it",
    ],
    [
      "a long chain",
      Array.from({ length: 1100 }, (_, i) => `k${i}: ${ref(`k${i + 1}`)}`).join("\n"),
      "more than 1000",
    ],
    ["a section that is none", "model: 3", '"model" must be an object, not 3'],
  ])("%s", (_, text, message) => {
    // The time of this process alone, since others run beside it.
    const begun = process.cpuUsage();
    expect(messageOf(() => read(text))).toContain(message);
    const { user, system } = process.cpuUsage(begun);
    expect((user + system) / 1000).toBeLessThan(String(text).includes("${") ? 150 : 1000);
  });

  it("takes __proto__ for any other key", () => {
    const { warnings, config } = read(`__proto__: {x: 1}\n${AUTHORS_YAML}`);
    expect(warnings).toEqual(['x.yaml: "__proto__" has no known meaning and is ignored']);
    expect(Object.getPrototypeOf(config)).toBe(Object.prototype);
  });
});
