/** The authors' kind of model, from pixels to pixels, against the parts put together by hand. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { photoLike } from "../../test/fixtures/pictures.js";
import {
  smallLatentDescription as description,
  smallLatentWeights,
} from "../../test/fixtures/small-latent-model.js";
import { runGraph } from "../../test/run-graph.js";
import { hasShared, maxDifference, sharedPath } from "../../test/shared.js";
import { type LatentModel, readCheckpoint, recogniseNetwork } from "../checkpoints/index.js";
import { exponentialSchedule } from "../diffusion/index.js";
import { createRaster, type Raster, reflect, toTensor } from "../image/raster.js";
import { bicubicX4 } from "../image/resize.js";
import { decodeLatent, encodeLatent, quantise, swinUNet } from "../networks/index.js";
import { frozenScope, type Scope, type StateDict } from "../nn/index.js";
import * as o from "../onnx/index.js";
import type { Tensor } from "../runtime/index.js";
import {
  coverBackground,
  createNoise,
  emptyCoverage,
  segmentRegions,
  semanticWeight,
} from "../semantics/index.js";
import { type EnlargeContext, enlarge } from "./enlarge.js";
import { kindOf } from "./kinds/index.js";
import { runnerHere } from "./runner.js";
import { createSessions, type Sessions } from "./sessions.js";
import { type Progress, resolveSettings, type UpscaleSettings } from "./settings.js";

const idle: EnlargeContext = { progress: () => {}, cancelled: () => false, checkpoint: async () => {} };
const options = { device: "cpu", threads: 1 } as const;

function openSessions(
  model: LatentModel = description,
  weights: (part: string) => StateDict = smallLatentWeights,
) {
  const of = { name: model.name, kind: kindOf(model) };
  return { ...createSessions(of, async (part) => ({ tensors: weights(part) }), options), model };
}

function run(raster: Raster, settings: UpscaleSettings = {}, of: Sessions = sessions, context = idle) {
  return enlarge(raster, resolveSettings(settings, raster, of.kind), runnerHere(of, context), "cpu", context);
}

function largestDifference(a: Raster, b: Raster): number {
  return maxDifference(a.data, b.data);
}

type Opened = ReturnType<typeof openSessions>;

let sessions: Opened;
beforeAll(() => {
  sessions = openSessions();
});
afterAll(() => sessions.release());

/** The published small networks, where they are. */
async function reference() {
  const open = async (name: string) => {
    const weights = await readCheckpoint(sharedPath("reference", name, "checkpoint.pth"));
    return {
      weights,
      known: recogniseNetwork(new Map([...weights].map(([tensor, { shape }]) => [tensor, shape])), name),
    };
  };
  const [unet, vq] = [await open("swin-unet-small"), await open("vq-f4-small")];
  if (unet.known.network !== "swin-unet" || vq.known.network !== "vq-autoencoder") throw new Error("no");
  const model: LatentModel = { ...description, config: unet.known.config, autoencoder: vq.known.config };
  const weights = (part: string) => (part === "denoiser" ? unet.weights : vq.weights);
  return { sessions: openSessions(model, weights), weights };
}

/** A photo in 16 bits, so that rounding hides nothing. */
function deep(raster: Raster): Raster {
  return { ...raster, data: Uint16Array.from(raster.data, (v) => v * 257) };
}

/** One graph over one part of the weights, run once by itself. */
async function compute(
  of: Opened,
  weights: StateDict,
  inputs: Record<string, [o.Shape, Float32Array]>,
  graph: (p: Scope, values: Record<string, o.Value>, model: LatentModel) => o.Value,
): Promise<Float32Array> {
  const entries = Object.entries(inputs);
  const values = Object.fromEntries(entries.map(([name, [shape]]) => [name, o.input(name, shape)]));
  const feeds = Object.fromEntries(entries.map(([name, [, data]]) => [name, data]));
  const out = graph(frozenScope(weights), values, of.model);
  return Float32Array.from((await runGraph({ out }, feeds, { threads: 1 })).out);
}

