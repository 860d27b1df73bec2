/**
 * Sessions by the size of their tile. Making one takes as long as running it once, and images of one batch
 * mostly share their tiles, so the last few stay; each holds the weights and the largest memory that its runs
 * have needed, so few stay.
 */

import { SamsrError } from "../base/errors.js";
import { remember } from "../base/promises.js";
import { frozenScope, type Scope, type Weights } from "../nn/index.js";
import type { Value } from "../onnx/index.js";
import { createGraphSession, createSession, type Session, type SessionOptions } from "../runtime/index.js";
import type { KeptSessions } from "./kept-sessions.js";
import type { ModelKind, TileGraph } from "./kinds/kind.js";
import { type TileSize, tileInputs } from "./tile-inputs.js";

/** The weights of one part of a model. */
export interface PartWeights {
  readonly tensors: Weights;
  /** The folder of the file in which numbers stay that are not read. */
  readonly folder?: string;
  /** Of a model that is a file: its path, or its bytes. There are no tensors then. */
  readonly model?: string | Uint8Array;
}

/** The sessions of a model. Each is made when first asked for. */
export interface Sessions {
  /** The model's name, for messages. */
  readonly name: string;
  readonly kind: ModelKind;
  /** The session of a graph for tiles of a size. */
  of(graph: TileGraph, size: TileSize): Promise<Session>;
  /** The session of a model that is a file, for pictures of any size that it takes. */
  ofFile(part: string): Promise<Session>;
  /** Frees a graph's sessions, whose memory others need now; they come back when asked for. */
  drop(graph: TileGraph): Promise<void>;
  /**
   * Sets at which detail weights are taken that have one, 0 to 1; sessions at others are freed. It begins as
   * the model's own.
   */
  blend(detail: number | undefined): Promise<void>;
  /** Fits the weights to the graphs of one pass, so that a damaged model is found before there is work. */
  check(): Promise<void>;
  /** Frees all sessions. */
  release(): Promise<void>;
}

/**
 * @param model its name, for messages, and its kind
 * @param weights finds the weights of one part, by its name in the description, and where it has a detail at
 *   that; called at most once for each, and again for each other detail
 * @param kept sessions of the model that are in files
 */
export function createSessions(
  { name: modelName, kind }: { readonly name: string; readonly kind: ModelKind },
  weights: (part: string, detail?: number) => Promise<PartWeights>,
  options: SessionOptions,
  kept?: KeptSessions,
): Sessions {
  const scopes = new Map<string, Promise<{ scope: Scope; folder?: string }>>();
  const files = new Map<string, Promise<Session>>();
  let detail = kind.detail?.standard;
  const partOf = (part: string) =>
    remember(scopes, part, async () => {
      const { tensors, folder } = await weights(part, part === kind.detail?.student ? detail : undefined);
      return { scope: frozenScope(tensors), folder };
    });
  /** Sessions by size, the one used last at the end. */
  const cache = new Map<string, { size: TileSize; made: Map<string, Promise<Session>> }>();
  const drop = async ({ name }: TileGraph) => {
    for (const { made } of cache.values()) {
      const session = made.get(name);
      made.delete(name);
      if (session) await release(session);
    }
  };

  async function of(graph: TileGraph, size: TileSize): Promise<Session> {
    const key = `${size.width}x${size.height}`;
    const entry = cache.get(key) ?? { size, made: new Map<string, Promise<Session>>() };
    cache.delete(key);
    cache.set(key, entry);
    await evict();
    return remember(entry.made, graph.name, () => makeSession(graph, size));
  }

  /** Makes a session of a graph and the weights in its file: the one place where they meet. */
  async function makeSession(graph: TileGraph, size: TileSize): Promise<Session> {
    const name = `${modelName} (${graph.name}, tiles of ${size.width} x ${size.height})`;
    const make = async (more: SessionOptions) => {
      const { outputs, folder } = await withWeights(graph, size);
      return createGraphSession(outputs, { name, weightsFolder: folder, ...options, ...more });
    };
    if (kept?.graph !== graph.name || detail !== kind.detail?.standard) return make({});
    return (await kept.find(size, { name, ...options })) ?? kept.keep(size, make);
  }

  async function withWeights(
    { output, weights: part, build }: TileGraph,
    size: TileSize,
  ): Promise<{ outputs: Record<string, Value>; folder?: string }> {
    const { scope, folder } = part ? await partOf(part) : { scope: frozenScope(new Map()) };
    try {
      return { outputs: { [output]: build(scope, tileInputs(kind, size)) }, folder };
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new SamsrError(
        `model ${modelName}: the ${part} does not fit its network (${reason}); install it again`,
        { cause },
      );
    }
  }

  async function evict(): Promise<void> {
    const entries = [...cache];
    let pixels = entries.reduce((sum, [, { size }]) => sum + size.width * size.height, 0);
    // Never the last: it is the one that is being asked for.
    for (const [i, [key, { size, made }]] of entries.slice(0, -1).entries()) {
      if (entries.length - i <= kind.cache.sizes && pixels <= kind.cache.pixels) return;
      cache.delete(key);
      pixels -= size.width * size.height;
      await releaseAll(made);
    }
  }

  return {
    name: modelName,
    kind,
    of,
    ofFile: (part) =>
      remember(files, part, async () => {
        const { model } = await weights(part);
        return createSession(model!, { name: modelName, ...options });
      }),
    drop,
    async blend(asked = kind.detail?.standard) {
      if (!kind.detail || asked === detail) return;
      detail = asked;
      scopes.delete(kind.detail.student);
      for (const graph of kind.onePass) if (graph.weights === kind.detail.student) await drop(graph);
    },
    async check() {
      if (kept?.some) return;
      const size = { width: kind.multiple, height: kind.multiple };
      for (const graph of kind.onePass) await withWeights(graph, size);
    },
    async release() {
      const entries = [...cache.values()];
      cache.clear();
      for (const made of [files, ...entries.map(({ made }) => made)]) await releaseAll(made);
      files.clear();
    },
  };
}

async function releaseAll(made: Map<string, Promise<Session>>): Promise<void> {
  for (const session of made.values()) await release(session);
}

/** One that could not be made needs no releasing. */
function release(session: Promise<Session>): Promise<void> {
  return session.then(
    (made) => made.release(),
    () => {},
  );
}
