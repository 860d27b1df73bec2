/** The networks of metrics against the public implementations, stage by stage. */
import { describe, expect, it } from "vitest";
import { kernels, resizePlanar } from "../src/image/resize.js";
import { BACKBONES } from "../src/networks/metrics/backbones.js";
import type { ClipConfig } from "../src/networks/metrics/clip.js";
import { clipEmbedding, clipImage, clipText, resizedPositions } from "../src/networks/metrics/clip.js";
import {
  clipIqa,
  FIVE_PAIRS,
  learnedFeatures,
  learnedPrompts,
  ONE_PAIR,
  pairFeatures,
} from "../src/networks/metrics/clipiqa.js";
import { dists, distsFeatures, l2Pool } from "../src/networks/metrics/dists.js";
import { LPIPS_BACKBONES, type LpipsName, lpips, lpipsMaps } from "../src/networks/metrics/lpips.js";
import { type MusiqConfig, musiqScore, musiqStem } from "../src/networks/metrics/musiq.js";
import { musiqPatches, resizedTo } from "../src/networks/metrics/musiq-patches.js";
import { frozenScope, type Scope, type StateDict } from "../src/nn/index.js";
import * as o from "../src/onnx/index.js";
import {
  computed,
  type MetricFixture,
  metricFixture,
  pictureOf,
  relativeL2,
  ruleWeights,
} from "./fixtures/metrics.js";
import { hasShared, readSafetensors, sharedPath } from "./shared.js";

/** The fixtures of full size take some seconds each: they are for who changes a network. */
const full = Boolean(process.env.SAMSR_FULL_METRICS);

const PAIRS = ["small", "a", "b"];
/** VGG-16 is slow. */
const VGG_PAIRS = full ? PAIRS : ["small"];

/**
 * Expects a stage to be no further from the reference's than ten times that is from its own in double
 * precision.
 */
function expectStage(fixture: MetricFixture, name: string, numbers: ArrayLike<number>): void {
  expect(fixture.off(name, numbers), name).toBeLessThanOrEqual(fixture.mark(name));
}

function expectScore(fixture: MetricFixture, name: string, score: number): void {
  expect(fixture.scoreOff(name, score), name).toBeLessThanOrEqual(fixture.mark(name));
}

/** The published weights of a metric, as the reference has read them out of its file. */
function publishedScope(metric: string): Scope {
  const { tensors } = readSafetensors(
    sharedPath("reference", "metric-containers", "published.expected.safetensors"),
  );
  const own = [...tensors].filter(([name]) => name.startsWith(`${metric}.`));
  const state = own.map(([name, { shape, data }]) => {
    return [name.slice(metric.length + 1), { shape, data: data as Float32Array }] as const;
  });
  return frozenScope(new Map(state), "published.");
}

const gradientOf = async (score: (picture: o.Value) => o.Value, at: o.Value) => {
  const value = o.input("picture", at.shape);
  const { data } = { data: (await computed({ at })).at };
  const [slope] = o.gradients(o.reduceSum(score(value)), [value]);
  const { createSession } = await import("../src/runtime/index.js");
  const session = await createSession(o.toModel({ slope }).bytes, { device: "cpu", threads: 1 });
  const { slope: result } = await session.run({ picture: { type: "float32", shape: at.shape, data } });
  await session.release();
  return result.data as Float32Array;
};

