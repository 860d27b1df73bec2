/** One network in one way in a process of its own: says its peak memory in MB, PyTorch's process included. */
import { readdirSync, readFileSync } from "node:fs";
import { open, type WAYS } from "./one-pass-networks.js";

const [network, way, threads] = process.argv.slice(2);
const { run, release } = await open(network, way as (typeof WAYS)[number], Number(threads));
await run();
await run();
const status = (pid: string) => readFileSync(`/proc/${pid}/status`, "utf8");
const isOwn = (pid: string) => pid === String(process.pid) || parentOf(pid) === String(process.pid);
const own = readdirSync("/proc").filter((pid) => /^\d+$/.test(pid) && isOwn(pid));
// Not getrusage's most: it counts what the parent had when it forked.
const peaks = own.map((pid) => Number(/VmHWM:\s+(\d+)/.exec(status(pid))?.[1] ?? 0) / 1024);
process.send?.(peaks.reduce((a, b) => a + b, 0));
await release();
process.exit(0);

function parentOf(pid: string): string | undefined {
  try {
    return /PPid:\s+(\d+)/.exec(status(pid))?.[1];
  } catch {
    return undefined;
  }
}
