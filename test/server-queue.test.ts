/** A server, workers and Redis, each of which is killed. Needs Debian's redis-server. */
import type { ChildProcess } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawing, samsr, start, temporaryFolder } from "./fixtures/cli.js";
import { hasRedis, kill, type QueueProcesses, queueProcesses } from "./fixtures/redis.js";
import { type Serving, serving } from "./fixtures/server.js";
import { writeSmallModel } from "./fixtures/small-model.js";

const folder = temporaryFolder();
const { path } = folder;
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe.skipIf(!hasRedis() || process.platform !== "linux")("a queue in Redis", () => {
  const model = writeSmallModel();
  let processes: QueueProcesses;
  let server: Serving;
  let picture: Buffer;
  const worker = () => processes.worker("--lease-seconds", "2");
  const serve = () => serving(["--queue", processes.queue, "--data", path("data"), "--model", model]);

  beforeAll(async () => {
    picture = await drawing().jpeg().toBuffer();
    writeFileSync(path("photo.jpg"), picture);
    processes = await queueProcesses(path("redis"), path("data"));
  }, 60_000);
  afterAll(async () => {
    await server?.stop("SIGKILL");
    processes.end();
    rmSync(model, { recursive: true, force: true });
    await pause(200);
    folder.remove();
  });

  interface JobDocument {
    readonly id: string;
    readonly state: string;
    readonly problem?: object;
    readonly links: { readonly self: string; readonly result: string };
  }

  const submit = async (seed: number) => {
    const body = new Blob([new Uint8Array(picture)]);
    const response = await fetch(`${server.address}/v1/upscale?seed=${seed}&format=png`, {
      ...{ method: "POST", body, headers: { prefer: "respond-async" } },
    });
    expect(response.status).toBe(202);
    return (await response.json()) as JobDocument;
  };
  async function over({ links }: JobDocument): Promise<JobDocument> {
    for (;;) {
      const job = (await (await fetch(server.address + links.self)).json()) as JobDocument;
      if (job.state !== "queued" && job.state !== "running") return job;
      await pause(50);
    }
  }
  async function runnerOf({ pid }: ChildProcess): Promise<number> {
    for (;;) {
      const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
      if (child !== undefined) return Number(child);
      await pause(5);
    }
  }

  it("loses no job when a worker, Redis and the server are killed", async () => {
    let memory = await processes.redis();
    server = await serve();
    const jobs: JobDocument[] = [];
    for (let seed = 0; seed < 4; seed++) jobs.push(await submit(seed));
    const first = await worker();
    const runner = await runnerOf(first);
    process.kill(runner, "SIGSTOP");
    await kill(first);
    process.kill(runner, "SIGCONT");

    await worker();
    await kill(memory);
    memory = await processes.redis();
    jobs.push(await submit(4));
    expect((await over(jobs[0]!)).state).toBe("done");

    await server.stop("SIGKILL");
    server = await serve();
    jobs.push(await submit(5));
    const states = await Promise.all(jobs.map(over));
    expect(states.map(({ state, problem }) => problem ?? state)).toEqual(jobs.map(() => "done"));
    const out = path("by-command.png");
    const asked = [
      "upscale",
      path("photo.jpg"),
      "-o",
      out,
      "--model",
      model,
      "--seed",
      "3",
      "--threads",
      "1",
    ];
    expect((await samsr(asked)).code).toBe(0);
    const made = await (await fetch(server.address + jobs[3]!.links.result)).arrayBuffer();
    expect(Buffer.compare(Buffer.from(made), readFileSync(out))).toBe(0);
  }, 300_000);

  it("takes the pictures of a command, which writes what workers made", async () => {
    mkdirSync(path("in"), { recursive: true });
    writeFileSync(path("in", "a.jpg"), picture);
    writeFileSync(path("in", "b.jpg"), picture.subarray(0, picture.length >> 1));
    const words = ["upscale", path("in"), "-o", path("out"), "--model", model, "--seed", "3"];
    const asked = ["--queue", processes.queue, "--data", path("data"), "--format", "png"];
    // In a process of its own, which must end by itself: events that are still waited for would keep it.
    const { code, stdout, stderr } = await start([...words, ...asked]).finished;
    expect(code).toBe(1);
    expect(stdout.toString()).toMatch(/a\.jpg -> .*a\.png {2}192 x 160\n/);
    expect(stderr).toMatch(/b\.jpg is a damaged or truncated JPEG file/);
    expect(Buffer.compare(readFileSync(path("out", "a.png")), readFileSync(path("by-command.png")))).toBe(0);
    expect(readdirSync(path("data", "handed-in"))).toEqual([]);
  }, 60_000);
});
