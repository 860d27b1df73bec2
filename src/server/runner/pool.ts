/**
 * Processes that enlarge pictures. Each has the picture that its network is at and one more, which it decodes
 * meanwhile. One that dies, takes too much memory or too long costs its pictures an attempt: they are tried
 * again, each alone in a process, so that the one to blame is known.
 */
import { type ChildProcess, fork } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { JobProblem } from "../jobs/job.js";
import type { WorkSettings } from "../settings.js";
import { type Executor, type PendingTask, pending } from "./executor.js";
import type { FromRunner, RunnerSettings, ToRunner } from "./protocol.js";

/** Pictures in a process at once. */
const AT_ONCE = 2;
/** Milliseconds between two looks at memory. */
const WATCH = 200;
/** How much less a process matters to the system than the one that answers requests. */
const NICE = 3;

interface Runner {
  readonly child: ChildProcess;
  readonly running: Map<string, PendingTask>;
  /** Ends what its first picture may take. */
  clock?: NodeJS.Timeout;
  /** Why it was ended, if by us. */
  fault?: { readonly id?: string; readonly problem: JobProblem };
  bytes: number;
}

const script = fileURLToPath(new URL("./process.js", import.meta.url));

export function createPool(settings: WorkSettings): Executor {
  const { processes, processMemory, jobSeconds } = settings;
  const threads = settings.threads ?? Math.max(1, Math.floor(availableParallelism() / processes));
  const { device, pixelLimit, sideLimit, frameLimit, metadataLimit, memoryLimit } = settings;
  const own: RunnerSettings = {
    ...{ threads, device, pixelLimit, sideLimit, frameLimit, metadataLimit, memoryLimit },
  };
  const runners = new Set<Runner>();
  const waiting: PendingTask[] = [];
  let closing = false;

  function start(): Runner {
    const child = fork(script, [JSON.stringify(own)], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    const runner: Runner = { child, running: new Map(), bytes: 0 };
    lower(child.pid);
    child.on("message", (message: FromRunner) => receive(runner, message));
    child.on("error", () => child.kill("SIGKILL"));
    child.on("exit", (code, signal) => died(runner, signal ?? `exit code ${code}`));
    runners.add(runner);
    return runner;
  }

  function receive(runner: Runner, message: FromRunner): void {
    const job = runner.running.get(message.id);
    if (job === undefined) return;
    if (message.kind === "progress") job.options.onProgress(message.progress);
    else {
      runner.running.delete(message.id);
      const { kind } = message;
      if (job.options.signal.aborted) job.settle({ kind: "cancelled" });
      else job.settle(kind === "done" ? { kind, result: message.result } : message);
      restartClock(runner);
      assign();
    }
  }

  function died(runner: Runner, how: string): void {
    runners.delete(runner);
    clearTimeout(runner.clock);
    const alone = runner.running.size === 1;
    for (const [id, { settle, options }] of runner.running) {
      const { fault } = runner;
      if (options.signal.aborted) settle({ kind: "cancelled" });
      else if (fault && (fault.id === id || (fault.id === undefined && alone))) {
        settle({ kind: "failed", problem: fault.problem });
      } else {
        // Who shared a process with one that took too long is not to blame.
        settle({ kind: "died", alone: alone && !fault, why: fault?.problem.detail ?? how });
      }
    }
    runner.running.clear();
    assign();
  }

  /** Restarts the time of a picture, which runs while it is the first of its process. */
  function restartClock(runner: Runner): void {
    clearTimeout(runner.clock);
    const [first] = runner.running.values();
    if (first === undefined) return;
    runner.clock = setTimeout(() => {
      const detail = `${first.task.name} takes longer than ${jobSeconds} s; make it smaller.`;
      end(runner, { id: first.task.id, problem: { status: 422, detail } });
    }, jobSeconds * 1000);
  }

  function end(runner: Runner, fault?: Runner["fault"]): void {
    runner.fault ??= fault;
    runner.child.kill("SIGKILL");
  }

  function assign(): void {
    for (let i = 0; i < waiting.length && !closing; ) {
      const job = waiting[i]!;
      const runner = placeFor(job);
      if (runner === undefined) {
        i++;
        continue;
      }
      waiting.splice(i, 1);
      runner.running.set(job.task.id, job);
      if (runner.running.size === 1) restartClock(runner);
      tell(runner, { kind: "run", task: job.task });
    }
  }

  /**
   * Returns the process with the fewest pictures that may have this one too; a new one where there may be.
   */
  function placeFor({ options: { alone } }: PendingTask): Runner | undefined {
    const open = [...runners].filter(({ running, child }) => {
      if (child.killed) return false;
      const exclusive = [...running.values()].some((other) => other.options.alone);
      return alone ? running.size === 0 : !exclusive && running.size < AT_ONCE;
    });
    const best = open.sort((a, b) => a.running.size - b.running.size)[0];
    if (best && best.running.size === 0) return best;
    return runners.size < processes ? start() : best;
  }

  function tell({ child }: Runner, message: ToRunner): void {
    if (child.connected) child.send(message, () => {});
  }

  const watch = setInterval(() => {
    for (const runner of runners) {
      runner.bytes = residentBytes(runner.child.pid);
      if (runner.bytes <= processMemory * 2 ** 20 || runner.running.size === 0) continue;
      const [first] = runner.running.values();
      const { name } = first!.task;
      const detail = `${name} needs more than the ${processMemory} MiB of memory that it may have.`;
      end(runner, { problem: { status: 422, detail } });
    }
  }, WATCH).unref();

  return {
    capacity: processes * AT_ONCE,
    run(task, options) {
      return pending(
        task,
        options,
        (one) => {
          waiting.push(one);
          assign();
        },
        (one) => {
          const at = waiting.indexOf(one);
          if (at >= 0) {
            waiting.splice(at, 1);
            one.settle({ kind: "cancelled" });
          }
          for (const runner of runners) {
            if (runner.running.get(task.id) === one) tell(runner, { kind: "cancel", id: task.id });
          }
        },
      );
    },
    memory: () => [...runners].reduce((sum, { bytes }) => sum + bytes, 0),
    async close() {
      closing = true;
      clearInterval(watch);
      for (const job of waiting.splice(0)) job.settle({ kind: "cancelled" });
      await Promise.all(
        [...runners].map((runner) => {
          const ended = new Promise((resolve) => runner.child.once("exit", resolve));
          end(runner);
          return ended;
        }),
      );
    },
  };
}

/**
 * Gives way to the process that answers requests, and goes first where memory ends. Linux and most others.
 */
function lower(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    setPriority(pid, NICE);
    writeFileSync(`/proc/${pid}/oom_score_adj`, "500");
  } catch {}
}

/** Returns what a process has in memory, as Linux tells it; 0 elsewhere. */
function residentBytes(pid: number | undefined): number {
  try {
    return (
      Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) * 1024
    );
  } catch {
    return 0;
  }
}
