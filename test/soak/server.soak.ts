/**
 * A server whose processes are killed while it works, alone and with workers on a queue: every job ends once
 * as its client sees it, none is lost, and results are the command's. The kills are spread evenly over the
 * jobs, so each falls when pictures are under way.
 */
import type { ChildProcess } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { drawing, samsr, temporaryFolder } from "../fixtures/cli.js";
import { hasRedis, kill, type QueueProcesses, queueProcesses } from "../fixtures/redis.js";
import { type Serving, serving } from "../fixtures/server.js";
import { writeSmallModel } from "../fixtures/small-model.js";
import { ROUNDS, roundOf } from "./soak.js";

const JOBS = 15 * ROUNDS;
const SIDE = 32;

const folder = temporaryFolder();
const { path } = folder;
const model = writeSmallModel();
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const nameOf = (i: number) => `${String(i).padStart(3, "0")}.png`;

const pictures: Buffer[] = [];
let results: Buffer[];
let server: Serving;
let processes: QueueProcesses | undefined;
beforeAll(async () => {
  for (let i = 0; i < JOBS; i++) {
    const picture = drawing({ width: SIDE, height: SIDE }).tint({ r: i % 256, g: 255 - (i % 256), b: 99 });
    pictures.push(await picture.png().toBuffer());
    await picture.png().toFile(path("in", nameOf(i)));
  }
  const words = ["upscale", path("in"), "-o", path("out"), "--model", model, "--seed", "7", "--quiet"];
  expect(await samsr(words)).toMatchObject({ code: 0, stderr: "" });
  results = pictures.map((_, i) => readFileSync(path("out", nameOf(i))));
});
afterEach(async () => {
  await server.stop("SIGKILL");
  processes?.end();
});
afterAll(() => {
  folder.remove();
  rmSync(model, { recursive: true });
});

interface JobDocument {
  readonly id: string;
  readonly state: string;
  readonly ended?: string;
  readonly problem?: { readonly detail: string };
  readonly result?: { readonly etag: string };
}

/** One job for a picture; a request that a kill cut off is sent again, with its key. */
async function submit(i: number): Promise<JobDocument> {
  for (;;) {
    const body = new Blob([new Uint8Array(pictures[i]!)]);
    const headers = { prefer: "respond-async", "idempotency-key": `picture-${i}` };
    const address = `${server.address}/v1/upscale?seed=7`;
    const response = await fetch(address, { method: "POST", body, headers }).catch(() => undefined);
    const job = response?.status === 202 ? await response.json().catch(() => undefined) : undefined;
    if (job !== undefined) return job as JobDocument;
    await pause(20);
  }
}

async function all(): Promise<readonly JobDocument[]> {
  for (;;) {
    const response = await fetch(`${server.address}/v1/jobs`).catch(() => undefined);
    const list = response?.ok ? await response.json().catch(() => undefined) : undefined;
    if (list !== undefined) return (list as { jobs: JobDocument[] }).jobs;
    await pause(20);
  }
}

/** Hands in all pictures, does these deeds while they are enlarged, and looks at what has become of all. */
async function lives(deeds: readonly { readonly name: string; readonly does: () => Promise<unknown> }[]) {
  const step = Math.floor(JOBS / (deeds.length + 2));
  /** As many as may be handed in by now, so that there is always work left for the next deed. */
  let allowed = 2 * step;
  const submitting = (async () => {
    const jobs: JobDocument[] = [];
    for (let i = 0; i < JOBS; i++) {
      while (i >= allowed) await pause(20);
      jobs.push(await submit(i));
    }
    return jobs;
  })();
  /** What was seen of jobs that were over; it stays so, to the moment of their end. */
  const over = new Map<string, string>();
  const look = async () => {
    for (const { id, state, ended, result, problem } of await all()) {
      const said = `${state} ${ended} ${result?.etag ?? problem?.detail}`;
      const isOver = state !== "queued" && state !== "running";
      expect(over.get(id) ?? said, `${id} was over`).toBe(said);
      if (isOver) over.set(id, said);
    }
  };
  const at: string[] = [];
  for (const [n, { name, does }] of deeds.entries()) {
    while (over.size < step * (n + 1)) {
      await look();
      await pause(20);
    }
    await pause(roundOf(3, n).integer(200));
    at.push(`${name} at ${over.size}`);
    await does();
    allowed += step;
  }
  allowed = JOBS;
  const jobs = await submitting;
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(JOBS);
  while (over.size < JOBS) {
    await look();
    await pause(20);
  }
  expect((await all()).length).toBe(JOBS);
  expect([...over.values()].filter((said) => !said.startsWith("done "))).toEqual([]);
  for (const [i, { id }] of jobs.entries()) {
    const made = await (await fetch(`${server.address}/v1/jobs/${id}/result`)).arrayBuffer();
    expect(Buffer.compare(Buffer.from(made), results[i]!), nameOf(i)).toBe(0);
  }
  await look();
  return `${JOBS} jobs, each over once, all results the command's; killed: ${at.join(", ")}`;
}

it(`a server with ${JOBS} jobs that is killed ${ROUNDS} times loses none`, async () => {
  const words = ["--model", model, "--threads", "1", "--data", path("alone"), "--log", "error"];
  server = await serving(words);
  const killServer = {
    name: "server",
    async does() {
      await server.stop("SIGKILL");
      server = await serving(words);
    },
  };
  console.log(`server: ${await lives(Array.from({ length: ROUNDS }, () => killServer))}`);
});

it.skipIf(!hasRedis())(
  `a queue with ${JOBS} jobs and three workers loses none, whatever of it is killed`,
  async () => {
    processes = await queueProcesses(path("redis"), path("shared"));
    const { queue, redis, worker } = processes;
    const startWorker = () => worker("--lease-seconds", "2");
    const words = ["--model", model, "--data", path("shared"), "--queue", queue, "--log", "error"];
    let memory = await redis();
    server = await serving(words);
    const workers: ChildProcess[] = [];
    for (let i = 0; i < 3; i++) workers.push(await startWorker());
    const deeds = Array.from({ length: ROUNDS }, (_, round) => ({
      name: "worker",
      async does() {
        const which = roundOf(4, round).integer(workers.length);
        await kill(workers[which]!);
        workers[which] = await startWorker();
      },
    }));
    const killServer = {
      name: "server",
      async does() {
        await server.stop("SIGKILL");
        server = await serving(words);
      },
    };
    const killRedis = {
      name: "Redis",
      async does() {
        await kill(memory);
        memory = await redis();
      },
    };
    // In the middle, and a quarter on both sides of it.
    const [quarter, half] = [deeds.length >> 2, deeds.length >> 1];
    deeds.splice(half + quarter, 0, killServer);
    deeds.splice(half, 0, killRedis);
    deeds.splice(quarter, 0, killServer);
    console.log(`queue: ${await lives(deeds)}`);
  },
);