/** The whole way by the parts that have tests of their own: no tiles, and each formula as it is printed. */
async function byHand(
  of: Opened,
  weightsOf: (part: string) => StateDict,
  raster: Raster,
  {
    method,
    variant,
    chain = [14],
  }: { method: "samsr" | "sinsr"; variant: "paper" | "release"; chain?: number[] },
): Promise<Uint16Array> {
  const { width, height } = raster;
  const side = of.kind.multiple;
  const [w, h] = [width, height].map((n) => side * Math.ceil(n / side));
  const plane = w * h;
  const padded = new Float32Array(3 * plane);
  const lq = toTensor(raster);
  for (let c = 0, at = 0; c < 3; c++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++, at++)
        padded[at] = lq[(c * height + reflect(y, height)) * width + reflect(x, width)];

  const large: [o.Shape, Float32Array] = [[1, 3, 4 * h, 4 * w], bicubicX4(padded, 3, w, h)];
  const y = await compute(of, weightsOf("autoencoder"), { large }, (p, v, m) =>
    encodeLatent(p, m.autoencoder, v.large),
  );

  let coverage = emptyCoverage(width, height);
  let seen = raster;
  if (variant === "release") {
    const inside = Array.from({ length: 3 * width * height }, (_, i) => {
      const [pixel, c] = [Math.floor(i / 3), 2 - (i % 3)];
      return y[c * plane + Math.floor(pixel / width) * w + (pixel % width)];
    });
    const [least, greatest] = [Math.min(...inside), Math.max(...inside)];
    const data = Uint8Array.from(inside, (v) => Math.floor(((v - least) / (greatest - least)) * 255));
    seen = { width, height, channels: 3, data };
  }
  const eight = seen.data instanceof Uint16Array ? Uint8Array.from(seen.data, (v) => v / 257) : seen.data;
  if (method === "samsr") coverage = segmentRegions({ width, height, data: eight }).coverage;
  if (method === "samsr" && variant === "release") coverage = coverBackground(coverage);
  expect(Math.max(...coverage.counts)).toBeGreaterThan(method === "samsr" ? 0 : -1);
  const noise = createNoise({
    seed: 5,
    width,
    height,
    channels: 3,
    variant,
    ...(method === "samsr" && { coverage }),
  }).fill(0, 0, w, h);
  const W = semanticWeight(coverage);

  const { eta, kappa } = exponentialSchedule({});
  const scaled = (x: Float32Array, t: number) => x.map((v) => v / Math.sqrt(eta[t] * kappa ** 2 + 1));
  const predict = (x: Float32Array, t: number) =>
    compute(
      of,
      weightsOf("denoiser"),
      { x: [[1, 3, h, w], scaled(x, t)], lq: [[1, 3, h, w], padded] },
      (p, v, m) => swinUNet(p, m.config, v.x, o.constant([t]), v.lq),
    );
  let x = y.map((v, i) => {
    const p = i % plane;
    const weight = W[reflect(Math.floor(p / w), height) * width + reflect(p % w, width)];
    const rate = eta[14] * (1 + 0.2 * weight) ** (variant === "paper" ? 1 : 2);
    return v + kappa * (1 - 0.2 * weight) * Math.sqrt(rate) * noise[i];
  });
  let x0 = await predict(x, chain[0]);
  for (const [i, t] of chain.slice(1).entries()) {
    const [e, next] = [eta[chain[i]], eta[t]];
    const [k, m, j] = [
      1 - next + Math.sqrt(next * e) - Math.sqrt(next / e),
      Math.sqrt(next / e),
      next - Math.sqrt(next * e),
    ];
    x = x.map((v, p) => k * x0[p] + m * v + j * y[p]);
    x0 = await predict(x, t);
  }
  const hr = await compute(of, weightsOf("autoencoder"), { x0: [[1, 3, h, w], x0] }, (p, v, m) =>
    decodeLatent(p, m.autoencoder, quantise(p, m.autoencoder, v.x0).quantised),
  );
  return Uint16Array.from({ length: 48 * width * height }, (_, i) => {
    const [pixel, c] = [Math.floor(i / 3), i % 3];
    const value = hr[(c * 4 * h + Math.floor(pixel / (4 * width))) * 4 * w + (pixel % (4 * width))];
    return Math.round(((Math.max(-1, Math.min(1, value)) + 1) / 2) * 65535);
  });
}

