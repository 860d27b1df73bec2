/** Servers, workers and batches of the built command, each in processes of its own, for bench `serve`. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { ROOT } from "./picture.js";

export const COMMAND = join(ROOT, "dist/cli/main.js");

/** A server that listens. */
export interface Server {
  readonly address: string;
  /** The process that answers. */
  readonly pid: number;
  /** All that was started for it, the process that answers first. */
  readonly pids: readonly number[];
  end(): Promise<void>;
}

/** Starts servers whose files lie in a folder. */
export interface Servers {
  serve(...words: string[]): Promise<Server>;
  /** Starts one with two workers on a queue, each with so many threads; undefined without redis-server. */
  withWorkers(threads: number): Promise<Server | undefined>;
  /** Ends what still runs. */
  end(): void;
}

export function createServers(folder: string): Servers {
  const children: ChildProcess[] = [];
  let count = 0;
  const start = async (program: string, words: readonly string[], said: RegExp) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    return { child, found: await heard(child, program, said) };
  };
  async function serve(words: readonly string[], data: string, others: readonly ChildProcess[] = []) {
    const all = [COMMAND, "serve", "--port", "0", "--log", "error", "--data", data, ...words];
    const { child, found } = await start(process.execPath, all, /listening on (\S+)/);
    const own = [child, ...others];
    const end = async () => void (await Promise.all(own.map(ended)));
    return { address: found, pid: child.pid!, pids: own.map(({ pid }) => pid!), end };
  }
  const newData = () => join(folder, `data${count++}`);

  return {
    serve: (...words) => serve(words, newData()),
    async withWorkers(threads) {
      if (!hasRedis()) return undefined;
      const [port, data] = [await freePort(), newData()];
      const queue = ["--queue", `redis://127.0.0.1:${port}`];
      const words = ["--port", String(port), "--save", "", "--dir", folder];
      const redis = await start("redis-server", words, /(Ready) to accept connections/);
      const server = await serve(queue, data);
      const worker = [COMMAND, "worker", ...queue, "--data", data, "--threads", String(threads)];
      const others = [redis.child];
      for (let i = 0; i < 2; i++) {
        others.push((await start(process.execPath, worker, /(ready) for pictures/)).child);
      }
      const end = async () => {
        await server.end();
        await Promise.all(others.map(ended));
      };
      return { ...server, pids: [...server.pids, ...others.map(({ pid }) => pid!)], end };
    },
    end() {
      for (const child of children) child.kill("SIGKILL");
    },
  };
}

/** Runs the command's batch, and calls back whenever a picture is done. */
export async function runBatch(words: readonly string[], done: (pid: number) => void): Promise<void> {
  const child = spawn(process.execPath, [COMMAND, "upscale", ...words], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  child.stdout!.on("data", (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 10) done(child.pid!);
  });
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`the batch ended with code ${code}`);
}

/** Makes a key: what a client says, and its entry for the file of keys. */
export async function newKey(name: string): Promise<{ key: string; entry: string }> {
  const child = spawn(process.execPath, [COMMAND, "serve", "--new-key", name]);
  let [entry, said] = ["", ""];
  child.stdout.on("data", (chunk) => (entry += chunk));
  child.stderr.on("data", (chunk) => (said += chunk));
  await new Promise((resolve) => child.once("close", resolve));
  return { entry, key: said.trim().split(" ").at(-1)! };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exit;
}

/** Waits until a process has said something, and returns what that was. */
function heard(child: ChildProcess, program: string, said: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const hear = (chunk: Buffer) => {
      text = (text + chunk).slice(-10_000);
      const [, found] = said.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    };
    child.stdout!.on("data", hear);
    child.stderr!.on("data", hear);
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`${program} ended: ${text}`)));
  });
}

function hasRedis(): boolean {
  try {
    execFileSync("redis-server", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
