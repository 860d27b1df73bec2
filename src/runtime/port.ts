/** A worker thread as Node and a browser both have one; `thread-node.ts` and `thread-web.ts` make it. */
import type { SamsrError } from "../base/errors.js";
import type { FromWorker, ToWorker } from "./wire.js";

/** How a worker thread is started. */
export interface ThreadOptions {
  /** The limit of the worker's JavaScript heap in MB, in Node only; tensors live outside it. */
  readonly heapMegabytes?: number;
}

/** What a message may have in it that is moved rather than copied. */
export type Moved = ArrayBuffer | MessagePort;

/** A worker as both runtimes have one. */
export interface Port {
  /** Sends a message, and moves these parts of it rather than copying them. */
  post(message: ToWorker, transfer: readonly Moved[]): void;
  /** Says whether the thread keeps the process alive. */
  keepAlive(yes: boolean): void;
  /** Ends the thread at a moment when that is safe. */
  stop(): Promise<void>;
}

/** What a worker's owner is told. */
export interface PortEvents {
  /** Takes a message that the worker has sent. */
  message(message: FromWorker): void;
  /** Takes note that the thread is gone, or will never work. */
  died(reason: SamsrError): void;
}

/** Sends the worker's answer, and moves these buffers of it rather than copying them. */
export type Post = (message: FromWorker, transfer: readonly ArrayBuffer[]) => void;

/** Takes a message in the worker, and answers it by `post`. */
export type Receive = (message: ToWorker, post: Post) => void;
