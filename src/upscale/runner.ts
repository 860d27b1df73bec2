/**
 * What a walk asks of its model's networks: in this thread, or in another, in which they run while this one
 * does the rest of the work. ONNX Runtime blocks the thread that runs it and computes on all cores, so what
 * else is done of a tile must be done in another thread, or the cores wait for it.
 */
import {
  type CallContext,
  type FloatTensor,
  floatTensor,
  serveChannel,
  type Tensor,
  type Thread,
  type ThreadFunctions,
  threadOverChannel,
} from "../runtime/index.js";
import type { PredictCoverage, SourceNetworks } from "../semantics/index.js";
import type { FindMasks } from "../semantics/sources/index.js";
import type { ModelKind, TileData, TileGraph, TileTensor } from "./kinds/kind.js";
import type { Sessions } from "./sessions.js";
import { type TileSize, tileShapes } from "./tile-inputs.js";

/** What a graph gave for a tile. */
export interface Ran {
  readonly made: Float32Array;
  /** The noise that the graph was given, whose memory may have moved. */
  readonly noise?: Float32Array;
  /** Milliseconds until its session was there, and those that it ran. */
  readonly load: number;
  readonly spent: number;
}

/** A run of a graph. */
interface RunOptions {
  /** Whether tiles of other sizes are to come. */
  readonly more: boolean;
  /** Where the result is to be written, where the caller has memory for it; the result may be elsewhere. */
  readonly into?: Float32Array;
}

