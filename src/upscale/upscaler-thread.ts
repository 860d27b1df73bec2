/**
 * The thread of an upscaler in Node, which may be started before all else is loaded: it reads its own
 * modules, ONNX Runtime and the model while the main thread reads codecs and the picture.
 */
import { startThread, type Thread } from "../runtime/thread.js";
import type { functions as walkFunctions } from "./walk-node.js";
import type { ExpectedArguments, functions } from "./worker-node.js";

let ready: Thread<typeof functions> | undefined;

/** Starts the thread that the next upscaler takes. One that nobody takes does not keep the process alive. */
export function startThreadAhead(): void {
  ready ??= startNow();
}

/**
 * Has that thread load ONNX Runtime, and open the model that the next upscaler is expected to ask for. An
 * upscaler that asks for another opens that one.
 */
export function loadAhead(expected?: ExpectedArguments): void {
  startThreadAhead();
  // What fails here fails where it is needed.
  ready?.call("load", expected).catch(() => {});
}

/** Returns the thread that was started ahead, else a new one. */
export function takeThread(): Thread<typeof functions> {
  const thread = ready ?? startNow();
  ready = undefined;
  return thread;
}

/** Starts a thread for jobs whose networks run in another. */
export function startWalker(): Thread<typeof walkFunctions> {
  return startThread<typeof walkFunctions>(new URL("./walk-node.js", import.meta.url));
}

function startNow(): Thread<typeof functions> {
  return startThread<typeof functions>(new URL("./worker-node.js", import.meta.url));
}
