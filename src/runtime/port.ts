/** A worker thread as Node and a browser both have one; `thread-node.ts` and `thread-web.ts` make it. */
import type { SamsrError } from "../base/errors.js";
import type { FromWorker, ToWorker } from "./wire.js";

export interface ThreadOptions {
  /** Limit of the worker's JavaScript heap in MB; tensors live outside it. Node only. */
  readonly heapMegabytes?: number;
}

/** A worker as both runtimes have one. */
export interface Port {
  post(message: ToWorker, transfer: readonly ArrayBuffer[]): void;
  /** Whether the thread keeps the process alive. */
  keepAlive(yes: boolean): void;
  /** Ends the thread at a moment when that is safe. */
  stop(): Promise<void>;
}

export interface PortEvents {
  message(message: FromWorker): void;
  /** The thread is gone, or will never work. */
  died(reason: SamsrError): void;
}

/** The worker's way to answer. */
export type Post = (message: FromWorker, transfer: readonly ArrayBuffer[]) => void;

/** What a worker does with each message. */
export type Receive = (message: ToWorker, post: Post) => void;