describe("the result", () => {
  const small = deep(photoLike(29, 21));

  it.each([
    ["samsr, release", { method: "samsr", variant: "release" }],
    ["samsr, paper", { method: "samsr", variant: "paper" }],
    ["sinsr", { method: "sinsr", variant: "release" }],
    ["sinsr in 3 steps", { method: "sinsr", variant: "release", chain: [14, 9, 4] }],
  ] as const)("is encode, start, denoise, decode one after the other: %s", async (_, how) => {
    const { chain, ...settings } = { chain: undefined, ...how };
    const { raster } = await run(small, { ...settings, seed: 5, steps: chain?.length });
    const expected = await byHand(sessions, smallLatentWeights, small, {
      ...how,
      chain: chain && [...chain],
    });
    expect(new Set(expected).size).toBeGreaterThan(1000);
    expect(maxDifference(raster.data, expected)).toBeLessThanOrEqual(4);
  });

  it.skipIf(!hasShared)("is that with published networks too", async () => {
    const { sessions: own, weights } = await reference();
    const { raster } = await run(small, { seed: 5 }, own);
    const expected = await byHand(own, weights, small, { method: "samsr", variant: "release" });
    expect(maxDifference(raster.data, expected)).toBeLessThanOrEqual(4);
    await own.release();
  });

  it("comes from what the model was trained for, unless something else is asked for", async () => {
    expect((await run(small)).info).toMatchObject({
      method: "samsr",
      steps: 1,
      variant: "release",
      etaScale: 0.2,
      kappa: 2,
      masks: "regions",
      tile: [32, 32],
    });
    const trained = resolveSettings({}, small, kindOf({ ...description, method: "resshift" }));
    expect(trained.diffusion).toMatchObject({ method: "resshift", steps: 15, masks: "none" });
    const asked = { method: "sinsr", steps: 4, variant: "paper", etaScale: 0, kappa: 1 } as const;
    expect(resolveSettings(asked, small, kindOf(description)).diffusion).toMatchObject(asked);
  });
});

/** Sessions that tell which stage ran, before it runs. */
function watched(
  of: Sessions,
  note: (stage: string, feeds: Readonly<Record<string, Tensor>>) => void,
): Sessions {
  return {
    ...of,
    async of(stage, size) {
      const session = await of.of(stage, size);
      return {
        ...session,
        run(feeds, options) {
          note(stage.name, feeds);
          return session.run(feeds, options);
        },
      };
    },
  };
}

describe("what decides the result", () => {
  const small = photoLike(40, 30);

  it("is W: where there are no masks, samsr is sinsr", async () => {
    const [sinsr, none] = [await run(small, { method: "sinsr" }), await run(small, { masks: "none" })];
    expect(largestDifference(sinsr.raster, none.raster)).toBe(0);
    const regions = await run(small);
    expect(largestDifference(sinsr.raster, regions.raster)).toBeGreaterThan(0);
    const flat = await run(small, { etaScale: 0 });
    expect(largestDifference(flat.raster, regions.raster)).toBeGreaterThan(0);
  });

  it("is the noise as strong as kappa: with next to none, seeds and masks are all the same", async () => {
    const quiet = await run(small, { kappa: 1e-7, seed: 1 });
    const other = await run(small, { kappa: 1e-7, seed: 2, method: "sinsr" });
    expect(largestDifference(quiet.raster, other.raster)).toBeLessThanOrEqual(1);
    const [loud, louder] = [await run(small, { seed: 1 }), await run(small, { seed: 2 })];
    expect(largestDifference(loud.raster, louder.raster)).toBeGreaterThan(5);
  });

  it("is every timestep that a chain visits, of this schedule or a shorter one", async () => {
    const visited = async (model: LatentModel, settings: UpscaleSettings) => {
      const asked: number[] = [];
      const own = openSessions(model);
      const spy = watched(own, (name, { t }) => name === "denoiser" && asked.push(Number(t.data[0])));
      await run(photoLike(16, 16), settings, spy);
      await own.release();
      return asked;
    };
    const resshift = { ...description, method: "resshift" } as const;
    const short = { ...resshift, schedule: { ...description.schedule, steps: 4 } };
    expect(await visited(resshift, {})).toEqual(Array.from({ length: 15 }, (_, i) => 14 - i));
    expect(await visited(resshift, { steps: 4 })).toEqual([11, 7, 3, 0]);
    expect(await visited(short, {})).toEqual([3, 2, 1, 0]);
  });
});

