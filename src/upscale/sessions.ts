/**
 * Sessions by the size of their tile. Making one takes as long as running it once, and images of one batch mostly share
 * their tiles, so the last few stay; each holds the weights and the largest memory that its runs have needed, so
 * few stay.
 */
import { SamsrError } from "../base/errors.js";
import type { PixelModel } from "../checkpoints/index.js";
import { exponentialSchedule, type Schedule } from "../diffusion/index.js";
import { sizeMultiple } from "../networks/index.js";
import { frozenScope, type Scope, type StateDict } from "../nn/index.js";
import { toModel, type Value } from "../onnx/index.js";
import { createSession, type Session, type SessionOptions } from "../runtime/index.js";
import { bicubicGraph, denoiserGraph, pixelsGraph, singleStepGraph, type TileSize } from "./graphs.js";

/** What runs a tile of one size. Each is made when first asked for. */
export interface Sessions {
  readonly model: PixelModel;
  readonly schedule: Schedule;
  singleStep(size: TileSize): Promise<Session>;
  /** Of the teacher. */
  denoiser(size: TileSize): Promise<Session>;
  bicubic(size: TileSize): Promise<Session>;
  pixels(size: TileSize): Promise<Session>;
  /** Reads the student and fits it to its network, so that a damaged model is found before there is work. */
  check(): Promise<void>;
  /** Frees all sessions. */
  release(): Promise<void>;
}

/** Sizes of tiles whose sessions stay, and how many pixels these may have together (some 10 KB of memory each). */
const LARGEST_CACHE = { sizes: 4, pixels: 256 * 256 };

/**
 * @param weights reads the student's or the teacher's weights; called at most once for each
 */
export function createSessions(
  model: PixelModel,
  weights: (part: "student" | "teacher") => Promise<StateDict>,
  options: SessionOptions,
): Sessions {
  const schedule = exponentialSchedule(model.schedule);
  const scopeOf = remember((part: "student" | "teacher") => weights(part).then(frozenScope));
  /** By size, the one used last at the end. */
  const cache = new Map<string, { size: TileSize; made: Map<string, Promise<Session>> }>();

  async function session(
    kind: string,
    size: TileSize,
    graph: () => Promise<Record<string, Value>> | Record<string, Value>,
  ): Promise<Session> {
    const key = `${size.width}x${size.height}`;
    const entry = cache.get(key) ?? { size, made: new Map<string, Promise<Session>>() };
    cache.delete(key);
    cache.set(key, entry);
    await evict();
    const known = entry.made.get(kind);
    if (known) return known;
    const name = `${model.name} (${kind}, tiles of ${size.width} x ${size.height})`;
    const made = Promise.resolve(graph()).then((outputs) =>
      createSession(toModel(outputs).bytes, { name, ...options }),
    );
    entry.made.set(kind, made);
    made.catch(() => entry.made.delete(kind));
    return made;
  }

  async function evict(): Promise<void> {
    const entries = [...cache];
    let pixels = entries.reduce((sum, [, { size }]) => sum + size.width * size.height, 0);
    // Never the last: it is the one that is being asked for.
    for (const [i, [key, { size, made }]] of entries.slice(0, -1).entries()) {
      if (entries.length - i <= LARGEST_CACHE.sizes && pixels <= LARGEST_CACHE.pixels) return;
      cache.delete(key);
      pixels -= size.width * size.height;
      await releaseAll(made);
    }
  }

  /** A graph over one of the two sets of weights. */
  async function withWeights<T>(part: "student" | "teacher", graph: (scope: Scope) => T): Promise<T> {
    const scope = await scopeOf(part);
    try {
      return graph(scope);
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new SamsrError(
        `model ${model.name}: the ${part} does not fit its network (${reason}); install it again`,
        { cause },
      );
    }
  }
  const singleStep = (size: TileSize) =>
    withWeights("student", (scope) => singleStepGraph(scope, model.config, schedule, size));
  const denoiser = (size: TileSize) =>
    withWeights("teacher", (scope) => denoiserGraph(scope, model.config, size));

  return {
    model,
    schedule,
    singleStep: (size) => session("single step", size, () => singleStep(size)),
    denoiser: (size) => session("denoiser", size, () => denoiser(size)),
    bicubic: (size) => session("bicubic", size, () => bicubicGraph(size)),
    pixels: (size) => session("pixels", size, () => pixelsGraph(size)),
    async check() {
      const side = sizeMultiple(model.config);
      await singleStep({ width: side, height: side });
    },
    async release() {
      const entries = [...cache.values()];
      cache.clear();
      for (const { made } of entries) await releaseAll(made);
    },
  };
}

async function releaseAll(made: Map<string, Promise<Session>>): Promise<void> {
  for (const session of made.values())
    await session.then(
      (s) => s.release(),
      () => {},
    );
}

/** Calls `make` once for each key; a failure is forgotten, so that it may be tried again. */
function remember<K, V>(make: (key: K) => Promise<V>): (key: K) => Promise<V> {
  const known = new Map<K, Promise<V>>();
  return (key) => {
    const value = known.get(key) ?? make(key);
    known.set(key, value);
    value.catch(() => known.delete(key));
    return value;
  };
}
