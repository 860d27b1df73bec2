/**
 * Whose a file is that a process makes only for a while. Such a file says so, in its name or in what it
 * holds, so that what a killed process leaves can be told from what a living one still needs. A process
 * number alone does not tell: it is given again, and in another container or on another machine that shares
 * the folder it means somebody else. For Node only.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

export interface Owner {
  /** Digits that stand for the machine, its last start, and its space of process numbers. */
  readonly system: string;
  readonly pid: number;
  /** The moment the process began, in the system's own count; "0" where that cannot be known. */
  readonly began: string;
  /** Random digits, other ones for each thing that is owned. */
  readonly token: string;
}

/** What another system owns counts as left behind when it has not been touched for so many milliseconds. */
const A_DAY = 24 * 3600 * 1000;

let own: Omit<Owner, "token"> | undefined;

/** Describes this process as an owner, with a token that nothing else has. */
export function newOwner(): Owner {
  own ??= { system: thisSystem(), pid: process.pid, began: beginOf(process.pid) };
  return { ...own, token: randomBytes(6).toString("hex") };
}

/**
 * Tells whether the owner is gone. Of a process of this system that is known; any other is given up for gone
 * when its thing has not been touched for long.
 * @param idle milliseconds since it was touched
 * @param longest how long another system may leave it untouched, in milliseconds; a day by default
 */
export function isGone({ system, pid, began }: Owner, idle: number, longest = A_DAY): boolean {
  if (system !== newOwner().system) return idle > longest;
  if (!isRunning(pid)) return true;
  return began !== "0" && began !== beginOf(pid);
}

/** Returns the owner as a part of a file's name, such as "1f0a9c3b5d7e-4711-98765-a1b2c3d4e5f6". */
export function markOf({ system, pid, began, token }: Owner): string {
  return `${system}-${pid}-${began}-${token}`;
}

/** Returns the owner in a name that has `markOf` somewhere in it, or undefined. */
export function ownerIn(name: string): Owner | undefined {
  const [, system, pid, began, token] =
    /(?<![0-9a-f])([0-9a-f]{12})-(\d{1,10})-(\d{1,20})-([0-9a-f]{12})(?![0-9a-f])/.exec(name) ?? [];
  return system === undefined ? undefined : { system, pid: Number(pid), began, token };
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Reads when a process began, which Linux tells in ticks since its own start: the 22nd field, counted behind
 * the name, which may hold anything.
 */
function beginOf(pid: number): string {
  return trying(() => {
    const facts = readFileSync(`/proc/${pid}/stat`, "latin1");
    const field = facts.slice(facts.lastIndexOf(")") + 2).split(" ")[19];
    return /^\d+$/.test(field) ? field : "0";
  }, "0");
}

function thisSystem(): string {
  const boot = trying(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1"), "");
  const space = trying(() => readlinkSync("/proc/self/ns/pid"), "");
  return createHash("sha256")
    .update(JSON.stringify([hostname(), boot, space]))
    .digest("hex")
    .slice(0, 12);
}

function trying(read: () => string, otherwise: string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
