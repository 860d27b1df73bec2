import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { command, drawing, start, temporaryFolder, worked } from "./fixtures/cli.js";

/** The command promises a second; a machine that is busy with other tests gets half of one more. */
const LIMIT = 1500;

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

beforeAll(async () => {
  // Half a minute of work, in tiles of a second or so.
  await drawing({ width: 1000, height: 800 }).png().toFile(path("large.png"));
  mkdirSync(path("out"));
});

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("an interrupted run", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("ends within a second of %s, with its code, no stack and no file", async (signal, exitCode) => {
    const { child, finished } = start(["upscale", path("large.png"), "-o", path("out", "large.png")]);
    await worked(child.pid!, 2);
    const sent = performance.now();
    child.kill(signal);
    const { code, stdout, stderr } = await finished;
    expect(performance.now() - sent).toBeLessThan(LIMIT);
    expect(code).toBe(exitCode);
    expect(stderr).toBe("samsr: interrupted\n");
    expect(stdout.toString()).toBe("");
    expect(readdirSync(path("out"))).toEqual([]);
  });

  it("is killed at once by a second Ctrl-C", async () => {
    const { child, finished } = start(["upscale", path("large.png"), "-o", path("out", "large.png")]);
    await worked(child.pid!, 2);
    child.kill("SIGINT");
    await pause(50);
    const sent = performance.now();
    child.kill("SIGINT");
    expect((await finished).code).toBe(130);
    expect(performance.now() - sent).toBeLessThan(LIMIT / 2);
    expect(readdirSync(path("out"))).toEqual([]);
  });
});

/** `script` of util-linux runs a command on a terminal of its own. */
function hasScript(): boolean {
  try {
    return execFileSync("script", ["--version"]).includes("util-linux");
  } catch {
    return false;
  }
}

describe.skipIf(!hasScript())("on a terminal (needs `script` of util-linux)", () => {
  it("shows a bar with file, tiles and time left, and stops at Ctrl-C", async () => {
    const words = [process.execPath, command, "upscale", path("large.png"), "-o", path("out", "large.png")];
    const quoted = words.map((word) => `'${word}'`).join(" ");
    // "exec", so that no shell stands between: `script -e` ends with the command's code, 130 for a signal
    // too.
    const terminal = spawn("script", ["-qec", `exec ${quoted} --tile 64`, "/dev/null"]);
    let screen = "";
    terminal.stdout.on("data", (chunk) => (screen += chunk));
    const ended = new Promise<number | null>((resolve) => terminal.on("close", resolve));
    while (!/\[[#-]+\] [1-9]\d*\/\d+ tiles {2}\d+:\d\d(:\d\d)? left/.test(screen)) await pause(50);
    expect(screen).toContain("large.png  ");
    const sent = performance.now();
    terminal.stdin.write("\x03");
    expect(await ended).toBe(130);
    expect(performance.now() - sent).toBeLessThan(LIMIT);
    expect(screen).toContain("samsr: interrupted");
    expect(readdirSync(path("out"))).toEqual([]);
  });
});
