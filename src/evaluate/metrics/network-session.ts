/**
 * Networks that judge pictures at work: those of one size go through together, in a session for that size.
 */
import { existsSync } from "node:fs";
import { SamsrError } from "../../base/errors.js";
import { metricFilePath, metricsFolder } from "../../checkpoints/store/metric-files.js";
import { locateWeights } from "../../checkpoints/store/stored-weights.js";
import { bitDepth, type Raster } from "../../image/raster.js";
import type { MetricFileName } from "../../networks/metrics/index.js";
import { frozenScope, type Scope } from "../../nn/index.js";
import * as o from "../../onnx/index.js";
import { createSession, type Session, type Tensor } from "../../runtime/index.js";
import type { Judgement, Metric, MetricSetup, OpenMetric, Pair } from "./metric.js";

/** The graph of the scores [N] of pictures [N, 3, H, W], RGB in [0, 1]. */
type ScoreGraph = (picture: o.Value, original: o.Value | undefined) => o.Value;

/** Runs a graph without inputs once, for what is the same for all pictures. */
type RunOnce = (outputs: Readonly<Record<string, o.Value>>) => Promise<Record<string, Tensor>>;

/** What a metric that is one network says of itself. */
export interface NetworkFacts extends Omit<Metric, "takesBorder" | "open"> {
  /** The shortest side of a picture that the network takes. */
  readonly least: number;
  /** Loads the network. @param scopes of the weights, in the order in which the metric lists them */
  prepare(scopes: readonly Scope[], run: RunOnce): Promise<ScoreGraph>;
}

/** Opens a metric of one network. @throws SamsrError when its weights are missing or damaged */
export async function openNetwork(facts: NetworkFacts, setup: MetricSetup): Promise<OpenMetric> {
  const scopes = await Promise.all(facts.weights.map(scopeOf));
  const graph = await facts.prepare(scopes, (outputs) => runOnce(outputs, setup));
  const sessions = oneAtATime((key) => {
    const shape = key.split("x").map(Number);
    const original = facts.needsReference ? pictures("original", shape) : undefined;
    return openGraph({ score: graph(pictures("picture", shape), original) }, setup);
  });
  const measureBatch = async (pairs: readonly Pair[]): Promise<Float32Array> => {
    const [{ picture }] = pairs;
    const session = await sessions.get(`${pairs.length}x${picture.height}x${picture.width}`);
    const feeds: Record<string, Tensor> = { picture: stacked(pairs.map((pair) => pair.picture)) };
    if (facts.needsReference) feeds.original = stacked(pairs.map(({ original }) => original!));
    return (await session.run(feeds)).score.data as Float32Array;
  };
  return {
    async measure(pairs, checkpoint) {
      const values = pairs.map((pair): Judgement | undefined => refusal(pair, facts, facts.least));
      for (const places of bySize(pairs, values)) {
        await checkpoint();
        const scores = await measureBatch(places.map((place) => pairs[place]));
        places.forEach((place, i) => {
          values[place] = scores[i];
        });
      }
      return values as Judgement[];
    },
    release: () => sessions.release(),
  };
}

/**
 * Returns the scope of installed weights.
 * @throws SamsrError with the command that installs them, when they are missing
 */
export async function scopeOf(name: MetricFileName): Promise<Scope> {
  const path = metricFilePath(name);
  if (!existsSync(path)) {
    throw new SamsrError(`the weights ${name} are not installed; run "samsr metrics pull ${name}"`);
  }
  // Two files of one graph may have tensors of one name.
  return frozenScope((await locateWeights(path)).tensors, `${name}.`);
}

/** Opens a session of a graph over installed weights. */
export function openGraph(
  outputs: Readonly<Record<string, o.Value>>,
  { device, threads }: MetricSetup,
): Promise<Session> {
  return createSession(o.toModel(outputs).bytes, { device, threads, weightsFolder: metricsFolder() });
}

async function runOnce(outputs: Readonly<Record<string, o.Value>>, setup: MetricSetup) {
  const session = await openGraph(outputs, setup);
  return session.run({}).finally(() => session.release());
}

/** Sessions by a key, of which the last one stays: the next pictures mostly have the size of these. */
export function oneAtATime(make: (key: string) => Promise<Session>) {
  let held: { key: string; session: Session } | undefined;
  const release = async () => {
    const { session } = held ?? {};
    held = undefined;
    await session?.release();
  };
  return {
    async get(key: string): Promise<Session> {
      if (held?.key === key) return held.session;
      await release();
      held = { key, session: await make(key) };
      return held.session;
    },
    release,
  };
}

/** Returns an input of 8-bit pictures [N, H, W, 3] as [N, 3, H, W] in [0, 1]. */
function pictures(name: string, [n, height, width]: readonly number[]): o.Value {
  const bytes = o.input(name, [n, height, width, 3], "uint8");
  return o.transpose(o.div(o.cast(bytes, "float32"), 255), [0, 3, 1, 2]);
}

function stacked(rasters: readonly Raster[]): Tensor {
  const [{ width, height }] = rasters;
  const data = new Uint8Array(rasters.length * width * height * 3);
  for (const [i, raster] of rasters.entries()) data.set(raster.data as Uint8Array, i * width * height * 3);
  return { type: "uint8", shape: [rasters.length, height, width, 3], data };
}

/** Tells why a picture cannot be measured, if it cannot. */
export function refusal(
  { picture, original }: Pair,
  { label, needsReference }: Pick<Metric, "label" | "needsReference">,
  least: number,
): { readonly reason: string } | undefined {
  const { width, height } = picture;
  for (const raster of original ? [picture, original] : [picture]) {
    if (raster.channels !== 3 || bitDepth(raster) !== 8) {
      return { reason: `${label}: expected RGB pictures of 8 bits a channel` };
    }
  }
  if (Math.min(width, height) < least) {
    return { reason: `${label}: ${width}x${height} is too small; both sides must be at least ${least}` };
  }
  if (!needsReference) return undefined;
  if (!original) return { reason: `${label}: there is no original to compare with` };
  if (original.width === width && original.height === height) return undefined;
  return {
    reason:
      `cannot compare a ${width}x${height} picture with a ` +
      `${original.width}x${original.height} one: expected equal sizes`,
  };
}

/** Returns the places of the pictures that are left to measure, those of one size together. */
function bySize(pairs: readonly Pair[], done: readonly unknown[]): number[][] {
  const sizes = new Map<string, number[]>();
  for (const [place, { picture }] of pairs.entries()) {
    if (done[place] !== undefined) continue;
    const size = `${picture.width}x${picture.height}`;
    sizes.set(size, [...(sizes.get(size) ?? []), place]);
  }
  return [...sizes.values()];
}
