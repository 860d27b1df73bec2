import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { SamsrError } from "./errors.js";
import { sweepLocks, whileLocked } from "./lock.js";
import { markOf, newOwner, type Owner } from "./owner.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-lock-"));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
let lock: string;
beforeEach(() => {
  lock = join(folder, `${count++}.lock`);
});

const elsewhere = { system: "0123456789ab", host: "far" };

/** As if somebody else held it, who was last seen so many minutes ago. */
function heldBy(more: Partial<Owner & { host: string }> | string, minutes = 0): void {
  const content = typeof more === "string" ? more : JSON.stringify({ ...newOwner(), host: "here", ...more });
  writeFileSync(lock, content);
  const then = new Date(Date.now() - minutes * 60_000);
  utimesSync(lock, then, then);
}

const hold = <T>(work: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal) =>
  whileLocked(lock, { what: "the file", doing: "fetched" }, signal, work);

async function refusal(): Promise<string> {
  const error = await hold(async () => "had it").catch((e) => e);
  expect(error).toBeInstanceOf(SamsrError);
  return error.message;
}

describe("a lock", () => {
  it("is held while the work lasts, and by one of this process at a time", async () => {
    const result = await hold(async () => {
      expect(JSON.parse(readFileSync(lock, "utf8"))).toMatchObject({ pid: process.pid });
      expect(await refusal()).toMatch(/^the file is being fetched by this process already/);
      expect(existsSync(lock)).toBe(true);
      return "done";
    });
    expect(result).toBe("done");
    await expect(hold(() => Promise.reject(new Error("torn")))).rejects.toThrow("torn");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("of work that was over when its owner was killed is swept, and no other file", async () => {
    const place = mkdtempSync(join(tmpdir(), "samsr-lock-"));
    const put = (name: string, content: object) => writeFileSync(join(place, name), JSON.stringify(content));
    put(".gone.png.lock", { ...newOwner(), host: "here", pid: 999_999_999 });
    put(".alive.png.lock", { ...newOwner(), host: "here" });
    put(".far.png.lock", { ...newOwner(), ...elsewhere });
    put(".foreign.lock", { pid: 1 });
    put("plain.lock", { ...newOwner(), host: "here", pid: 999_999_999 });
    await sweepLocks(place);
    expect(readdirSync(place).sort()).toEqual([
      ".alive.png.lock",
      ".far.png.lock",
      ".foreign.lock",
      "plain.lock",
    ]);
    await sweepLocks(join(place, "missing"));
    rmSync(place, { recursive: true });
  });

  it("goes to exactly one of many who want it at once", async () => {
    const all = await Promise.allSettled(Array.from({ length: 10 }, () => hold(async () => {})));
    expect(all.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  it.each<[string, Partial<Owner & { host: string }> | string, number, RegExp]>([
    ["a process that runs", { pid: 1, began: "0" }, 600, /another samsr \(process 1\)/],
    ["this process, in a thread of its own", {}, 600, /another samsr \(process \d+\)/],
    ["a process of another container", elsewhere, 4, /\(process \d+ of far, seen 240 seconds ago\)/],
    ["one whose number nobody has here", { ...elsewhere, pid: 999_999_999 }, 4, /of far/],
    ["somebody who has just come, and not yet said who", "", 4, /it does not say which/],
  ])("of %s is respected", async (_, more, minutes, message) => {
    heldBy(more, minutes);
    const before = readFileSync(lock, "utf8");
    expect(await refusal()).toMatch(message);
    expect(readFileSync(lock, "utf8")).toBe(before);
    rmSync(lock);
  });

  it.each<[string, Partial<Owner & { host: string }> | string]>([
    ["a process that is gone", { pid: 999_999_999 }],
    ...(process.platform === "linux"
      ? [["a process whose number another has now", { began: "1" }] as [string, Partial<Owner>]]
      : []),
  ])("of %s does not count", async (_, more) => {
    heldBy(more);
    expect(await hold(async () => "had it")).toBe("had it");
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each<[string, Partial<Owner & { host: string }> | string]>([
    ["another container", elsewhere],
    ["nobody knows whom", "1"],
  ])("of %s does not count when it has not been touched for long", async (_, more) => {
    heldBy(more, 6);
    expect(await hold(async () => "had it")).toBe("had it");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("that was taken away meanwhile is not released, and the work is told", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      const working = hold(async (signal) => {
        heldBy({ ...elsewhere, token: "bbbbbbbbbbbb" });
        await vi.advanceTimersByTimeAsync(11_000);
        signal.throwIfAborted();
      });
      await expect(working).rejects.toThrow(/the file: another samsr has taken over/);
      await expect(hold(async () => "unseen")).rejects.toThrow(/of far/);
    } finally {
      vi.useRealTimers();
    }
    expect(JSON.parse(readFileSync(lock, "utf8")).token).toBe("bbbbbbbbbbbb");
    rmSync(lock);
    // Also when it ends before the next look.
    const quick = hold(async () => heldBy({ ...elsewhere, token: "cccccccccccc" }));
    await expect(quick).rejects.toThrow(/another samsr has taken over/);
    rmSync(lock);
  });

  it("is touched, so that others see that it is meant", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    try {
      await hold(async () => {
        const then = new Date(2020, 0);
        utimesSync(lock, then, then);
        await vi.advanceTimersByTimeAsync(11_000);
        expect(await refusal()).toMatch(/by this process/);
        heldSince = (await import("node:fs")).statSync(lock).mtimeMs;
      });
    } finally {
      vi.useRealTimers();
    }
    expect(Date.now() - heldSince).toBeLessThan(60_000);
  });
  let heldSince = 0;

  it("leaves no drafts behind, of killed ones neither", async () => {
    const owner = newOwner();
    const [dead, alive] = [`${lock}.${markOf({ ...owner, pid: 999_999_999 })}`, `${lock}.${markOf(owner)}`];
    for (const path of [dead, alive]) writeFileSync(path, "");
    await hold(async () => {});
    expect([existsSync(dead), existsSync(alive)]).toEqual([false, true]);
    rmSync(alive);
  });

  it("stops the work when it is told to", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const working = hold(async (signal) => {
      controller.abort(reason);
      signal.throwIfAborted();
    }, controller.signal);
    await expect(working).rejects.toBe(reason);
    await expect(hold(async () => {}, controller.signal)).rejects.toBe(reason);
    expect(readdirSync(folder)).toEqual([]);
  });
});