describe.skipIf(!hasShared)("LPIPS", () => {
  it.each(Object.keys(LPIPS_BACKBONES) as LpipsName[])("%s equals the reference", async (name) => {
    const fixture = metricFixture(`lpips-${name}`);
    const network = LPIPS_BACKBONES[name];
    const backbone = frozenScope(await ruleWeights(`${network}-features`));
    const rule = frozenScope(await ruleWeights(`lpips-${name}-lins`), "rule.");
    const published = publishedScope(name);
    const kinds = { "": rule, ".published_heads": published };
    for (const pair of name === "vgg" ? VGG_PAIRS : PAIRS) {
      const [picture, original] = ["distorted", "reference"].map((kind) =>
        pictureOf(fixture, `${pair}.${kind}`),
      );
      for (const [kind, heads] of Object.entries(kinds)) {
        const maps = lpipsMaps(name, { backbone, heads }, picture, original);
        const depths = maps.map((map) => o.reduceMean(map));
        const all = { score: lpips(name, { backbone, heads }, picture, original) };
        const values = await computed({
          ...all,
          ...Object.fromEntries(depths.map((depth, i) => [`depth${i}`, depth])),
          ...Object.fromEntries(maps.map((map, i) => [`map${i}`, map])),
        });
        expectScore(fixture, `${pair}${kind}`, values.score[0]);
        const numbers = values as Record<string, Float32Array>;
        expectStage(
          fixture,
          `${pair}${kind}.layers`,
          depths.map((_, i) => numbers[`depth${i}`][0]),
        );
        if (pair === "small" && kind === "") {
          expectStage(fixture, "small.spatial_map", enlargedSum(maps, numbers, picture.shape));
        }
      }
      const features = BACKBONES[network].features(backbone, normalisedForLpips(original));
      const values: Record<string, Float32Array> = await computed(
        Object.fromEntries(features.map((map, i) => [`f${i}`, map])),
      );
      features.forEach((map, i) => {
        expectStage(
          fixture,
          `${pair}.reference.channel_mean.${i}`,
          channelMeans(values[`f${i}`], map.shape[1]),
        );
        if (pair === "small") expectStage(fixture, `small.reference.features.${i}`, values[`f${i}`]);
      });
    }
    const [picture, original] = ["distorted", "reference"].map((kind) => pictureOf(fixture, `small.${kind}`));
    const slope = await gradientOf((x) => lpips(name, { backbone, heads: rule }, x, original), picture);
    expect(fixture.off("small.gradient", slope)).toBeLessThan(1e-3);
  });

  function normalisedForLpips(x: o.Value): o.Value {
    const channel = (values: number[]) => o.constant(values, [1, 3, 1, 1]);
    const shifted = o.sub(o.sub(o.mul(x, 2), 1), channel([-0.03, -0.088, -0.188]));
    return o.div(shifted, channel([0.458, 0.448, 0.45]));
  }

  /** The maps of all depths, enlarged to the picture and summed. */
  function enlargedSum(maps: readonly o.Value[], values: Record<string, Float32Array>, shape: o.Shape) {
    const [, , height, width] = shape;
    const sum = new Float32Array(height * width);
    maps.forEach((map, i) => {
      const from = { channels: 1, height: map.shape[2], width: map.shape[3] };
      const options = { kernel: kernels.bilinear, antialias: false };
      const large = resizePlanar(values[`map${i}`], from, { width, height }, options);
      for (let j = 0; j < sum.length; j++) sum[j] += large[j];
    });
    return sum;
  }
});

function channelMeans(data: Float32Array, channels: number): number[] {
  const size = data.length / channels;
  return Array.from({ length: channels }, (_, c) => {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += data[c * size + i];
    return sum / size;
  });
}

describe.skipIf(!hasShared)("DISTS", () => {
  it("equals the reference", async () => {
    const fixture = metricFixture("dists");
    const backbone = frozenScope(await ruleWeights("vgg16-features"));
    const rule = frozenScope(await ruleWeights("dists"), "rule.");
    const published = publishedScope("dists");
    for (const pair of VGG_PAIRS) {
      const [picture, original] = ["distorted", "reference"].map((kind) =>
        pictureOf(fixture, `${pair}.${kind}`),
      );
      const { distance, luminance, structure } = dists({ backbone, weights: rule }, picture, original);
      const others = dists({ backbone, weights: published }, picture, original).distance;
      const same = dists({ backbone, weights: rule }, original, original).distance;
      const values = await computed({ distance, luminance, structure, others, same });
      expectScore(fixture, pair, values.distance[0]);
      expectScore(fixture, `${pair}.published_weights`, values.others[0]);
      expectStage(fixture, `${pair}.luminance`, values.luminance);
      expectStage(fixture, `${pair}.structure`, values.structure);
      if (pair === "small") expectScore(fixture, "small.identical", values.same[0]);
    }
    const original = pictureOf(fixture, "small.reference");
    const maps = distsFeatures(backbone, original);
    const pooled = await computed({ pooled: l2Pool(maps[1]), ...named(maps) });
    expectStage(fixture, "small.reference.pooled.1", pooled.pooled);
    for (const i of [2, 3, 4, 5]) {
      expectStage(
        fixture,
        `small.reference.features.${i}`,
        (pooled as Record<string, Float32Array>)[`f${i}`],
      );
    }
    const picture = pictureOf(fixture, "small.distorted");
    const slope = await gradientOf((x) => dists({ backbone, weights: rule }, x, original).distance, picture);
    expect(fixture.off("small.gradient", slope)).toBeLessThan(1e-3);
  });

  const named = (maps: readonly o.Value[]) => Object.fromEntries(maps.map((map, i) => [`f${i}`, map]));
});

