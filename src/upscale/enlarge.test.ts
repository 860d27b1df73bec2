import { beforeAll, describe, expect, it } from "vitest";
import { smallDescription, smallWeights } from "../../test/fixtures/small-model.js";
import { type Channels, createRaster, type Raster, toTensor } from "../image/raster.js";
import { bicubicX4 } from "../image/resize.js";
import { createNoise, emptyCoverage, runsOf, type SamMask } from "../semantics/index.js";
import { type EnlargeContext, enlarge } from "./enlarge.js";
import { kindOf } from "./kinds/index.js";
import { runnerHere } from "./runner.js";
import { createSessions, type Sessions } from "./sessions.js";
import { type Progress, resolveSettings, type UpscaleSettings } from "./settings.js";

const small = { name: "small", kind: kindOf(smallDescription) };

/** Smooth colours, edges and some texture. */
function picture(width: number, height: number, channels: Channels = 3, bits: 8 | 16 = 8): Raster {
  const raster = createRaster(width, height, channels, bits);
  const max = bits === 16 ? 65535 : 255;
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const inside = (x - width / 2) ** 2 + (y - height / 2) ** 2 < (Math.min(width, height) / 3) ** 2;
      for (let c = 0; c < channels; c++, at++) {
        const alpha = (channels === 2 || channels === 4) && c === channels - 1;
        const colour = 0.5 + 0.3 * Math.sin(x / 9 + c) * Math.cos(y / 7) + (inside ? 0.15 : 0);
        raster.data[at] = max * (alpha ? (inside ? 1 : 0) : colour);
      }
    }
  }
  return raster;
}

function open(options: { residual?: number; threads?: number } = {}): Sessions {
  const { residual, threads = 1 } = options;
  return createSessions(
    small,
    async (part) => ({ tensors: smallWeights(part === "student" ? 1 : 2, residual) }),
    {
      device: "cpu",
      threads,
    },
  );
}

const idle: EnlargeContext = { progress: () => {}, cancelled: () => false, checkpoint: async () => {} };

function run(raster: Raster, settings: UpscaleSettings, sessions: Sessions, context = idle) {
  return enlarge(
    raster,
    resolveSettings(settings, raster, small.kind),
    runnerHere(sessions, context),
    "cpu",
    context,
  );
}

function largestDifference(a: Raster, b: Raster): number {
  let largest = a.data.length === b.data.length ? 0 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < a.data.length; i++) largest = Math.max(largest, Math.abs(a.data[i] - b.data[i]));
  return largest;
}

let sessions: Sessions;
let bicubic: Sessions;
beforeAll(() => {
  sessions = open();
  bicubic = open({ residual: 0 });
});

