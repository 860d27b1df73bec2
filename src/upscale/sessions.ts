/**
 * The sessions of a model. Making one takes as long as running it once or twice. Where the graph is of any
 * size, one session serves all: at once where it is kept for the next process too or several sizes of tile
 * are to come, else when a second comes, since the first has one of its own sooner. Other graphs have a
 * session a size, as long as all are within the bytes that may be kept: each holds the largest memory that
 * its runs have needed.
 */

import { SamsrError } from "../base/errors.js";
import { remember } from "../base/promises.js";
import { frozenScope, type Scope, type Weights } from "../nn/index.js";
import type { Value } from "../onnx/index.js";
import { peakBytes } from "../onnx/memory.js";
import {
  createAnySizeSession,
  createGraphSession,
  createSession,
  type Session,
  type SessionOptions,
} from "../runtime/index.js";
import type { KeptSessions } from "./kept-sessions.js";
import type { ModelKind, TileGraph } from "./kinds/kind.js";
import { type TileSize, tileInputs } from "./tile-inputs.js";

/** The weights of one part of a model. */
export interface PartWeights {
  readonly tensors: Weights;
  /** The folder of the file in which numbers stay that are not read. */
  readonly folder?: string;
  /** The file of a model that is one: its path, or its bytes. There are no tensors then. */
  readonly model?: string | Uint8Array;
}

/** The sessions of a model. Each is made when first asked for. */
export interface Sessions {
  /** The model's name, for messages. */
  readonly name: string;
  readonly kind: ModelKind;
  /**
   * Returns the session of a graph for tiles of a size.
   * @param more whether tiles of other sizes are to come; default: not known
   */
  of(graph: TileGraph, size: TileSize, more?: boolean): Promise<Session>;
  /** Reads the session that is kept for tiles of all sizes, where one is, before a tile asks for it. */
  begin(): Promise<void>;
  /** How many sessions were made so far. */
  readonly made: number;
  /** Returns the session of a model that is a file, for pictures of any size that it takes. */
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
 * Creates a store of sessions, one for each graph and size of tile.
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
  /** Sessions of one size, the one used last at the end. */
  const ofSize = new Map<string, SessionOfSize>();
  /** Sessions of any size by the names of their graphs; undefined for a graph that is not. */
  const ofAnySize = new Map<string, Promise<Session | undefined>>();
  let made = 0;
  const dropSizes = async (graph?: string) => {
    for (const [key, one] of ofSize) {
      if (graph !== undefined && one.graph.name !== graph) continue;
      ofSize.delete(key);
      await release(one.session);
    }
  };
  const drop = async ({ name }: TileGraph) => {
    const any = ofAnySize.get(name);
    ofAnySize.delete(name);
    if (any) await release(any);
    await dropSizes(name);
  };

  async function of(graph: TileGraph, size: TileSize, more = false): Promise<Session> {
    const key = `${graph.name} ${size.width}x${size.height}`;
    const known = ofSize.get(key);
    if (known) {
      ofSize.delete(key);
      ofSize.set(key, known);
      return known.session;
    }
    const isSecond = [...ofSize.values()].some((one) => one.graph.name === graph.name);
    const { sizedBy } = graph;
    // A graph that is not of any size may be kept for this one.
    const isKept = keeps(graph) && !kept?.has(size);
    const isShared = more || isKept || isSecond || ofAnySize.has(graph.name);
    if (sizedBy && isShared && size.width * size.height <= MOST_SHARED) {
      const any = await forAnySize(graph, sizedBy);
      if (any) return any;
    }
    return makeOfSize(key, graph, size);
  }

  /** Returns the session for tiles of all sizes, which then needs no others beside it. */
  const forAnySize = (graph: TileGraph, sizedBy: string) =>
    remember(ofAnySize, graph.name, async () => {
      const made = await makeAnySize(graph, sizedBy);
      if (made) await dropSizes(graph.name);
      return made;
    });

  /** Makes the session for tiles of all sizes, or finds it kept; undefined where the graph has none. */
  async function makeAnySize(graph: TileGraph, input: string): Promise<Session | undefined> {
    const name = `${modelName} (${graph.name})`;
    const make = async (more: SessionOptions) => {
      const part = await scopeOf(graph);
      return createAnySizeSession((size) => graphOf(graph, size, part), {
        ...{ name, input, multiple: kind.multiple },
        ...{ rewriting: ALIKE, weightsFolder: part.folder, ...options, ...more },
      });
    };
    const session = await orKept(graph, undefined, { name, ...options }, make);
    if (session) made++;
    return session;
  }

