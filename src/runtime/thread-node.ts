/** Node's worker threads, as `thread.ts` needs them. */
import { basename } from "node:path";
import {
  type Transferable as NodeTransferable,
  parentPort,
  threadId,
  Worker,
  workerData,
} from "node:worker_threads";
import { SamsrError } from "../base/errors.js";
import { createGate, shutGate, shutGateNow, useGate } from "./gate.js";
import { aloneOnGpu, gpuLock, releaseGpuOf, useGpuLock } from "./gpu-lock.js";
import type { Port, PortEvents, Receive, ThreadOptions } from "./port.js";

/** How long an exiting process waits for a run that cannot be interrupted, in milliseconds. */
const EXIT_LIMIT = 60_000;

const running = new Set<Int32Array<SharedArrayBuffer>>();

// Node stops its workers on exit, wherever they are; inside ONNX Runtime that would abort the process.
process.on("exit", () => {
  for (const gate of running) shutGateNow(gate, EXIT_LIMIT);
});

/**
 * Starts a worker thread of Node's from a module's address.
 * @throws {SamsrError} for anything but an address
 */
export function openPort(source: URL | (() => unknown), options: ThreadOptions, events: PortEvents): Port {
  if (typeof source === "function") throw new SamsrError("startThread: in Node give the module's URL");
  const name = basename(source.pathname);
  const gate = createGate();
  const worker = new Worker(source, {
    workerData: { gate, gpu: gpuLock() },
    name,
    ...(options.heapMegabytes && { resourceLimits: { maxOldGenerationSizeMb: options.heapMegabytes } }),
  });
  const id = worker.threadId;
  running.add(gate);
  let alive = true;
  worker.on("message", events.message);
  worker.on("messageerror", (error) =>
    events.died(new SamsrError(`a message of the worker thread ${name} cannot be read: ${error.message}`)),
  );
  worker.on("error", (error: Error & { code?: string }) => {
    const message =
      error.code === "ERR_WORKER_OUT_OF_MEMORY"
        ? `the worker thread ${name} ran out of memory; try a smaller tile, or raise Node's ` +
          "--max-old-space-size"
        : `the worker thread ${name} failed: ${error.message}`;
    events.died(new SamsrError(message, { cause: error }));
  });
  worker.on("exit", (code) => {
    alive = false;
    running.delete(gate);
    releaseGpuOf(id);
    events.died(
      new SamsrError(`the worker thread ${name} ended before its work was done (exit code ${code})`),
    );
  });
  // Listening to its messages would keep the process alive, so this comes after it.
  worker.unref();
  return {
    post: (message, transfer) => worker.postMessage(message, transfer as readonly NodeTransferable[]),
    keepAlive: (yes) => (yes ? worker.ref() : worker.unref()),
    stop: async () => {
      await shutGate(gate, () => alive);
      // No longer inside, so not on the GPU either; ending frees its sessions, which is GPU work again.
      releaseGpuOf(id);
      await aloneOnGpu(() => worker.terminate());
    },
  };
}

/** Listens to the owner, in the worker. @throws {Error} in the main thread */
export function serve(receive: Receive): void {
  const port = parentPort;
  if (!port) throw new Error("serveThread belongs in a worker thread, this is the main one");
  useGate(workerData.gate);
  useGpuLock(workerData.gpu, threadId);
  port.on("message", (message) => {
    receive(message, (answer, transfer) => port.postMessage(answer, transfer as readonly NodeTransferable[]));
  });
}
