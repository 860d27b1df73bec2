/**
 * Ctrl-C. The first one aborts: the network's result is no longer waited for, the temporary file goes, and
 * the process leaves with the shell's code for the signal (128 + its number). The second one kills at once.
 *
 * Node cannot exit while one of its threads is inside native code: it would wait for that thread, or take the
 * whole process down with an abort. A tile can take longer than anybody wants to wait, so when the thread is
 * not back in time the process ends by the signal itself, which the system carries out without asking Node. A
 * shell shows 130 either way.
 */
import { constants } from "node:os";
import { removeTemporaryFiles } from "../base/temporary-files.js";

/** The time from a signal to the end of the process, in milliseconds. */
const PATIENCE = 850;

type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "SIGPIPE";

export interface Interrupts {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /**
   * Gives work that has something to save this long, in milliseconds, before the process is ended.
   * @param code the exit code when it has ended in time; by default the signal's
   */
  allow(patience: number, code?: number): void;
  /** Acts as if this signal had come; what has become pointless is given up the same way. */
  trigger(signal: Signal): void;
  /**
   * Ends the process with the code of the signal that has come, if one has. It is called when everything is
   * put away.
   */
  leave(): Promise<void>;
}

/** Listens for SIGINT, SIGTERM and SIGHUP from here on. */
export function watchInterrupts(): Interrupts {
  const controller = new AbortController();
  let received: Signal | undefined;
  let patience = PATIENCE;
  let code: number | undefined;

  function trigger(signal: Signal): void {
    if (received !== undefined) {
      die(signal);
      return;
    }
    received = signal;
    // Should everything else hang, this does not.
    setTimeout(() => die(signal), patience).unref();
    if (signal !== "SIGPIPE") {
      const overBar = process.stderr.isTTY ? "\r\x1b[K" : "";
      process.stderr.write(`${overBar}samsr: interrupted\n`);
    }
    controller.abort();
  }
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => trigger(signal));

  async function leave(): Promise<void> {
    if (received === undefined) return;
    await codecsIdle();
    process.exit(code ?? 128 + constants.signals[received]);
  }
  const allow = (milliseconds: number, exitCode?: number) => {
    patience = milliseconds;
    code = exitCode;
  };
  return { signal: controller.signal, allow, trigger, leave };
}

/** Has the signal's own effect, which no exit handler delays. */
function die(signal: Signal): void {
  // Node ignores SIGPIPE, and Windows knows no signals: there the surest end is the hardest.
  const deadly = signal === "SIGPIPE" ? "SIGTERM" : signal;
  process.removeAllListeners(deadly);
  removeTemporaryFiles();
  process.kill(process.pid, deadly);
}

/** Encoders and decoders cannot be stopped, and an exiting process waits for them. */
async function codecsIdle(): Promise<void> {
  const { default: sharp } = await import("sharp");
  while (sharp.counters().process > 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