interface ClipSizes {
  readonly embed_dim: number;
  readonly image_resolution: number;
  readonly vision_layers: ClipConfig["layers"];
  readonly vision_width: number;
  readonly context_length: number;
  readonly vocab_size: number;
  readonly transformer_width: number;
  readonly transformer_layers: number;
}

const clipConfig = (s: ClipSizes): ClipConfig => ({
  ...{
    embedding: s.embed_dim,
    imageSide: s.image_resolution,
    layers: s.vision_layers,
    width: s.vision_width,
  },
  ...{ vocabulary: s.vocab_size, context: s.context_length },
  ...{ textWidth: s.transformer_width, textLayers: s.transformer_layers },
});

describe.skipIf(!hasShared)("CLIP-IQA", () => {
  it("equals the reference, narrow", () => checkClip("clipiqa-narrow", "clip-narrow", "clipiqa-narrow-ctx"));
  it.skipIf(!full)("equals the reference", () => checkClip("clipiqa", "clip-rn50", "clipiqa-plus-ctx"));

  async function checkClip(folder: string, network: string, context: string): Promise<void> {
    const fixture = metricFixture(folder);
    const config = clipConfig(fixture.sizes as unknown as ClipSizes);
    const p = frozenScope(await ruleWeights(network));
    const [learned] = (await ruleWeights(context)).values();
    const prompts = frozenScope(new Map([["ctx", learned]]), "prompts.");

    const { embedded, ends } = learnedPrompts(p, config, prompts);
    const first = clipEmbedding(p, config, [padded(FIVE_PAIRS[0][0], config.context)]);
    const whole = clipText(p, config, first, [FIVE_PAIRS[0][0].length - 1]);
    const text = await computed({
      ...{ five: pairFeatures(p, config, FIVE_PAIRS), one: pairFeatures(p, config, ONE_PAIR) },
      ...{ learned: learnedFeatures(p, config, prompts), prompts: embedded, end: whole.ends },
      ...Object.fromEntries(whole.blocks.map((block, i) => [`block${i}`, block])),
    });
    expectStage(fixture, "text.pyiqa.features", text.five);
    expectStage(fixture, "text.original.features", text.one);
    expectStage(fixture, "text.learned.features", text.learned);
    const stored = fixture.tensors.get("text.learned.prompts")!;
    const some = (data: ArrayLike<number>, rows: number) =>
      [0, 1].flatMap((i) =>
        Array.from({ length: 21 * config.textWidth }, (_, j) => data[i * rows * config.textWidth + j]),
      );
    expect(
      relativeL2(some(text.prompts, 21), some(stored.data as Float32Array, stored.shape[1])),
    ).toBeLessThan(1e-7);
    expect(ends).toEqual([20, 20]);
    whole.blocks.forEach((_, i) => {
      const block = (text as Record<string, Float32Array>)[`block${i}`];
      const name = `text.pyiqa.0.transformer.resblocks.${i}`;
      const end = FIVE_PAIRS[0][0].length - 1;
      expectStage(
        fixture,
        `${name}_at_end`,
        block.subarray(end * config.textWidth, (end + 1) * config.textWidth),
      );
      if (fixture.tensors.has(name)) expectStage(fixture, name, block);
    });
    expectStage(fixture, "text.pyiqa.0.ln_final_at_end", text.end);

    for (const name of ["a", "b", "small"]) {
      if (!fixture.tensors.has(`${name}.picture`)) continue;
      const picture = pictureOf(fixture, `${name}.picture`);
      const { stages, features } = clipImage(p, config, picture);
      const positioned = clipImage(p, config, picture, true).features;
      const texts = (data: Float32Array) =>
        o.constant(data, [data.length / config.embedding, config.embedding]);
      const five = clipIqa(p, features, texts(text.five));
      const plus = clipIqa(p, features, texts(text.learned));
      const score = (vector: o.Value, data: Float32Array) => clipIqa(p, vector, texts(data)).score;
      const values = await computed({
        ...{ features, positioned, logits: five.logits, probabilities: five.probabilities },
        ...{ plusLogits: plus.logits, clipiqa: five.score, plus: plus.score },
        original: score(features, text.one),
        clipiqa_position: score(positioned, text.five),
        plus_position: score(positioned, text.learned),
        ...Object.fromEntries(stages.map((map, i) => [`stage${i}`, map])),
      });
      expectStage(fixture, `${name}.image_features`, values.features);
      expectStage(fixture, `${name}.image_features_position`, values.positioned);
      expectStage(fixture, `${name}.logits`, values.logits);
      expectStage(fixture, `${name}.plus_logits`, values.plusLogits);
      expectStage(fixture, `${name}.probabilities`, values.probabilities);
      for (const kind of ["original", "clipiqa", "clipiqa_position", "plus", "plus_position"] as const) {
        expectScore(fixture, `${name}.${kind}`, values[kind][0]);
      }
      if (name !== "a") continue;
      for (const [i, stage] of ["avgpool", "layer1", "layer2", "layer3", "layer4"].entries()) {
        const map = (values as Record<string, Float32Array>)[`stage${i}`];
        const key = `a.visual.${stage}`;
        if (fixture.tensors.has(key)) expectStage(fixture, key, map);
        expectStage(fixture, `${key}.channel_mean`, channelMeans(map, stages[i].shape[1]));
      }
      const [rows, channels] = fixture.tensors.get("a.position_resized")!.shape;
      const table = resizedPositions(p.at("visual.attnpool"), config, channels, rows);
      expectStage(fixture, "a.position_resized", (await computed({ table })).table);
    }
  }

  const padded = (tokens: readonly number[], length: number) =>
    Array.from({ length }, (_, i) => tokens[i] ?? 0);
});

