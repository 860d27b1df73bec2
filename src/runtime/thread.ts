/**
 * Functions in another thread. ONNX Runtime blocks the thread that runs it, in Node always and in a browser
 * often, so whatever must stay responsive (a server, a progress bar, a page) keeps its sessions in a worker
 * and calls it through this small protocol: a call, progress while it lasts, one result or one error.
 *
 * Cancelling cannot be a message, because a blocked thread reads none: it is a shared integer that the worker
 * looks at between two tiles. A page that is not cross-origin isolated has no shared memory; there cancelling
 * is a message after all, and `checkpoint()` lets it in.
 */
import { SamsrError } from "../base/errors.js";
import * as channel from "./channel.js";
import { inNode } from "./environment.js";
import type { Moved, Port, PortEvents, Post, Receive, ThreadOptions } from "./port.js";
import * as web from "./thread-web.js";
import { type FromWorker, packError, type ToWorker, unpackError, type WireError } from "./wire.js";

/** What a function in a worker is given beside its arguments. */
export interface CallContext {
  /** Sends a value to the caller's `onProgress`. */
  progress(value: unknown): void;
  /**
   * Hands a value to the caller's `onValue`, with these buffers moved rather than copied.
   * @returns resolves when the caller has taken it, or is gone
   */
  handOver(value: unknown, buffers: readonly ArrayBuffer[]): Promise<void>;
  /** Tells whether the caller has aborted. It is cheap, so ask between tiles. */
  cancelled(): boolean;
  /**
   * Throws an `AbortError` if the caller has aborted; where that travels by message, lets messages in first.
   */
  checkpoint(): Promise<void>;
  /** Returns `value`, to be handed over with these buffers moved rather than copied. */
  transfer<T>(value: T, buffers: readonly ArrayBuffer[]): T;
}

/** The functions of a worker by name; each takes one argument and the call's context. */
// biome-ignore lint/suspicious/noExplicitAny: each function has its own type of arguments
export type ThreadFunctions = Record<string, (args: any, context: CallContext) => unknown>;

/** How a function in a worker is called. */
export interface CallOptions {
  /** Buffers and ports inside the argument to move rather than copy; they are empty here afterwards. */
  readonly transfer?: readonly Moved[];
  /**
   * Aborts the call: it is rejected at once with the signal's reason, and the worker stops when it next
   * looks.
   */
  readonly signal?: AbortSignal;
  /**
   * Called with each value that the function sends while it runs; what it throws gives the call up and
   * rejects it.
   */
  readonly onProgress?: (value: unknown) => void;
  /**
   * Called with each value that the function hands over, one after the other; what it throws gives the call
   * up and rejects it.
   */
  readonly onValue?: (value: unknown) => unknown;
}

/** A worker thread and the functions that can be called in it. */
export interface Thread<F extends ThreadFunctions = ThreadFunctions> {
  /**
   * Calls a function by name, with one argument.
   * @throws what the function threw, of the same class for `SamsrError` and the language's own errors; the
   *   signal's reason; `SamsrError` when the thread is closed, cannot start or dies.
   */
  call<K extends keyof F & string>(
    name: K,
    args: Parameters<F[K]>[0],
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<F[K]>>>;
  /** Waits for the calls that are pending (not for aborted ones), then ends the thread. */
  close(): Promise<void>;
}

interface Pending {
  resolve(value: unknown): void;
  reject(reason: unknown): void;
  /** Hands a value to the caller's `onProgress`; what that throws gives the call up. */
  tell(value: unknown): void;
  /** Hands a value to the caller's `onValue`, and resolves when that is done with it. */
  take(value: unknown): Promise<void>;
}

const closed = () => new SamsrError("this thread has been closed");

/**
 * Starts a worker thread from a module that calls `serveThread`. An idle thread does not keep the process
 * alive; a pending call does.
 *
 * @param source the module's address; in a browser also a function that makes the Worker, for bundlers that
 *   must see `new Worker(new URL(...))` spelt out.
 * @example
 * const worker = new URL("./worker.js", import.meta.url);
 * const thread = startThread<typeof import("./worker.js").functions>(worker);
 * const sum = await thread.call("add", { a: 1, b: 2 }, { signal });
 * await thread.close();
 */
export function startThread<F extends ThreadFunctions = ThreadFunctions>(
  source: URL | (() => Worker),
  options: ThreadOptions = {},
): Thread<F> {
  return threadOver(async (events) =>
    inNode
      ? (await import("./thread-node.js")).openPort(source, options, events)
      : web.openPort(source, events),
  );
}

/**
 * Returns the functions at the other end of a channel, where {@link serveChannel} answers. A thread that has
 * one end calls those of another so, without the owner of both between them.
 */
export function threadOverChannel<F extends ThreadFunctions>(end: MessagePort): Thread<F> {
  return threadOver(async (events) => channel.openPort(end, events));
}

function threadOver<F extends ThreadFunctions>(open: (events: PortEvents) => Promise<Port>): Thread<F> {
  const pending = new Map<number, Pending>();
  let ended: SamsrError | undefined;
  let closing: Promise<void> | undefined;
  let idle = () => {};
  let next = 0;

  const fail = (reason: SamsrError) => {
    ended ??= reason;
    for (const call of [...pending.values()]) call.reject(ended);
  };
  const takeFor = async (call: Pending | undefined, id: number, value: unknown) => {
    await call?.take(value);
    const port = await opening.catch(() => undefined);
    port?.post({ kind: "taken", id }, []);
  };
  const message = (m: FromWorker) => {
    // A call that was aborted is no longer here, and what it still says is of no interest.
    const call = pending.get(m.id);
    if (m.kind === "progress") call?.tell(m.value);
    else if (m.kind === "value") void takeFor(call, m.id, m.value);
    else if (m.kind === "result") call?.resolve(m.value);
    else call?.reject(unpackError(m.error));
  };
  const opening = open({ message, died: fail });
  opening.catch((error) =>
    fail(new SamsrError(`the worker thread does not start: ${error.message}`, { cause: error })),
  );

  const call = async (
    name: string,
    args: unknown,
    { transfer = [], signal, onProgress, onValue }: CallOptions = {},
  ) => {
    signal?.throwIfAborted();
    if (closing) throw closed();
    const port = await opening.catch(() => undefined);
    signal?.throwIfAborted();
    if (ended || !port) throw ended;

    const id = next++;
    const flag = web.canShareMemory() ? new Int32Array(new SharedArrayBuffer(4)) : undefined;
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise((resolve, reject) => {
        const giveUp = (reason: unknown) => {
          if (flag) Atomics.store(flag, 0, 1);
          else port.post({ kind: "cancel", id }, []);
          reject(reason);
        };
        const tell = async (value: unknown) => onProgress?.(value);
        let taken = Promise.resolve();
        const take = (value: unknown) => {
          taken = taken.then(() => onValue?.(value)).then(() => {}, giveUp);
          return taken;
        };
        pending.set(id, { resolve, reject, tell: (value) => void tell(value).catch(giveUp), take });
        onAbort = () => giveUp(signal?.reason);
        signal?.addEventListener("abort", onAbort, { once: true });
        port.keepAlive(true);
        port.post({ kind: "call", id, name, args, flag }, transfer);
      });
    } finally {
      if (onAbort) signal?.removeEventListener("abort", onAbort);
      pending.delete(id);
      if (pending.size === 0) {
        port.keepAlive(Boolean(closing));
        idle();
      }
    }
  };

