/** A kind of model that nobody has heard of: one pass that doubles a picture, without noise and masks. */
import { expect, it } from "vitest";
import { photoLike } from "../../../test/fixtures/pictures.js";
import { createRaster, type Raster } from "../../image/raster.js";
import { frozenScope, ones } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { createGraphSession, floatTensor } from "../../runtime/index.js";
import { enlarge } from "../enlarge.js";
import { exportGraph } from "../export.js";
import { runnerHere } from "../runner.js";
import { createSessions } from "../sessions.js";
import { type Progress, resolveSettings, type UpscaleSettings } from "../settings.js";
import type { ModelKind, TileGraph } from "./kind.js";

/** Every pixel times the model's one weight, as a square of 2 x 2. */
const network: TileGraph = {
  name: "doubling",
  output: "hr",
  timed: "network",
  weights: "network",
  build(p, { lq }) {
    const [, channels, height, width] = lq.shape;
    const scaled = o.mul(lq, p.parameter("gain", [], ones));
    const squares = o.concat([scaled, scaled, scaled, scaled], 1);
    const cells = o.reshape(squares, [1, 2, 2, channels, height, width]);
    return o.reshape(o.transpose(cells, [0, 3, 4, 1, 5, 2]), [1, channels, 2 * height, 2 * width]);
  },
};

const doubling: ModelKind = {
  scale: 2,
  multiple: 4,
  tile: 16,
  overlap: 4,
  keptBytes: 0,
  onePass: [network],
  graphs: [network],
  enlarge: ({ paint, run }) => paint((picture) => run(network, { lq: picture.lq() }, picture.tile)),
};

const gain = new Map([["gain", { shape: [], data: Float32Array.of(1) }]]);

async function doubled(raster: Raster, settings: UpscaleSettings = {}) {
  const of = { name: "doubling", kind: doubling };
  const sessions = createSessions(of, async () => ({ tensors: gain }), { device: "cpu", threads: 1 });
  await sessions.check();
  const stages = new Set<string>();
  const context = {
    progress: ({ stage }: Progress) => void stages.add(stage),
    cancelled: () => false,
    checkpoint: async () => {},
  };
  const resolved = resolveSettings(settings, raster, doubling);
  const result = await enlarge(raster, resolved, runnerHere(sessions), "cpu", context);
  await sessions.release();
  return { ...result, stages: [...stages] };
}

function nearest({ width, height, channels, data }: Raster): Raster {
  const out = createRaster(2 * width, 2 * height, channels);
  out.data.forEach((_, i) => {
    const [p, c] = [Math.floor(i / channels), i % channels];
    const [x, y] = [(p % (2 * width)) >> 1, Math.floor(p / (2 * width)) >> 1];
    out.data[i] = data[(y * width + x) * channels + c];
  });
  return out;
}

it("enlarges by its own factor, tile by tile, with alpha, and tells no masks and no noise", async () => {
  const photo = photoLike(37, 21);
  const { raster, info, stages } = await doubled(photo);
  expect(raster).toEqual(nearest(photo));
  expect(stages).toEqual(["tiles"]);
  expect(info).toMatchObject({ tile: [16, 16], masks: "none", coverage: { maximum: 0 } });
  expect(info.tiles).toBeGreaterThan(4);
  expect(Object.keys(info)).not.toContain("kappa");

  const shape = createRaster(37, 21, 4);
  shape.data.forEach((_, i) => {
    shape.data[i] = i % 4 === 3 ? 255 * Number((i >> 2) % 37 > 15) : 200;
  });
  expect((await doubled(shape)).raster.data.filter((_, i) => i % 4 === 3)).toEqual(
    nearest(shape).data.filter((_, i) => i % 4 === 3),
  );
  const large = await doubled(photo, { scale: 4, seed: 3, masks: "none" });
  expect([large.raster.width, large.stages]).toEqual([148, ["tiles", "resample"]]);
});

it.each([{ steps: 1 }, { method: "sinsr" }, { kappa: 1 }, { masks: "regions" }] as UpscaleSettings[])(
  "refuses what means nothing to it: %j",
  async (settings) => {
    const [name] = Object.keys(settings);
    await expect(doubled(photoLike(8, 8), settings)).rejects.toThrow(`${name} has no meaning for this model`);
  },
);

it("is exported from the small picture alone, of any size", async () => {
  const graph = exportGraph(doubling, () => frozenScope(gain), { width: 7, height: 5 });
  const session = await createGraphSession(graph, { device: "cpu", threads: 1 });
  expect(session.inputs).toEqual(["lq"]);
  const lq = floatTensor([1, 3, 5, 7]);
  lq.data.forEach((_, i) => {
    lq.data[i] = (i % 7) / 7;
  });
  const { hr } = await session.run({ lq });
  await session.release();
  expect(hr.shape).toEqual([1, 3, 10, 14]);
  expect(hr.data[5]).toBeCloseTo(2 / 7, 5);
});
