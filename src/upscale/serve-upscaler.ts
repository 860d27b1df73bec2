/**
 * The inner half of an upscaler, in its worker thread: a model that was opened, and jobs that are done one
 * after the other. Node's worker and a browser's differ only in how they open a model.
 */
import { createQueue } from "../base/promises.js";
import { loadBackend } from "../runtime/devices.js";
import { native } from "../runtime/gate.js";
import { type CallContext, type Device, serveThread } from "../runtime/index.js";
import type { SourceNetworks } from "../semantics/index.js";
import { lendRunner, runnerHere } from "./runner.js";
import { type Job, type JobFunctions, serveJobs } from "./serve-jobs.js";
import type { Sessions } from "./sessions.js";

/** A model that is ready for pictures. */
export interface OpenedModel {
  readonly sessions: Sessions;
  /** What masks may ask. */
  readonly networks: SourceNetworks & { release(): Promise<void> };
  readonly device: Device;
}

/** What the thread of an upscaler answers to. */
export interface UpscalerFunctions<A, Ahead = undefined> extends JobFunctions<Job> {
  /** Loads what runs networks, and what `ahead` loads, before the model is opened; it may be left out. */
  load(args: Ahead): Promise<void>;
  /** Opens the model; called once, before all else. */
  open(args: A): Promise<{ device: Device }>;
  /**
   * Runs networks for a job that walks in another thread, at the other end of a channel, until that closes
   * its end.
   */
  lend(end: MessagePort, context: CallContext): Promise<void>;
  /** Answers when all jobs before it have ended. */
  idle(args?: undefined): Promise<void>;
  /** Frees the sessions, after the jobs under way. */
  close(args?: undefined): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: as ThreadFunctions has it
  [name: string]: (args: any, context: CallContext) => unknown;
}

/**
 * Serves an upscaler in this worker thread; call it once, at the top of the worker's module.
 * @param ahead does what can be done before the model is opened
 */
export function serveUpscaler<A, Ahead = undefined>(
  open: (args: A) => Promise<OpenedModel>,
  ahead?: (args: Ahead) => Promise<void>,
): UpscalerFunctions<A, Ahead> {
  let opened: OpenedModel | undefined;
  // Two jobs at once would only share the cores, and need the memory of both.
  const inTurn = createQueue();
  return serveThread<UpscalerFunctions<A, Ahead>>({
    async load(args) {
      await native(() => loadBackend());
      await ahead?.(args);
    },
    async open(args) {
      opened = await open(args);
      return { device: opened.device };
    },
    ...serveJobs(inTurn, (_, context) => {
      const { sessions, networks, device } = opened!;
      return { runner: runnerHere(sessions, context), networks, device };
    }),
    lend: (end, context) =>
      inTurn(async () => {
        const { sessions, networks } = opened!;
        await lendRunner(end, sessions, networks, context);
      }),
    idle: () => inTurn(async () => {}),
    close: () =>
      inTurn(async () => {
        await opened?.sessions.release();
        await opened?.networks.release();
      }),
  });
}