  const end = async () => {
    const port = await opening.catch(() => undefined);
    if (!port) return;
    port.keepAlive(true);
    if (pending.size > 0) {
      await new Promise<void>((done) => {
        idle = done;
      });
    }
    // From here on its exit is what we want, and no one's failure.
    ended ??= closed();
    await port.stop();
  };
  const close = () => (closing ??= end());
  return { call: call as Thread<F>["call"], close };
}

/**
 * Answers the owner's calls to these functions, in the worker. Call it once, at the top of the worker's
 * module, and create sessions inside the functions, not while the module loads.
 */
export function serveThread<F extends ThreadFunctions>(functions: F): F {
  const receive = answering(functions);
  // A browser's worker must listen before its module has run; Node's keeps messages until somebody does.
  if (inNode) void import("./thread-node.js").then((node) => node.serve(receive));
  else web.serve(receive);
  return functions;
}

/**
 * Answers calls to these functions that come through a channel, until its other end is closed or its thread
 * has ended.
 */
export function serveChannel(end: MessagePort, functions: ThreadFunctions): Promise<void> {
  return channel.serve(end, answering(functions));
}

/** Returns what takes messages in the thread that has the functions. */
function answering(functions: ThreadFunctions): Receive {
  const calls = new Map<number, { cancelled: boolean; readonly handedOver: (() => void)[] }>();

  const answer = async (m: Extract<ToWorker, { kind: "call" }>, post: Post) => {
    const state = { cancelled: false, handedOver: [] as (() => void)[] };
    calls.set(m.id, state);
    const moved: ArrayBuffer[] = [];
    const cancelled = () => (m.flag ? Atomics.load(m.flag, 0) === 1 : state.cancelled);
    const context: CallContext = {
      progress: (value) => post({ kind: "progress", id: m.id, value }, []),
      handOver(value, buffers) {
        const taken = new Promise<void>((resolve) => state.handedOver.push(resolve));
        post({ kind: "value", id: m.id, value }, buffers);
        return taken;
      },
      cancelled,
      checkpoint: async () => {
        if (!m.flag) await new Promise((done) => setTimeout(done));
        if (cancelled()) throw new DOMException("the call was aborted", "AbortError");
      },
      transfer: (value, buffers) => {
        moved.push(...buffers);
        return value;
      },
    };
    try {
      if (!Object.hasOwn(functions, m.name)) {
        throw new SamsrError(
          `the worker has no function "${m.name}", only ${Object.keys(functions).join(", ")}`,
        );
      }
      const value = await functions[m.name](m.args, context);
      post({ kind: "result", id: m.id, value }, moved);
    } catch (error) {
      post({ kind: "error", id: m.id, error: packError(error) satisfies WireError }, []);
    } finally {
      calls.delete(m.id);
    }
  };

  return (m, post) => {
    if (m.kind === "call") void answer(m, post);
    else {
      const state = calls.get(m.id);
      if (m.kind === "taken") state?.handedOver.shift()?.();
      else if (state) state.cancelled = true;
    }
  };
}