describe("tiles alone", () => {
  it("are pictures by themselves: one that is a whole photo has the photo's result", async () => {
    const small = photoLike(32, 32);
    const alone = await run(small, { tiles: "alone", tile: 32, overlap: 4 });
    expect(alone.raster.data).toEqual((await run(small, { tile: 32, overlap: 4 })).raster.data);
    expect(alone.info.tiles).toBe(1);
  });

  it("have masks, noise and latents of their own, and what several made is averaged", async () => {
    const small = photoLike(44, 20);
    const stages: string[] = [];
    const settings = { tile: 16, overlap: 4, tiles: "alone" } as const;
    const { raster, info } = await run(
      small,
      settings,
      watched(sessions, (name) => stages.push(name)),
    );
    expect(info).toMatchObject({ tiles: 8, tile: [16, 16] });
    expect(stages.filter((name) => name === "encoder")).toHaveLength(8);
    const together = await run(small, { tile: 16, overlap: 4 });
    expect(raster.data).not.toEqual(together.raster.data);
    // The first tile by itself, where no other lies.
    const first = await run(cropOf(small, 16, 16), settings);
    const line = (of: { data: ArrayLike<number> }) => Array.from({ length: 24 }, (_, i) => of.data[i]);
    expect(line(raster)).toEqual(line(first.raster));
    expect(() => run(small, { ...settings, masks: emptyCoverage(44, 20) })).toThrow(/tiles alone/);
  });
});

function cropOf(raster: Raster, width: number, height: number): Raster {
  const out = createRaster(width, height, 3);
  for (let y = 0; y < height; y++) {
    out.data.set(raster.data.subarray(3 * y * raster.width, 3 * (y * raster.width + width)), 3 * y * width);
  }
  return out;
}

