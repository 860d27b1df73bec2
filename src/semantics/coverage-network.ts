/**
 * Coverage from a network: one pass where a mask generator takes many. The network looks at the whole picture at once, since
 * what a region is depends on all of it; so a large picture is shrunk to a bounded size, as Segment Anything shrinks it, and
 * time and memory stay bounded too.
 */
import { type Raster, toTensor } from "../image/raster.js";
import { resample } from "../image/resample.js";
import { combineRows, kernels, resizeRows, taps } from "../image/resize.js";
import { type CoverageNetworkConfig, coverageMultiple, coverageNetwork } from "../networks/index.js";
import { frozenScope, type StateDict } from "../nn/index.js";
import { input, toModel } from "../onnx/index.js";
import { createSession, floatTensor, type Session, type SessionOptions } from "../runtime/index.js";
import type { Coverage } from "./coverage.js";

/** Pictures with a longer side are shrunk to it. */
export const LONGEST_NETWORK_SIDE = 256;

/** Sizes whose sessions stay: pictures of a folder mostly share theirs. */
const KEPT_SESSIONS = 2;

/** Predicted counts, not rounded, of a picture that may have been shrunk. */
export interface CountMap {
  width: number;
  height: number;
  /** [height, width] */
  counts: Float32Array;
}

export interface CoveragePredictor {
  /** Of a raster of any channels and depth; alpha is not looked at. */
  predict(raster: Raster): Promise<CountMap>;
  /** The same in whole numbers at the raster's own size, as masks would have them. */
  coverage(raster: Raster): Promise<Coverage>;
  release(): Promise<void>;
}

/**
 * @example
 * const predictor = createCoveragePredictor(weights, config, { threads: 2 });
 * const coverage = await predictor.coverage(raster);
 */
export function createCoveragePredictor(
  weights: StateDict,
  config: CoverageNetworkConfig,
  options: SessionOptions = {},
): CoveragePredictor {
  const scope = frozenScope(weights);
  const multiple = coverageMultiple(config);
  /** By size, the one used last at the end. */
  const sessions = new Map<string, Promise<Session>>();

  async function sessionFor(width: number, height: number): Promise<Session> {
    const key = `${width}x${height}`;
    const known = sessions.get(key);
    sessions.delete(key);
    const session =
      known ??
      createSession(
        toModel({ counts: coverageNetwork(scope, config, input("image", [1, 3, height, width])) }).bytes,
        {
          name: `coverage network (${width} x ${height})`,
          ...options,
        },
      );
    sessions.set(key, session);
    session.catch(() => sessions.delete(key));
    for (const [oldest, old] of sessions) {
      if (sessions.size <= KEPT_SESSIONS) break;
      sessions.delete(oldest);
      await old.then((s) => s.release());
    }
    return session;
  }

  async function predict(raster: Raster): Promise<CountMap> {
    const shrink = Math.min(1, LONGEST_NETWORK_SIDE / Math.max(raster.width, raster.height));
    const [width, height] = [raster.width, raster.height].map((side) =>
      Math.max(1, Math.round(side * shrink)),
    );
    const seen = await resample(raster, width, height);
    const [paddedWidth, paddedHeight] = [width, height].map((side) => Math.ceil(side / multiple) * multiple);
    const region = { x: 0, y: 0, width: paddedWidth, height: paddedHeight };
    const session = await sessionFor(paddedWidth, paddedHeight);
    const results = await session.run({
      image: floatTensor([1, 3, paddedHeight, paddedWidth], toTensor(seen, region)),
    });
    const padded = results.counts.data as Float32Array;
    const counts = new Float32Array(width * height);
    for (let y = 0; y < height; y++) {
      counts.set(padded.subarray(y * paddedWidth, y * paddedWidth + width), y * width);
    }
    return { width, height, counts };
  }

  return {
    predict,
    coverage: async (raster) => wholeCounts(await predict(raster), raster),
    async release() {
      const all = [...sessions.values()];
      sessions.clear();
      for (const session of all) await session.then((s) => s.release()).catch(() => {});
    },
  };
}

/** Enlarges a map (bilinear) line by line and rounds it. */
export function wholeCounts(map: CountMap, { width, height }: { width: number; height: number }): Coverage {
  const across = taps(map.width, width, kernels.bilinear, false);
  const down = taps(map.height, height, kernels.bilinear, false);
  const lines = new Float32Array(map.height * width);
  resizeRows(map.counts, map.width, lines, width, across);
  const counts = new Uint16Array(width * height);
  const line = new Float32Array(width);
  for (let y = 0; y < height; y++) {
    combineRows(lines, (k) => (down.first[y] + k) * width, down, y * down.count, line, 0, width);
    for (let x = 0; x < width; x++) counts[y * width + x] = Math.round(line[x]);
  }
  return { width, height, counts };
}
