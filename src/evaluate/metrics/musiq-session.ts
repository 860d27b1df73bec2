/** MUSIQ at work. */
import type { Raster } from "../../image/raster.js";
import {
  type MetricFileName,
  MUSIQ,
  type MusiqConfig,
  musiqPatches,
  musiqScore,
  musiqStem,
  PATCH,
} from "../../networks/metrics/index.js";
import type { Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { floatTensor, type Session, type Tensor } from "../../runtime/index.js";
import type { Judgement, MetricSetup, OpenMetric } from "./metric.js";
import { oneAtATime, openGraph, refusal, scopeOf } from "./network-session.js";

/** How many patches go through the stem at once. */
const PATCHES = 64;
/** Sequences are filled up to a multiple of this, so that pictures of like sizes share a session. */
const TOKENS = 128;
const LEAST = 8;

/**
 * Opens MUSIQ: a session for the stem, which takes the patches of any picture, and one for each length of a
 * sequence.
 * @throws SamsrError when its weights are missing or damaged
 */
export async function openMusiq(
  weights: MetricFileName,
  label: string,
  setup: MetricSetup,
): Promise<OpenMetric> {
  const p = await scopeOf(weights);
  const config: MusiqConfig = weights === "musiq-ava" ? { ...MUSIQ, classes: 10 } : MUSIQ;
  const patches = o.input("patches", [PATCHES, 3, PATCH, PATCH]);
  const stem = await openGraph({ tokens: musiqStem(p, config, patches).tokens }, setup);
  const encoders = oneAtATime((key) => openEncoder(p, config, Number(key), setup));
  return {
    async measure(pairs, checkpoint) {
      const values: Judgement[] = [];
      for (const pair of pairs) {
        const reason = refusal(pair, { label, needsReference: false }, LEAST);
        values.push(reason ?? (await judge(pair.picture, config, stem, encoders, checkpoint)));
      }
      return values;
    },
    async release() {
      await stem.release();
      await encoders.release();
    },
  };
}

async function judge(
  picture: Raster,
  config: MusiqConfig,
  stem: Session,
  encoders: ReturnType<typeof oneAtATime>,
  checkpoint: () => Promise<void>,
): Promise<number> {
  const { count, data, spatial, scale } = musiqPatches(planes(picture), config.sides);
  const length = Math.ceil(count / TOKENS) * TOKENS;
  const tokens = new Float32Array(length * config.hidden);
  const size = data.length / count;
  for (let at = 0; at < count; at += PATCHES) {
    await checkpoint();
    const some = new Float32Array(PATCHES * size);
    some.set(data.subarray(at * size, (at + PATCHES) * size));
    const { data: made } = (await stem.run({ patches: floatTensor([PATCHES, 3, PATCH, PATCH], some) }))
      .tokens;
    const taken = Math.min(PATCHES, count - at) * config.hidden;
    tokens.set((made as Float32Array).subarray(0, taken), at * config.hidden);
  }
  await checkpoint();
  const encoder = await encoders.get(String(length));
  const { score } = await encoder.run({
    tokens: floatTensor([length, config.hidden], tokens),
    spatial: wholes(spatial, length),
    scale: wholes(scale, length),
    counts: floatTensor([length], new Float32Array(length).fill(1, 0, count)),
  });
  return score.data[0] as number;
}

function openEncoder(p: Scope, config: MusiqConfig, length: number, setup: MetricSetup): Promise<Session> {
  const places = {
    spatial: o.input("spatial", [length], "int64"),
    scale: o.input("scale", [length], "int64"),
    counts: o.input("counts", [length]),
  };
  return openGraph(
    { score: musiqScore(p, config, o.input("tokens", [length, config.hidden]), places).score },
    setup,
  );
}

function wholes(values: readonly number[], length: number): Tensor {
  const data = new BigInt64Array(length);
  for (const [i, value] of values.entries()) data[i] = BigInt(value);
  return { type: "int64", shape: [length], data };
}

/** Returns an 8-bit RGB picture plane by plane, in [-1, 1]. */
function planes({ width, height, data }: Raster) {
  const size = width * height;
  const out = new Float32Array(3 * size);
  for (let i = 0; i < size; i++) {
    for (let c = 0; c < 3; c++) out[c * size + i] = (data[3 * i + c] / 255) * 2 - 1;
  }
  return { width, height, data: out };
}
