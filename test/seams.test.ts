/**
 * Nobody sees where tiles meet: the result in tiles is compared with the result in one piece. The two differ
 * a little everywhere, because group normalisation takes its statistics from the tile and the network sees
 * less around it; the overlap has to keep the difference near a seam no larger than anywhere else.
 */
import { readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { crop, decode, planTiles, type Raster } from "../src/image/index.js";
import { handOvers, type Span } from "../src/image/tiles.js";
import { enlarge } from "../src/upscale/enlarge.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { DEFAULT_OVERLAP, DEFAULT_TILE } from "../src/upscale/kinds/pixel.js";
import { findPart, findUpscalingModel } from "../src/upscale/model.js";
import { runnerHere } from "../src/upscale/runner.js";
import { createSessions, type Sessions } from "../src/upscale/sessions.js";
import { resolveSettings } from "../src/upscale/settings.js";
import { photoLike } from "./fixtures/pictures.js";
import { smallLatentDescription, smallLatentWeights } from "./fixtures/small-latent-model.js";
import { hasShared, sharedPath } from "./shared.js";

let sessions: Sessions;
let latent: Sessions;
afterAll(async () => {
  await Promise.all([sessions?.release(), latent?.release()]);
});
beforeAll(async () => {
  const model = await findUpscalingModel("samsr-tiny");
  const options = { device: "cpu", threads: 1 } as const;
  sessions = createSessions(
    { name: "", kind: kindOf(model.description) },
    (part) => findPart(model, part),
    options,
  );
  latent = createSessions(
    { name: "", kind: kindOf(smallLatentDescription) },
    async (part) => ({ tensors: smallLatentWeights(part) }),
    options,
  );
});

const idle = { progress: () => {}, cancelled: () => false, checkpoint: async () => {} };

async function enlarged(raster: Raster, tile: number, overlap: number, by = sessions): Promise<Raster> {
  const settings = resolveSettings({ tile, overlap }, raster, by.kind);
  return (await enlarge(raster, settings, runnerHere(by), "cpu", idle)).raster;
}

/**
 * d is the difference between tiled and whole. `near` is the mean of |d| within 4 pixels of the middle of a
 * hand-over, `inside` where one tile stands alone; `step` and `stepInside` are the means of |d(x + 1) - d(x)|
 * and |d(y + 1) - d(y)| there, which is what the eye sees of a seam. All in levels of 255.
 */
function compare(tiled: Raster, whole: Raster, tile: number, overlap: number, { kind } = sessions) {
  const { width, height } = whole;
  const plan = planTiles(width / 4, height / 4, {
    tile,
    overlap,
    multiple: kind.multiple,
  });
  expect(plan.tiles.length).toBeGreaterThan(1);
  const [fromColumn, fromRow] = [
    distances(plan.columns, overlap, width),
    distances(plan.rows, overlap, height),
  ];
  const difference = Int16Array.from(tiled.data, (value, i) => value - whole.data[i]);
  const means = { near: mean(), inside: mean(), step: mean(), stepInside: mean() };
  for (let y = 0, at = 0; y + 1 < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.min(fromColumn[x], fromRow[y]);
      const [near, inside] = [distance <= 4, distance > 2 * overlap + 16];
      for (let c = 0; c < 3; c++, at++) {
        if (x + 1 === width || (!near && !inside)) continue;
        const d = difference[at];
        (near ? means.near : means.inside).add(d);
        (near ? means.step : means.stepInside).add(difference[at + 3] - d);
        (near ? means.step : means.stepInside).add(difference[at + 3 * width] - d);
      }
    }
  }
  return Object.fromEntries(Object.entries(means).map(([name, m]) => [name, m.value()])) as Record<
    keyof typeof means,
    number
  >;
}

/** How far each pixel of the large image is from the middle of the nearest hand-over along an axis. */
function distances(spans: readonly Span[], overlap: number, length: number): Float64Array {
  const seams = handOvers(spans, overlap).map((one) => 4 * (one.begin + one.length / 2));
  return Float64Array.from({ length }, (_, i) => Math.min(...seams.map((seam) => Math.abs(i + 0.5 - seam))));
}

/** Of absolute values. */
function mean() {
  let [sum, count] = [0, 0];
  return {
    add(value: number) {
      sum += Math.abs(value);
      count++;
    },
    value: () => sum / Math.max(count, 1),
  };
}

function expectNoSeam({ near, inside, step, stepInside }: ReturnType<typeof compare>): void {
  expect(near).toBeLessThanOrEqual(1.5 * inside + 0.05);
  expect(step).toBeLessThanOrEqual(1.5 * stepInside + 0.05);
}

describe("tiles", () => {
  it("meet without a seam, which the same measure finds where they do not overlap", {
    timeout: 300_000,
  }, async () => {
    const small = photoLike(320, 64);
    const whole = await enlarged(small, 256, 0);
    const measured = compare(await enlarged(small, 128, DEFAULT_OVERLAP), whole, 128, DEFAULT_OVERLAP);
    expectNoSeam(measured);
    expect(measured.near).toBeLessThan(2);
    const abutting = compare(await enlarged(small, 128, 0), whole, 128, 0);
    expect(abutting.step).toBeGreaterThan(1.5 * abutting.stepInside + 0.05);
    expect(abutting.step).toBeGreaterThan(1.5 * measured.step);
  });

  it("of a model of latents too", { timeout: 300_000 }, async () => {
    const small = photoLike(112, 112);
    const whole = await enlarged(small, 112, 0, latent);
    const measure = async (overlap: number) =>
      compare(await enlarged(small, 64, overlap, latent), whole, 64, overlap, latent);
    const measured = await measure(latent.kind.overlap);
    expectNoSeam(measured);
    // Random codes make much of every difference, wherever it is.
    const abutting = await measure(0);
    expect(abutting.near / abutting.inside).toBeGreaterThan((1.1 * measured.near) / measured.inside);
    expect(abutting.step / abutting.stepInside).toBeGreaterThan((1.1 * measured.step) / measured.stepInside);
  });

  it.skipIf(!hasShared)(
    "of half the default side, which see less, meet without a seam in a photo",
    { timeout: 300_000 },
    async () => {
      const folder = sharedPath("data", "test", "RealSR");
      const [file] = readdirSync(folder).filter((name) => name.startsWith("Canon_045"));
      const { raster } = await decode(`${folder}/${file}`);
      const small = crop(raster, { x: 0, y: 0, width: 224, height: 96 });
      const whole = await enlarged(small, 224, 0);
      const tile = DEFAULT_TILE / 2;
      const tiled = await enlarged(small, tile, DEFAULT_OVERLAP);
      const measured = compare(tiled, whole, tile, DEFAULT_OVERLAP);
      expectNoSeam(measured);
      expect(measured.near).toBeLessThan(2);
    },
  );
});