interface MusiqSizes {
  readonly hidden_size: number;
  readonly mlp_dim: number;
  readonly num_heads: number;
  readonly num_layers: number;
  readonly longer_side_lengths: MusiqConfig["sides"];
  readonly num_class: MusiqConfig["classes"];
}

const musiqConfig = (s: MusiqSizes): MusiqConfig => ({
  ...{ hidden: s.hidden_size, mlp: s.mlp_dim, heads: s.num_heads, layers: s.num_layers },
  ...{ classes: s.num_class, sides: s.longer_side_lengths },
});

describe.skipIf(!hasShared)("MUSIQ", () => {
  it("equals the reference, narrow", () => checkMusiq("musiq-narrow", "musiq-narrow"));
  it("equals the reference, narrow with ten marks", () => checkMusiq("musiq-narrow-ava", "musiq-narrow-ava"));
  it.skipIf(!full)("equals the reference", () => checkMusiq("musiq", "musiq-koniq"));
  it.skipIf(!full)("equals the reference with ten marks", () => checkMusiq("musiq-ava", "musiq-ava"));

  async function checkMusiq(folder: string, network: string): Promise<void> {
    const fixture = metricFixture(folder);
    const config = musiqConfig(fixture.sizes as unknown as MusiqSizes);
    const state: StateDict = await ruleWeights(network);
    const p = frozenScope(state);
    for (const name of ["shaped", "wide", "a"]) {
      if (fixture.tensors.has(`${name}.picture`)) await checkPicture(fixture, p, config, name);
    }
  }

  async function checkPicture(
    fixture: MetricFixture,
    p: ReturnType<typeof frozenScope>,
    config: MusiqConfig,
    name: string,
  ): Promise<void> {
    const { shape, data } = fixture.tensors.get(`${name}.picture`)!;
    const [height, width] = shape;
    const size = height * width;
    const planes = new Float32Array(3 * size);
    for (let i = 0; i < planes.length; i++) {
      planes[i] = (Number(data[(i % size) * 3 + Math.floor(i / size)]) / 255) * 2 - 1;
    }
    for (const side of config.sides) {
      const resized = resizedTo({ data: planes, width, height }, side);
      const [some, all] = [`${name}.resized.${side}.rows_0_5_last`, `${name}.resized.${side}`];
      if (fixture.tensors.has(all)) expectStage(fixture, all, resized.data);
      if (fixture.tensors.has(some)) {
        const rows = [0, 1, 2].flatMap((c) =>
          [0, 5, resized.height - 1].flatMap((y) => {
            const from = (c * resized.height + y) * resized.width;
            return [...resized.data.subarray(from, from + resized.width)];
          }),
        );
        expectStage(fixture, some, rows);
      }
    }
    const { count, data: cut, spatial, scale } = musiqPatches({ data: planes, width, height }, config.sides);
    const mask = fixture.tensors.get(`${name}.mask`);
    if (mask) {
      const kept = (key: string) =>
        Array.from(fixture.tensors.get(`${name}.${key}`)!.data as BigInt64Array, Number).filter(
          (_, i) => Number(mask.data[i]) === 1,
        );
      expect(spatial).toEqual(kept("spatial_positions"));
      expect(scale).toEqual(kept("scale_positions"));
    }
    const maybe = (key: string, numbers: ArrayLike<number>) => {
      if (fixture.tensors.has(`${name}.${key}`)) expectStage(fixture, `${name}.${key}`, numbers);
    };
    maybe("patches", cut);
    const { stages, tokens } = musiqStem(p, config, o.constant(cut, [count, 3, 32, 32]));
    // A few that only fill up, which must change nothing.
    const spare = 5;
    const filled = o.pad(tokens, [0, 0], [spare, 0]);
    const zeros = Array<number>(spare).fill(0);
    const scored = musiqScore(p, config, filled, {
      spatial: o.integers([...spatial, ...zeros]),
      scale: o.integers([...scale, ...zeros]),
      counts: o.constant([...Array<number>(count).fill(1), ...zeros]),
    });
    const outputs: Record<string, o.Value> = { tokens, head: scored.head, score: scored.score };
    Object.assign(outputs, { placed: scored.placed, token: scored.token });
    for (const [i, stage] of stages.entries()) outputs[`stage${i}`] = stage;
    for (const [i, block] of scored.blocks.entries()) outputs[`block${i}`] = block;
    const values: Record<string, Float32Array> = await computed(outputs);
    expectStage(fixture, `${name}.head`, values.head);
    expectScore(fixture, name, values.score[0]);
    maybe("embedding", values.tokens);
    const { hidden } = config;
    const row = (data: Float32Array, i: number) => [...data.subarray(i * hidden, (i + 1) * hidden)];
    const ninths = Array.from({ length: Math.ceil(count / 9) }, (_, i) => 9 * i);
    maybe(
      "with_positions.every_9th",
      ninths.flatMap((i) => row(values.placed, i)),
    );
    scored.blocks.forEach((_, i) => maybe(`encoderblock_${i}.class_token`, row(values[`block${i}`], 0)));
    maybe("encoder_norm.class_token", values.token);
    for (const [i, stage] of ["conv_root", "gn_root", "root_pool", "block1"].entries()) {
      const key = `${name}.${stage}.first_patches`;
      if (fixture.tensors.has(key)) {
        const { length } = fixture.tensors.get(key)!.data;
        expectStage(fixture, key, values[`stage${i}`].subarray(0, length));
      }
    }
  }
});
