/**
 * The process that runs PyTorch: starting it, asking it, and what is said when it ends. It reads requests on
 * its standard input and answers on a descriptor of its own, so that whatever Python and its libraries print
 * cannot be taken for an answer.
 */
import { execFile, spawn } from "node:child_process";
import { delimiter, isAbsolute } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { oneLine, SamsrError } from "../base/errors.js";

const PROGRAM = fileURLToPath(new URL("../../executor/torch_executor.py", import.meta.url));

/** The descriptor on which the program writes its replies; it has the same number there. */
const REPLIES = 3;

type Reply = Readonly<Record<string, unknown>>;

export interface TorchProcess {
  /**
   * Sends a request to the process and waits for its answer.
   * @throws {SamsrError} of one line when the process cannot be started, has ended, or makes no sense
   * @throws {Error} what went wrong there with this request
   */
  ask(request: Readonly<Record<string, unknown>>): Promise<Reply>;
  end(): void;
}

export function startTorchProcess(): TorchProcess {
  const child = spawn(python(), ["-u", PROGRAM], {
    windowsHide: true,
    env: executorEnvironment(process.env),
    stdio: ["pipe", "pipe", "pipe", "pipe"],
  });
  const waiting: { number: number; resolve(reply: Reply): void; reject(error: Error): void }[] = [];
  let asked = 0;
  let said = "";
  let gone: Error | undefined;
  const fail = (reason: string) => {
    gone ??= new SamsrError(`device "torch": ${reason}`);
    for (const { reject } of waiting.splice(0)) reject(gone);
  };
  child.on("error", (error) => fail(notStarted(error)));
  child.on("close", (code, signal) => fail(explain(said, signal ?? `exit code ${code}`)));
  child.stdin.on("error", () => {});
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      said = `${said}${chunk}`.slice(-4000);
    });
  }
  const replies = child.stdio[REPLIES] as Readable;
  replies.on("error", () => {});
  createInterface({ input: replies }).on("line", (line) => {
    const reply = parseReply(line);
    // A reply carries its request's number, and requests are answered in order.
    const next = reply !== undefined && reply.number === waiting[0]?.number ? waiting.shift() : undefined;
    if (!reply || !next) {
      fail(`its process does not answer as it should: "${oneLine(line, 100)}"; ${ADVICE}`);
      child.kill("SIGKILL");
    } else if (reply.error === undefined) next.resolve(reply);
    else next.reject(new Error(String(reply.error)));
  });
  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        if (gone) return reject(gone);
        const number = ++asked;
        waiting.push({ number, resolve, reject });
        child.stdin.write(`${JSON.stringify({ number, ...request })}\n`);
      }),
    end: () => void child.stdin.end(),
  };
}

/** How long Python may take to load PyTorch, in milliseconds. */
const LOOK_LIMIT = 60_000;

/** Says which PyTorch there is, and on what it would compute. */
const QUESTION = `
import os, torch
device = os.environ.get("SAMSR_TORCH_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")
name = torch.cuda.get_device_name(device) if device.startswith("cuda") else "on the " + device.upper()
print("PyTorch", torch.__version__, name)
`;

/**
 * Says which PyTorch there is, and on what it computes, in one line. PyTorch is loaded for that, which takes
 * seconds.
 * @throws {SamsrError} saying what is missing
 */
export function lookForTorch(): Promise<string> {
  const options = { timeout: LOOK_LIMIT, windowsHide: true, env: executorEnvironment(process.env) };
  return new Promise((resolve, reject) => {
    execFile(python(), ["-c", QUESTION], options, (error, said, complaint) => {
      if (!error) return resolve(oneLine(said));
      const how = error.killed ? `it took more than ${LOOK_LIMIT / 1000} s` : `exit code ${error.code}`;
      reject(new SamsrError(error.code === "ENOENT" ? notStarted(error) : explain(complaint, how)));
    });
  });
}

function parseReply(line: string): Reply | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What of Python's variables says where its modules are; the others change what it does. */
const PLACES = ["PYTHONHOME", "PYTHONUSERBASE", "PYTHONNOUSERSITE"];

/**
 * Returns the environment of the program: this one, but for what would make Python do something else, and for
 * modules that lie in the folder in which somebody happens to stand. An entry of PYTHONPATH that is empty or
 * relative means that folder.
 */
function executorEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !/^PYTHON/i.test(name) || PLACES.includes(name.toUpperCase()),
  );
  const path = (environment.PYTHONPATH ?? "").split(delimiter).filter(isAbsolute);
  return {
    ...Object.fromEntries(kept),
    ...(path.length > 0 && { PYTHONPATH: path.join(delimiter) }),
    PYTHONSAFEPATH: "1",
  };
}

/** Returns the interpreter, `SAMSR_PYTHON` or python3. */
function python(): string {
  return process.env.SAMSR_PYTHON || "python3";
}

const ADVICE = "it needs Python with PyTorch, 1.13 or later: name one that has it in SAMSR_PYTHON";

const notStarted = ({ message }: Error) => `${python()} cannot be started (${message}); ${ADVICE}`;

function explain(said: string, how: string): string {
  if (/No module named '?torch/.test(said)) return `${python()} has no PyTorch; ${ADVICE}`;
  const last = said.trim().split("\n").at(-1);
  return `its process ended (${how}${last ? `: ${oneLine(last)}` : ""})`;
}