describe("a photo of several tiles", () => {
  it("is encoded once, before its masks are sought", async () => {
    const small = photoLike(60, 28);
    const stages: string[] = [];
    const spy = watched(sessions, (name) => stages.push(name));
    const reports: Progress[] = [];
    const context = { ...idle, progress: (p: Progress) => reports.push(p) };
    const { info } = await run(small, { tile: 32, overlap: 8 }, spy, context);
    expect(info).toMatchObject({ tiles: 3, tile: [32, 32] });
    expect(stages).toEqual([
      ...Array(3).fill("encoder"),
      ...Array(3).fill("single step"),
      ...Array(3).fill("decoder"),
    ]);
    const order = reports.map(({ stage }) => stage).filter((stage, i, all) => stage !== all[i - 1]);
    expect(order).toEqual(["latents", "masks", "noise", "denoise", "tiles"]);
    expect(reports.filter(({ stage }) => stage === "latents").map(({ done }) => done)).toEqual([0, 1, 2, 3]);
    const { encode, network, decode } = info.milliseconds;
    expect(Math.min(encode, network, decode)).toBeGreaterThan(0);
  });

  it("never holds its encoder and its decoder at once", async () => {
    const held = new Set<string>();
    const together: boolean[] = [];
    const spy: Sessions = {
      ...sessions,
      of(stage, size) {
        held.add(stage.name);
        together.push(held.has("encoder") && held.has("decoder"));
        return sessions.of(stage, size);
      },
      drop(stage) {
        held.delete(stage.name);
        return sessions.drop(stage);
      },
    };
    // All of its tiles have a shape in their alpha, which is encoded too.
    const { data } = photoLike(60, 28);
    const small = createRaster(60, 28, 4);
    small.data.forEach((_, i) => {
      small.data[i] = i % 4 === 3 ? 85 * ((i >> 2) % 4) : data[3 * (i >> 2) + (i % 4)];
    });
    const settings = { tile: 32, overlap: 8 };
    const first = await run(small, settings, spy);
    const second = await run(small, settings, spy);
    expect(together).toHaveLength(2 * 3 * (3 + 3));
    expect(together).not.toContain(true);
    expect(second.raster.data).toEqual(first.raster.data);
  });

  it("gets noise and W that do not know of tiles", async () => {
    const seen = async (tile: number, places: number[]) => {
      const row = new Map<number, [number, number]>();
      const spy = watched(sessions, (name, { noise, sigma }) => {
        if (name !== "single step") return;
        const left = places.shift()!;
        for (let x = 0; x < Math.min(tile, 60 - left); x++) {
          const value = [noise.data[10 * tile + x], sigma.data[10 * tile + x]] as [number, number];
          expect(row.get(left + x) ?? value).toEqual(value);
          row.set(left + x, value);
        }
      });
      await run(photoLike(60, 28), { tile, overlap: 8, variant: "paper" }, spy);
      return row;
    };
    const inTiles = await seen(32, [0, 14, 28]);
    expect(inTiles.size).toBe(60);
    expect(new Set([...inTiles.values()].map(([, sigma]) => sigma)).size).toBeGreaterThan(1);
    expect(inTiles).toEqual(new Map([...(await seen(64, [0]))]));
  });
});

describe("any picture", () => {
  it.each([
    [1, 1],
    [1, 40],
    [35, 2],
  ])("of %i x %i", async (width, height) => {
    const { raster } = await run(photoLike(width, height));
    expect([raster.width, raster.height]).toEqual([4 * width, 4 * height]);
    expect(new Set(raster.data).size).toBeGreaterThan(3);
  });

  it("of any channels and depth", async () => {
    for (const channels of [1, 2, 3, 4] as const) {
      for (const bits of [8, 16] as const) {
        const small = createRaster(19, 14, channels, bits);
        const max = bits === 16 ? 65535 : 255;
        small.data.forEach((_, i) => {
          const alpha = channels % 2 === 0 && i % channels === channels - 1;
          const inside = Math.floor(i / channels) % 19 < 9;
          small.data[i] = max * (alpha ? Number(inside) : 0.5 + 0.4 * Math.sin(i / 7));
        });
        const { raster } = await run(small);
        expect(raster).toMatchObject({ width: 76, height: 56, channels });
        expect(raster.data.constructor).toBe(small.data.constructor);
        if (channels % 2 === 1) continue;
        const alpha = raster.data.filter((_, i) => i % channels === channels - 1);
        expect([alpha[0], alpha[75]]).toEqual([max, 0]);
      }
    }
  });
});

describe("a job that is cancelled", () => {
  it.each(["encoder", "single step", "decoder"])("stops after the %s under way", async (last) => {
    const stages: string[] = [];
    const spy = watched(sessions, (name) => stages.push(name));
    const cancelled = () => stages.at(-1) === last;
    const checkpoint = async () => {
      if (cancelled()) throw new DOMException("enough", "AbortError");
    };
    const job = run(photoLike(60, 28), { tile: 32, overlap: 8 }, spy, { ...idle, cancelled, checkpoint });
    await expect(job).rejects.toThrow(/abort|enough/);
    expect(stages.filter((stage) => stage === last)).toHaveLength(1);
    expect(stages.at(-1)).toBe(last);
  });
});
