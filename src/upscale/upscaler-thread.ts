/**
 * The thread of an upscaler in Node, which may be started before all else is loaded: it reads its own modules
 * and ONNX Runtime while the main thread reads codecs and the picture.
 */
import { startThread, type Thread } from "../runtime/thread.js";
import type { functions } from "./worker-node.js";

let ready: Thread<typeof functions> | undefined;

/** Starts the thread that the next upscaler takes. One that nobody takes does not keep the process alive. */
export function startThreadAhead(): void {
  ready ??= startNow();
  // It runs on the processor unless another device is asked for; what fails here fails where it is needed.
  ready.call("load", undefined).catch(() => {});
}

/** Returns the thread that was started ahead, else a new one. */
export function takeThread(): Thread<typeof functions> {
  const thread = ready ?? startNow();
  ready = undefined;
  return thread;
}

function startNow(): Thread<typeof functions> {
  return startThread<typeof functions>(new URL("./worker-node.js", import.meta.url));
}