/** The networks of a model, as one walk asks for them. */
export interface Runner {
  /** The model's name, for messages. */
  readonly name: string;
  readonly kind: ModelKind;
  /** How many tiles may be begun before one is done: none where a run blocks this thread anyway. */
  readonly ahead: number;
  /** Sets the detail of the weights, see {@link Sessions}. */
  blend(detail: number | undefined): Promise<void>;
  /** Has the session of a graph made meanwhile, where that does not block this thread. */
  begin(graph: TileGraph, size: TileSize, options: RunOptions): void;
  /**
   * Runs a graph on one tile, [C, h, w].
   * @param data what the graph reads; `noise` and `options.into` are empty afterwards where they have moved
   * @throws an AbortError when the walk is no longer wanted
   */
  run(graph: TileGraph, data: TileData, size: TileSize, options: RunOptions): Promise<Ran>;
  /** Runs a model that is a file of its own kind. */
  runFile(
    part: string,
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<Pick<Ran, "load" | "spent"> & { readonly made: Readonly<Record<string, Tensor>> }>;
  /** Frees a graph's sessions. */
  drop(graph: TileGraph): Promise<void>;
}

/**
 * Runs networks in this thread.
 * @param job tells whether the walk is still wanted; nothing is begun when it is not
 */
export function runnerHere(
  sessions: Sessions,
  { cancelled }: Pick<CallContext, "cancelled"> = { cancelled: () => false },
): Runner {
  const { name, kind } = sessions;
  const timed = async <T>(work: () => Promise<T>): Promise<[T, number]> => {
    if (cancelled()) throw new DOMException("the call was aborted", "AbortError");
    const begun = performance.now();
    const result = await work();
    return [result, performance.now() - begun];
  };
  return {
    ...{ name, kind, ahead: 0 },
    blend: (detail) => sessions.blend(detail),
    begin() {},
    async run(graph, data, size, { more, into }) {
      const [session, load] = await timed(() => sessions.of(graph, size, more));
      const shapes = tileShapes(kind, size);
      const feeds: Record<string, FloatTensor> = {};
      for (const input of session.inputs as TileTensor[])
        feeds[input] = floatTensor(shapes[input], data[input]);
      const shape = [1, 3, kind.scale * size.height, kind.scale * size.width];
      const fetches = { [graph.output]: into ? floatTensor(shape, into) : null };
      const [results, spent] = await timed(() => session.run(feeds, { fetches }));
      return { made: results[graph.output].data as Float32Array, noise: data.noise, load, spent };
    },
    async runFile(part, feeds) {
      const [session, load] = await timed(() => sessions.ofFile(part));
      const [made, spent] = await timed(() => session.run(feeds));
      return { made, load, spent };
    },
    drop: (graph) => sessions.drop(graph),
  };
}

/** Names a graph in a call to another thread: no two of a kind share a name. */
interface GraphCall {
  readonly graph: string;
  readonly size: TileSize;
  readonly options: RunOptions;
}

interface LentFunctions extends ThreadFunctions {
  blend(detail: number | undefined): Promise<void>;
  begin(call: GraphCall): Promise<void>;
  run(call: GraphCall & { readonly data: TileData }, context: CallContext): Promise<Ran>;
  runFile(call: {
    readonly part: string;
    readonly feeds: Readonly<Record<string, Tensor>>;
  }): ReturnType<Runner["runFile"]>;
  drop(graph: string): Promise<void>;
  findMasks(asked: Parameters<FindMasks>, context: CallContext): ReturnType<FindMasks>;
  predictCoverage(asked: Parameters<PredictCoverage>): ReturnType<PredictCoverage>;
}

/**
 * Lends the networks of this thread to a walk in another, which {@link runnerElsewhere} asks from the other
 * end of a channel.
 * @param job tells whether the walk is still wanted
 * @returns resolves when the walk has closed its end, or its thread has ended
 */
export function lendRunner(
  end: MessagePort,
  sessions: Sessions,
  { findMasks, predictCoverage }: SourceNetworks,
  job: Pick<CallContext, "cancelled" | "checkpoint">,
): Promise<void> {
  const runner = runnerHere(sessions, job);
  const graphOf = (name: string) => sessions.kind.graphs.find((graph) => graph.name === name)!;
  const functions: LentFunctions = {
    blend: (detail) => runner.blend(detail),
    async begin({ graph, size, options }) {
      // What fails here fails again, and is told, at the first tile.
      await sessions.of(graphOf(graph), size, options.more).catch(() => {});
    },
    async run({ graph, size, options, data }, context) {
      const ran = await runner.run(graphOf(graph), data, size, options);
      return context.transfer(ran, buffersOf(ran.noise, options.into && ran.made));
    },
    runFile: ({ part, feeds }) => runner.runFile(part, feeds),
    drop: (graph) => runner.drop(graphOf(graph)),
    findMasks: ([picture, options], { progress }) => findMasks!(picture, options, { ...job, progress }),
    predictCoverage: ([picture]) => predictCoverage!(picture),
  };
  return serveChannel(end, functions);
}

/** Runs networks that another thread lends. */
export function runnerElsewhere(
  end: MessagePort,
  { name, kind }: Pick<Runner, "name" | "kind">,
): { readonly runner: Runner; readonly networks: Required<SourceNetworks>; close(): Promise<void> } {
  const thread: Thread<LentFunctions> = threadOverChannel(end);
  const callOf = (
    { name: graph }: TileGraph,
    { width, height }: TileSize,
    options: RunOptions,
  ): GraphCall => ({
    ...{ graph, size: { width, height }, options },
  });
  const runner: Runner = {
    // While one tile is in the network the next waits for it, and the one before is blended.
    ...{ name, kind, ahead: 1 },
    blend: (detail) => thread.call("blend", detail),
    begin(graph, size, options) {
      thread.call("begin", callOf(graph, size, options)).catch(() => {});
    },
    run(graph, data, size, options) {
      const transfer = buffersOf(data.noise, options.into);
      return thread.call("run", { ...callOf(graph, size, options), data }, { transfer });
    },
    runFile: (part, feeds) => thread.call("runFile", { part, feeds }),
    drop: (graph) => thread.call("drop", graph.name),
  };
  const networks: Required<SourceNetworks> = {
    findMasks: (picture, options, { progress } = {}) =>
      thread.call("findMasks", [picture, options], {
        onProgress: (value) => progress?.(value as { done: number; total: number }),
      }),
    predictCoverage: (picture) => thread.call("predictCoverage", [picture]),
  };
  return { runner, networks, close: () => thread.close() };
}

/** Returns the memory of those arrays that are there. */
function buffersOf(...arrays: readonly (Float32Array | undefined)[]): ArrayBuffer[] {
  return arrays.flatMap((array) => (array ? [array.buffer as ArrayBuffer] : []));
}
