/** Web Workers, as `thread.ts` needs them. */
import { SamsrError } from "../base/errors.js";
import type { Port, PortEvents, Receive } from "./port.js";

/** Starts a Web Worker from a module's address, or takes the one that a function makes. */
export function openPort(source: URL | (() => Worker), events: PortEvents): Port {
  const worker = typeof source === "function" ? source() : new Worker(source, { type: "module" });
  worker.onmessage = (event) => events.message(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    events.died(new SamsrError(`the worker thread failed: ${event.message || "its script does not load"}`));
  };
  return {
    post: (message, transfer) => worker.postMessage(message, [...transfer]),
    keepAlive: () => {},
    stop: async () => worker.terminate(),
  };
}

/** Listens to the owner, in the worker. */
export function serve(receive: Receive): void {
  const scope = globalThis as unknown as Pick<Worker, "addEventListener" | "postMessage">;
  scope.addEventListener("message", (event) => {
    receive((event as MessageEvent).data, (message, transfer) => scope.postMessage(message, [...transfer]));
  });
}

/**
 * Tells whether threads can share memory: in Node always, in a page only when it is cross-origin isolated
 * (COOP and COEP headers).
 */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer !== "undefined" && (globalThis.crossOriginIsolated ?? true);
}
