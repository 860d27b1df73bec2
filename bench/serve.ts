/**
 * `samsr serve` under load, over loopback: what it makes in a second beside the command's batch, alone and
 * with two workers on a queue; what it does at ten times that; and how long one job waits behind a thousand.
 * The load is bounded in requests at once, in bytes and in time.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { Pool } from "undici";
import { encode } from "../src/image/index.js";
import { zip } from "./measure.js";
import { grainyPicture, ROOT } from "./picture.js";
import { type Bench, type Figure, figure } from "./report.js";

const COMMAND = join(ROOT, "dist/cli/main.js");
/** The side of pictures, how many of them a round has, and how many are asked for at once. */
const [SIDE, PICTURES, AT_ONCE] = [64, 100, 8];
/** How many times its capacity a server is asked for, and the most requests that may be open then. */
const [OVERLOAD, MOST_OPEN] = [10, 1000];
/** Milliseconds between two looks at health, and at memory. */
const [HEALTH, MEMORY] = [50, 1000];
/** Jobs of the client that has many. */
const CROWD = 1000;

interface Server {
  readonly address: string;
  readonly child: ChildProcess;
}

export const bench: Bench = async ({ threads, rounds = 3, minutes = 10 }) => {
  if (!existsSync(COMMAND)) throw new Error("the command is not built: npm run build");
  const folder = await mkdtemp(join(tmpdir(), "samsr-bench-"));
  const children: ChildProcess[] = [];
  const start = (program: string, words: readonly string[], said: RegExp) => {
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    return heard(child, program, said);
  };
  let servers = 0;
  const serve = async (...words: string[]): Promise<Server> => {
    const data = join(folder, `data${servers++}`);
    const all = [COMMAND, "serve", "--port", "0", "--log", "error", "--data", data, ...words];
    const { child, found } = await start(process.execPath, all, /listening on (\S+)/);
    return { child, address: found };
  };
  try {
    const picture = await encode(await grainyPicture(SIDE, SIDE), { format: "png" });
    const { figures, capacity } = await measureCapacity();
    figures.push(...(await measureOverload(picture, capacity)), await measureTurn());
    return {
      about:
        `PNG of ${SIDE} x ${SIDE} to ${4 * SIDE} x ${4 * SIDE} with samsr-tiny, ${threads} threads in all; ${PICTURES} a round, ` +
        `${AT_ONCE} asked for at once. Ten times capacity for ${minutes} minutes, results kept for 60 s.`,
      figures,
    };

    async function measureCapacity(): Promise<{ figures: Figure[]; capacity: number }> {
      const names = Array.from({ length: PICTURES }, (_, i) => join(folder, `in${i}.png`));
      for (const name of names) await writeFile(name, picture);
      const alone = await serve("--threads", String(threads));
      const queued = hasRedis() ? await withWorkers() : undefined;
      const rates = { batch: [] as number[], alone: [] as number[], queued: [] as number[] };
      for (let round = -1; round < rounds; round++) {
        const now = {
          batch: await batchRate(names),
          alone: await serverRate(alone, picture, round),
          ...(queued && { queued: await serverRate(queued, picture, round) }),
        };
        // The first is for warming up.
        if (round < 0) continue;
        for (const [name, rate] of Object.entries(now)) rates[name as keyof typeof rates].push(rate);
      }
      for (const server of [alone, queued]) if (server) await end(server.child);
      const unit = "pictures/s";
      const share = (a: number, b: number) => a / b;
      const figures = [
        figure("the command's batch", unit, rates.batch),
        figure("a server alone", unit, rates.alone),
        figure("a server alone to the batch", "ratio", zip(share, rates.alone, rates.batch)),
      ];
      if (queued) {
        figures.push(figure("a server with two workers", unit, rates.queued));
        figures.push(
          figure("a server with two workers to the batch", "ratio", zip(share, rates.queued, rates.batch)),
        );
      }
      return { figures, capacity: figure("", "", rates.alone).median };
    }

    async function withWorkers(): Promise<Server> {
      const port = await freePort();
      const queue = `redis://127.0.0.1:${port}`;
      const redis = ["--port", String(port), "--save", "", "--dir", folder];
      await start("redis-server", redis, /(Ready) to accept connections/);
      const server = await serve("--queue", queue);
      const data = join(folder, `data${servers - 1}`);
      const words = [COMMAND, "worker", "--queue", queue, "--data", data];
      const each = ["--threads", String(Math.max(1, threads >> 1))];
      for (let i = 0; i < 2; i++) await start(process.execPath, [...words, ...each], /(ready) for pictures/);
      return server;
    }

    /** From the first picture that is done to the last, so that starting does not count. */
    async function batchRate(names: readonly string[]): Promise<number> {
      const words = [COMMAND, "upscale", ...names, "-o", join(folder, "out"), "--overwrite", "--seed", "0"];
      const child = spawn(process.execPath, [...words, "--threads", String(threads)], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const done: number[] = [];
      child.stdout!.on("data", (chunk: Buffer) => {
        const now = performance.now();
        for (const byte of chunk) if (byte === 10) done.push(now);
      });
      const code = await new Promise((resolve) => child.once("exit", resolve));
      if (code !== 0 || done.length !== names.length) throw new Error(`the batch ended with code ${code}`);
      return rateOf(done);
    }

    async function measureOverload(picture: Uint8Array, capacity: number): Promise<Figure[]> {
      const server = await serve("--threads", String(threads), "--queue-limit", "40", "--keep-seconds", "60");
      await serverRate(server, picture, -1);
      const pool = new Pool(server.address, { connections: MOST_OPEN });
      const [refused, health, memory, done]: number[][] = [[], [], [], []];
      const others = new Map<string, number>();
      const end_ = performance.now() + minutes * 60_000;
      const began = performance.now();
      let open = 0;
      let held = 0;
      const ask = async (seed: number) => {
        open++;
        const asked = performance.now();
        const status = await post(pool, picture, seed).catch((error: Error) => error.message);
        open--;
        const now = performance.now();
        if (status === 200) done.push(now);
        else if (status === 429) refused.push(now - asked);
        else others.set(String(status), (others.get(String(status)) ?? 0) + 1);
      };
      const looking = (async () => {
        const own = new Pool(server.address, { connections: 1 });
        for (let look = 0; performance.now() < end_; look++) {
          const asked = performance.now();
          const { body } = await own.request({ path: "/v1/health", method: "GET" });
          await body.dump();
          health.push(performance.now() - asked);
          if (look % (MEMORY / HEALTH) === 0) memory.push(residentMegabytes(server.child.pid!));
          await pause(HEALTH);
        }
        await own.close();
      })();
      const works = new Set<Promise<void>>();
      for (let asked = 0; performance.now() < end_; ) {
        const due = Math.floor(((performance.now() - began) / 1000) * capacity * OVERLOAD);
        for (; asked < due; asked++) {
          if (open >= MOST_OPEN) held++;
          else {
            const work = ask(1e6 + asked).finally(() => works.delete(work));
            works.add(work);
          }
        }
        await pause(5);
      }
      const inTime = done.length;
      await Promise.all([looking, ...works]);
      await pool.destroy();
      await end(server.child);
      const rate = inTime / (minutes * 60);
      const tenth = Math.ceil(memory.length / 10);
      const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
      return [
        figure("asked for at ten times capacity", "pictures/s", (inTime + refused.length) / (minutes * 60)),
        figure("made then", "pictures/s", rate),
        figure("made then to capacity", "ratio", rate / capacity),
        figure("refused requests, median and middle half", "ms", refused),
        figure("refused requests, 99 %", "ms", share(refused, 0.99)),
        figure("refused requests, slowest", "ms", share(refused, 1)),
        figure("health, 99 %", "ms", share(health, 0.99)),
        figure("health, slowest", "ms", share(health, 1)),
        figure("memory of the server, second tenth of the time", "MB", mean(memory.slice(tenth, 2 * tenth))),
        figure("memory of the server, last tenth", "MB", mean(memory.slice(-tenth))),
        figure(
          "requests that got neither",
          "",
          [...others.values()].reduce((a, b) => a + b, 0),
        ),
        figure("requests that were not sent, as too many were open", "", held),
      ];
    }

    /**
     * How many jobs end between the coming of a client's one job and its start, behind another's thousand.
     */
    async function measureTurn(): Promise<Figure> {
      const keys = await Promise.all(["crowd", "one"].map((name) => newKey(name)));
      await writeFile(join(folder, "keys.yaml"), keys.map(({ entry }) => entry).join(""));
      const server = await serve("--threads", String(threads), "--keys", join(folder, "keys.yaml"));
      const [crowd, one] = keys.map(({ key }) => ({ authorization: `Bearer ${key}` })) as [object, object];
      const asked = { ...{ method: "POST" }, headers: { ...crowd, prefer: "respond-async" } };
      const body = () => new Blob([new Uint8Array(picture)]);
      for (let seed = 0; seed < CROWD; seed++) {
        const response = await fetch(`${server.address}/v1/upscale?seed=${seed}`, { ...asked, body: body() });
        if (response.status !== 202) throw new Error(`the crowd was answered ${response.status}`);
        await response.body?.cancel();
      }
      const single = { method: "POST", headers: { ...one, prefer: "wait=600" }, body: body() };
      const response = await fetch(`${server.address}/v1/upscale?seed=0`, single);
      await response.body?.cancel();
      const list = async (headers: object) => {
        const answer = await fetch(`${server.address}/v1/jobs`, {
          headers: headers as Record<string, string>,
        });
        return ((await answer.json()) as { jobs: { created: string; started?: string; ended?: string }[] })
          .jobs;
      };
      const [mine] = await list(one);
      const before = (await list(crowd)).filter(
        ({ ended }) => ended !== undefined && ended >= mine!.created && ended <= mine!.started!,
      );
      await end(server.child);
      return figure("jobs that end before the one behind a thousand starts", "", before.length);
    }
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await pause(200);
    await rm(folder, { recursive: true, force: true });
  }

  async function newKey(name: string): Promise<{ key: string; entry: string }> {
    const child = spawn(process.execPath, [COMMAND, "serve", "--new-key", name]);
    let [entry, said] = ["", ""];
    child.stdout.on("data", (chunk) => (entry += chunk));
    child.stderr.on("data", (chunk) => (said += chunk));
    await new Promise((resolve) => child.once("close", resolve));
    return { entry, key: said.trim().split(" ").at(-1)! };
  }
};

/** Asks for all pictures of a round, so many at once, each with a seed of its own: none is made twice. */
async function serverRate({ address }: Server, picture: Uint8Array, round: number): Promise<number> {
  const pool = new Pool(address, { connections: AT_ONCE });
  const done: number[] = [];
  let next = 0;
  const client = async () => {
    for (let i = next++; i < PICTURES; i = next++) {
      const status = await post(pool, picture, (round + 2) * PICTURES + i);
      if (status !== 200) throw new Error(`a server was asked in peace and answered ${status}`);
      done.push(performance.now());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  await pool.close();
  return rateOf(done);
}

async function post(pool: Pool, picture: Uint8Array, seed: number): Promise<number> {
  const { statusCode, body } = await pool.request({
    ...{ method: "POST", path: `/v1/upscale?seed=${seed}`, body: picture },
    headers: { "content-type": "image/png" },
  });
  await body.arrayBuffer();
  return statusCode;
}

/** Pictures a second, from the first that was done to the last. */
function rateOf(done: readonly number[]): number {
  return (1000 * (done.length - 1)) / (done.at(-1)! - done[0]!);
}

/** The value below which a share of all lies. */
function share(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
}

function residentMegabytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]) / 1024;
}

async function end(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
}

/** The process once it has said something, and what that was. */
function heard(
  child: ChildProcess,
  program: string,
  said: RegExp,
): Promise<{ readonly child: ChildProcess; readonly found: string }> {
  return new Promise((resolve, reject) => {
    let text = "";
    const hear = (chunk: Buffer) => {
      text = (text + chunk).slice(-10_000);
      const [, found] = said.exec(text) ?? [];
      if (found !== undefined) resolve({ child, found });
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
