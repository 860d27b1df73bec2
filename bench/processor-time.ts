/** What processes took of the processor, by what Linux tells of them. */
import { readdirSync, readFileSync } from "node:fs";

/** Ticks of the kernel's clock in a second, as all of Linux's platforms have them. */
const TICKS = 100;

/** Returns seconds, the system's among them, that a process has taken since its start; 0 once it is gone. */
export function secondsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [user, system] = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 13);
    return (Number(user) + Number(system)) / TICKS;
  } catch {
    return 0;
  }
}

/** Returns seconds of processes and of all that they have started and that still run. */
export function secondsOfAll(pids: readonly number[]): number {
  let sum = 0;
  const left = [...pids];
  for (let pid = left.pop(); pid !== undefined; pid = left.pop()) {
    sum += secondsOf(pid);
    left.push(...childrenOf(pid));
  }
  return sum;
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    return [];
  }
}