describe("the result", () => {
  it.each([
    ["one step", { steps: 1 }],
    ["samsr in 3 steps", { steps: 3 }],
    ["sinsr in 2 steps", { method: "sinsr", steps: 2 }],
    ["resshift in 2 steps", { method: "resshift", steps: 2 }],
  ] as const)("is the bicubic enlargement when the network adds nothing: %s", async (_, settings) => {
    const small = picture(41, 29);
    const { raster } = await run(small, settings, bicubic);
    const expected = bicubicX4(toTensor(small), 3, 41, 29);
    let worst = 0;
    for (let c = 0; c < 3; c++) {
      // At the right and lower border the tile goes on by reflection, where bicubicX4 repeats the edge.
      for (let y = 0; y < 4 * 26; y++) {
        for (let x = 0; x < 4 * 38; x++) {
          const value = ((expected[(c * 116 + y) * 164 + x] + 1) / 2) * 255;
          const got = raster.data[(y * 164 + x) * 3 + c];
          worst = Math.max(worst, Math.abs(got - Math.min(255, Math.max(0, value))));
        }
      }
    }
    expect(worst).toBeLessThan(0.51);
  });

  it("has four times the size, and the channels and depth of what came", async () => {
    for (const channels of [1, 2, 3, 4] as const) {
      for (const bits of [8, 16] as const) {
        const { raster } = await run(picture(37, 20, channels, bits), {}, sessions);
        expect(raster).toMatchObject({ width: 148, height: 80, channels });
        expect(raster.data).toBeInstanceOf(bits === 16 ? Uint16Array : Uint8Array);
        expect(raster.data.length).toBe(148 * 80 * channels);
        expect(new Set(raster.data).size).toBeGreaterThan(20);
      }
    }
  });

  it.each([
    [1, 1],
    [1, 40],
    [33, 2],
  ])("exists for an image of %i x %i", async (width, height) => {
    const { raster } = await run(picture(width, height), {}, sessions);
    expect([raster.width, raster.height]).toEqual([4 * width, 4 * height]);
  });

  it("in 16 bits is the one in 8 bits, only finer", async () => {
    const small = picture(32, 32);
    const fine = { ...small, data: Uint16Array.from(small.data, (v) => v * 257) };
    const [eight, sixteen] = [await run(small, {}, sessions), await run(fine, {}, sessions)];
    let worst = 0;
    eight.raster.data.forEach((v, i) => {
      worst = Math.max(worst, Math.abs(v - sixteen.raster.data[i] / 257));
    });
    expect(worst).toBeLessThan(0.51);
  });

  it("has the size that the scale asks for", async () => {
    for (const [scale, side] of [
      [1, 30],
      [2.5, 75],
      [8, 240],
    ]) {
      const { raster } = await run(picture(30, 30), { scale }, sessions);
      expect([raster.width, raster.height]).toEqual([side, side]);
    }
  });

  it("does not mix the colour under what is transparent into what is visible", async () => {
    const small = picture(48, 48, 4);
    for (let i = 0; i < small.data.length; i += 4) {
      const visible = small.data[i + 3] > 0;
      for (let c = 0; c < 3; c++) small.data[i + c] = visible ? 200 : 0;
    }
    const { raster } = await run(small, {}, open({ residual: 0.002 }));
    let [darkest, opaque, clear] = [255, 0, 0];
    for (let i = 0; i < raster.data.length; i += 4) {
      if (raster.data[i + 3] > 0) darkest = Math.min(darkest, raster.data[i]);
      if (raster.data[i + 3] === 255) opaque++;
      if (raster.data[i + 3] === 0) clear++;
    }
    // The network adds a grain of its own; a fringe of the black would be darker by far.
    expect(darkest).toBeGreaterThanOrEqual(180);
    expect(opaque).toBeGreaterThan(1000);
    expect(clear).toBeGreaterThan(1000);
  });

  it("is exactly opaque where the image has an alpha but no transparency", async () => {
    const small = picture(32, 32, 4);
    for (let i = 3; i < small.data.length; i += 4) small.data[i] = 255;
    const { raster } = await run(small, {}, sessions);
    expect(raster.data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
  });
});

describe("what decides the result", () => {
  it("is seed and image, not threads: the bytes are the same", async () => {
    const small = picture(100, 40);
    const results: Raster[] = [];
    for (const threads of [1, 2, 3]) {
      const own = open({ threads });
      results.push((await run(small, { tile: 64 }, own)).raster);
      await own.release();
    }
    expect(largestDifference(results[0], results[1])).toBe(0);
    expect(largestDifference(results[0], results[2])).toBe(0);
    const again = await run(small, { tile: 64 }, sessions);
    expect(largestDifference(results[0], again.raster)).toBe(0);
    const other = await run(small, { tile: 64, seed: 1 }, sessions);
    expect(largestDifference(results[0], other.raster)).toBeGreaterThan(0);
  });

  it("gives every pixel the same noise and the same W in every tile", async () => {
    const small = picture(200, 40);
    const seen = new Map<string, { noise: number; sigma: number }>();
    for (const tile of [64, 96, 224]) {
      const spy: Sessions = {
        ...sessions,
        async of(stage, size) {
          const session = await sessions.of(stage, size);
          const run: typeof session.run = (feeds, options) => {
            // The middle row tells where the tile lies: its red values are those of the picture.
            const { width } = size;
            const row = 20;
            const lq = feeds.lq.data as Float32Array;
            for (let x = 0; x < width; x++) {
              const key = [0, 1, 2].map((c) => lq[c * width * size.height + row * width + x]).join();
              const value = {
                noise: feeds.noise.data[row * width + x] as number,
                sigma: feeds.sigma.data[row * width + x] as number,
              };
              expect(seen.get(key) ?? value).toEqual(value);
              seen.set(key, value);
            }
            return session.run(feeds, options);
          };
          return { ...session, run };
        },
      };
      // Each pixel of this row has a colour of its own, to know it by.
      for (let x = 0; x < 200; x++) small.data.set([x + 20, 255 - x, 100], (20 * 200 + x) * 3);
      await run(small, { tile, overlap: 16 }, spy);
    }
    expect(seen.size).toBe(200);
    expect(new Set([...seen.values()].map(({ sigma }) => sigma)).size).toBeGreaterThan(1);
  });

  it("is the masks too: none makes samsr the same as sinsr, regions and a coverage of one's own do not", async () => {
    const small = picture(64, 64);
    const sinsr = await run(small, { method: "sinsr" }, sessions);
    const none = await run(small, { masks: "none" }, sessions);
    expect(largestDifference(sinsr.raster, none.raster)).toBe(0);
    const regions = await run(small, {}, sessions);
    expect(largestDifference(sinsr.raster, regions.raster)).toBeGreaterThan(0);
    expect(regions.info).toMatchObject({ masks: "regions", coverage: { maximum: expect.any(Number) } });
    expect(regions.info.coverage.maximum).toBeGreaterThan(0);
    const own = { ...emptyCoverage(64, 64), counts: new Uint16Array(64 * 64).fill(1) };
    const given = await run(small, { masks: own }, sessions);
    expect(given.info).toMatchObject({ masks: "given", coverage: { covered: 1, maximum: 1 } });
    expect(largestDifference(regions.raster, given.raster)).toBeGreaterThan(0);
    const release = await run(small, { variant: "release" }, sessions);
    expect(largestDifference(regions.raster, release.raster)).toBeGreaterThan(0);
  });

  it("is fresh noise in each step of resshift's chain, none but the first in the others'", async () => {
    const asked: string[] = [];
    const spy: Sessions = {
      ...sessions,
      async of(stage, size) {
        const session = await sessions.of(stage, size);
        if (stage.name !== "denoiser") return session;
        return {
          ...session,
          run(feeds, options) {
            asked.push(String(feeds.t.data[0]));
            return session.run(feeds, options);
          },
        };
      },
    };
    const small = picture(32, 32);
    const settings = { steps: 3, masks: "none" } as const;
    const resshift = await run(small, { ...settings, method: "resshift" }, spy);
    expect(asked).toEqual(["10", "5", "0"]);
    const sinsr = await run(small, { ...settings, method: "sinsr" }, spy);
    expect(largestDifference(resshift.raster, sinsr.raster)).toBeGreaterThan(0);
    const noise = (stream: number) =>
      createNoise({ seed: 0, width: 8, height: 8, channels: 48, stream }).fill(0, 0, 8, 8);
    expect(noise(0)).not.toEqual(noise(15));
  });
});

describe("a job", () => {
  it("asks Segment Anything on the enlargement, or as the release on the image's size, and hears an abort", async () => {
    const small = picture(40, 32);
    const seen: { width: number; height: number; channels: number }[] = [];
    let stop = false;
    const reports: Progress[] = [];
    const context: EnlargeContext = {
      ...idle,
      progress: (value) => reports.push(value),
      checkpoint: async () => {
        if (stop) throw new DOMException("the call was aborted", "AbortError");
      },
      async findMasks({ width, height, channels }, options, { progress, checkpoint } = {}) {
        seen.push({ width, height, channels });
        expect(options?.pointsPerSide).toBe(8);
        for (let done = 1; done <= 2; done++) {
          await checkpoint?.();
          progress?.({ done, total: 2 });
          stop = seen.length === 3;
        }
        // The upper half.
        const mask = Uint8Array.from({ length: width * height }, (_, p) =>
          p < (width * height) / 2 ? 1 : 0,
        );
        return { masks: [{ runs: runsOf(mask, width, height) } as SamMask] };
      },
    };
    const ask = (variant: "paper" | "release") =>
      run(small, { masks: "sam", samOptions: { pointsPerSide: 8 }, variant }, sessions, context);
    const paper = await ask("paper");
    expect(paper.info).toMatchObject({ masks: "sam", coverage: { covered: 0.5, maximum: 1 } });
    // The background mask covers the lower half.
    expect((await ask("release")).info.coverage).toMatchObject({ covered: 1, maximum: 1 });
    expect(seen).toEqual([
      { width: 160, height: 128, channels: 3 },
      { width: 40, height: 32, channels: 3 },
    ]);
    expect(reports.filter(({ stage, total }) => stage === "masks" && total === 2).length).toBe(4);
    await expect(ask("paper")).rejects.toThrow("aborted");
  });

  it("reports its stages in order, and every tile", async () => {
    const reports: Progress[] = [];
    const context = { ...idle, progress: (p: Progress) => reports.push(p) };
    const { info } = await run(picture(150, 70), { tile: 64, scale: 3 }, sessions, context);
    const stages = reports.map(({ stage }) => stage).filter((stage, i, all) => stage !== all[i - 1]);
    expect(stages).toEqual(["masks", "noise", "tiles", "resample"]);
    const tiles = reports.filter(({ stage }) => stage === "tiles");
    expect(tiles.map(({ done }) => done)).toEqual(Array.from({ length: info.tiles + 1 }, (_, i) => i));
    expect(tiles.every(({ total }) => total === info.tiles)).toBe(true);
    expect(info).toMatchObject({
      tiles: 2 * 2,
      tile: [80, 48],
      method: "samsr",
      steps: 1,
      seed: 0,
      device: "cpu",
    });
    const { total, network, noise, masks, load, blend } = info.milliseconds;
    expect(total).toBeGreaterThanOrEqual(network + noise + masks + load + blend - 3);
  });

  it("stops between two tiles", async () => {
    let done = 0;
    const context: EnlargeContext = {
      progress: (p) => {
        if (p.stage === "tiles") done = p.done;
      },
      cancelled: () => done === 2,
      async checkpoint() {
        if (done === 2) throw new DOMException("enough", "AbortError");
      },
    };
    await expect(run(picture(150, 150), { tile: 64 }, sessions, context)).rejects.toThrow("enough");
    expect(done).toBe(2);
  });

  it("stops between two steps of a chain", async () => {
    let calls = 0;
    const spy: Sessions = {
      ...sessions,
      async of(stage, size) {
        const session = await sessions.of(stage, size);
        if (stage.name !== "denoiser") return session;
        return {
          ...session,
          run(feeds, options) {
            calls++;
            return session.run(feeds, options);
          },
        };
      },
    };
    const context = { ...idle, cancelled: () => calls === 2 };
    await expect(run(picture(32, 32), { steps: 15 }, spy, context)).rejects.toThrow(/abort/);
    expect(calls).toBe(2);
  });
});

describe("sessions", () => {
  it("stay for a size of tile, and are released in the end", async () => {
    const own = open();
    const [graph] = own.kind.onePass;
    const first = await own.of(graph, { width: 32, height: 32 });
    const second = await own.of(graph, { width: 64, height: 32 });
    expect(await own.of(graph, { width: 32, height: 32 })).toBe(first);
    expect(await own.of(graph, { width: 64, height: 32 })).toBe(second);
    await own.release();
    await expect(first.run({})).rejects.toThrow(/released/);
  });

  it("say in one line when the weights do not fit", async () => {
    const damaged = createSessions(small, async () => ({ tensors: new Map() }), { device: "cpu" });
    await expect(damaged.check()).rejects.toThrow(
      /model small: the student does not fit its network .*install it again/,
    );
  });
});