  /** Tells whether sessions of a graph, with its weights as they are, are kept in files. */
  const keeps = ({ name }: TileGraph) => kept?.graph === name && detail === kind.detail?.standard;

  /** Finds a session kept, or makes it, and keeps it where that is done. */
  async function orKept(
    graph: TileGraph,
    size: TileSize | undefined,
    own: SessionOptions,
    make: (more: SessionOptions) => Promise<Session | undefined>,
  ): Promise<Session | undefined> {
    if (!kept || !keeps(graph)) return make({});
    return (await kept.find(size, own)) ?? kept.keep(size, make);
  }

  /** Makes a session of one size, and frees those of other sizes that are too much. */
  async function makeOfSize(key: string, graph: TileGraph, size: TileSize): Promise<Session> {
    await evict(size);
    const session = makeSession(graph, size);
    const entry = { graph, size, session };
    ofSize.set(key, entry);
    made++;
    session.catch(() => {
      if (ofSize.get(key) === entry) ofSize.delete(key);
    });
    return session;
  }

  /** Makes a session of a graph and the weights in its file, or finds it kept. */
  async function makeSession(graph: TileGraph, size: TileSize): Promise<Session> {
    const name = `${modelName} (${graph.name}, tiles of ${size.width} x ${size.height})`;
    const make = async (more: SessionOptions) => {
      const part = await scopeOf(graph);
      const own = { name, rewriting: graph.sizedBy && ALIKE, weightsFolder: part.folder };
      return createGraphSession(graphOf(graph, size, part), { ...own, ...options, ...more });
    };
    // There always is one of a size.
    return (await orKept(graph, size, { name, ...options }, make))!;
  }

  const scopeOf = async ({ weights: part }: TileGraph): Promise<{ scope: Scope; folder?: string }> =>
    part ? partOf(part) : { scope: frozenScope(new Map()) };

  /** Returns a graph with its weights: the one place where they meet. */
  function graphOf(
    { output, weights: part, build }: TileGraph,
    size: TileSize,
    { scope }: { readonly scope: Scope },
  ): Record<string, Value> {
    try {
      return { [output]: build(scope, tileInputs(kind, size)) };
    } catch (cause) {
      const reason = (cause as Error).message;
      throw new SamsrError(
        `model ${modelName}: the ${part} does not fit its network (${reason}); install it again`,
        { cause },
      );
    }
  }

  /**
   * Frees the sessions of sizes used longest ago, until the rest is within what may be kept beside `inUse`.
   */
  async function evict(inUse: TileSize): Promise<void> {
    const others = [...ofSize].filter(([, { size }]) => !isSameSize(size, inUse));
    const bytes: number[] = [];
    for (const [, { graph, size }] of others) {
      bytes.push(peakBytes(Object.values(graphOf(graph, size, await scopeOf(graph)))));
    }
    let all = bytes.reduce((sum, one) => sum + one, 0);
    for (const [i, [key, { session }]] of others.entries()) {
      if (all <= kind.keptBytes) return;
      ofSize.delete(key);
      all -= bytes[i];
      await release(session);
    }
  }

  return {
    name: modelName,
    kind,
    of,
    async begin() {
      const [graph] = kind.onePass;
      if (graph?.sizedBy && keeps(graph) && kept?.has()) await forAnySize(graph, graph.sizedBy);
    },
    get made() {
      return made;
    },
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
      for (const graph of kind.onePass) graphOf(graph, size, await scopeOf(graph));
    },
    async release() {
      const others = [...ofAnySize.values(), ...files.values()];
      ofAnySize.clear();
      files.clear();
      for (const session of others) await release(session);
      await dropSizes();
    },
  };
}

/**
 * Graphs of any size are rewritten alike at every size, so that results do not tell which session made them.
 */
const ALIKE = { tiles: 1 };

/**
 * Pixels of the largest tile that the session of any size serves: larger images are computed in strips, into
 * which a graph of one size alone can be cut.
 */
const MOST_SHARED = 512 * 512;

interface SessionOfSize {
  readonly graph: TileGraph;
  readonly size: TileSize;
  readonly session: Promise<Session>;
}

function isSameSize(a: TileSize, b: TileSize): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Releases sessions; one that could not be made needs no releasing. */
function release(session: Promise<Session | undefined>): Promise<void> {
  return session.then(
    (made) => made?.release(),
    () => {},
  );
}
