/**
 * What is between this process and the one that runs PyTorch: whatever either of them does, it is one line
 * and no file stays. A script stands in for Python, so that nothing of this needs PyTorch.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { ownerIn } from "../src/base/owner.js";
import * as o from "../src/onnx/index.js";
import { createSession, floatTensor } from "../src/runtime/index.js";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "samsr-torch-process-"));
const note = join(folder, "note");
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  vi.stubEnv("SAMSR_PYTHON", fixture("fake-python.mjs"));
  vi.stubEnv("FAKE_NOTE", note);
});
afterEach(() => vi.unstubAllEnvs());

const SHARED = process.platform === "linux" ? "/dev/shm" : tmpdir();

/** The temporary files of one process: others on this machine have theirs. */
const shared = (pid = process.pid) => readdirSync(SHARED).filter((name) => ownerIn(name)?.pid === pid);
const bytes = o.toModel({ y: o.neg(o.input("x", [2])) }).bytes;

function session(how: string) {
  vi.stubEnv("FAKE", how);
  return createSession(bytes, { device: "torch" });
}

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SamsrError);
  expect((error as Error).message).not.toMatch(/\p{Cc}/u);
  return (error as Error).message;
}

describe.skipIf(process.platform === "win32")("the process of device torch", () => {
  it("may print what it likes on standard output", async () => {
    const made = await session("chatty");
    const { y } = await made.run({ x: floatTensor([2]) });
    expect(y.shape).toEqual([2]);
    await made.release();
    expect(shared()).toEqual([]);
  });

  it.each([
    ["nonsense", /does not answer as it should: "Segmentation fault \[31m \(core dumped\)"/],
    ["doubly", /does not answer as it should: "\{"number":1\}"/],
    ["dies", /its process ended \(SIGKILL\)/],
  ])("that %s is one line of error, and leaves no file", async (how, message) => {
    const using = async () => {
      const made = await session(how);
      try {
        for (let i = 0; i < 3; i++) await made.run({ x: floatTensor([2]) });
      } finally {
        await made.release();
      }
    };
    expect(await refusal(using())).toMatch(message);
    expect(shared()).toEqual([]);
    // And the next one begins anew.
    await (await session("")).release();
  });

  it("has private files, which the next start removes when this process was killed", async () => {
    const run = (how: string) =>
      spawn(process.execPath, [fixture("torch-child.mjs")], {
        env: { ...process.env, FAKE: how },
        stdio: ["ignore", "pipe", "inherit"],
      });
    rmSync(note, { force: true });
    const child = run("hangs");
    const gone = new Promise((resolve) => child.on("close", resolve));
    const asked = await vi.waitFor(() => JSON.parse(readFileSync(note, "utf8")), 30_000);
    for (const path of [asked.model, asked.shared]) expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(shared(child.pid)).toHaveLength(2);
    child.kill("SIGKILL");
    await gone;
    expect(shared(child.pid)).toHaveLength(2);
    const next = run("");
    let said = "";
    next.stdout.on("data", (chunk) => {
      said += chunk;
    });
    await new Promise((resolve) => next.on("close", resolve));
    expect(said).toBe("released\n");
    expect(shared(child.pid)).toEqual([]);
  }, 60_000);

  it("gets no variable that would make Python do something else, nor a folder that depends on where one stands", async () => {
    const path = ["", "/opt/modules", "here", "./there", "/opt/more"].join(delimiter);
    vi.stubEnv("PYTHONPATH", path);
    for (const name of ["PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONBREAKPOINT"]) vi.stubEnv(name, "x");
    vi.stubEnv("PYTHONUSERBASE", "/home/me/python");
    await (await session("asked")).release();
    const environment = JSON.parse(readFileSync(note, "utf8"));
    const python = Object.entries(environment).filter(([name]) => name.startsWith("PYTHON"));
    expect(Object.fromEntries(python)).toEqual({
      PYTHONPATH: ["/opt/modules", "/opt/more"].join(delimiter),
      PYTHONUSERBASE: "/home/me/python",
      PYTHONSAFEPATH: "1",
    });
    expect(environment.PATH).toBe(process.env.PATH);
  });

  const python = spawnSync("python3", ["--version"]).status === 0 ? "python3" : undefined;
  it.skipIf(!python)("runs no torch.py of the folder in which one stands (needs Python)", async () => {
    const trace = join(folder, "trace");
    writeFileSync(
      join(folder, "torch.py"),
      `open(${JSON.stringify(trace)}, "w").close()\nraise SystemExit("mine")\n`,
    );
    vi.stubEnv("SAMSR_PYTHON", python);
    vi.stubEnv("PYTHONPATH", `${delimiter}/nowhere`);
    const here = process.cwd();
    process.chdir(folder);
    try {
      await session("").then(
        (made) => made.release(),
        (error) => expect(error.message).toMatch(/has no PyTorch/),
      );
    } finally {
      process.chdir(here);
    }
    expect(readdirSync(folder)).not.toContain("trace");
  });
});
