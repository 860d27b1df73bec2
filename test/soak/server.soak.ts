/**
 * A server that is killed while it works: every job ends once, none is lost, and results are the command's.
 */
import { readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drawing, samsr, temporaryFolder } from "../fixtures/cli.js";
import { type Serving, serving } from "../fixtures/server.js";
import { writeSmallModel } from "../fixtures/small-model.js";
import { ROUNDS, roundOf } from "./soak.js";

const JOBS = 15 * ROUNDS;

const folder = temporaryFolder();
const { path } = folder;
const model = writeSmallModel();
const words = ["--model", model, "--threads", "1", "--data", path("data"), "--log", "error"];
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
let picture: Buffer;
let server: Serving;
beforeAll(async () => {
  picture = await drawing().jpeg().toBuffer();
  await drawing().jpeg().toFile(path("photo.jpg"));
  server = await serving(words);
});
afterAll(async () => {
  await server.stop("SIGKILL");
  folder.remove();
  rmSync(model, { recursive: true });
});

interface JobDocument {
  readonly id: string;
  readonly state: string;
  readonly result?: { readonly etag: string };
}

/** One job of a seed; a request that a kill cut off is sent again, with its key. */
async function submit(seed: number): Promise<JobDocument> {
  for (;;) {
    const body = new Blob([new Uint8Array(picture)]);
    const headers = { prefer: "respond-async", "idempotency-key": `seed-${seed}` };
    const address = `${server.address}/v1/upscale?seed=${seed}&format=png`;
    const response = await fetch(address, { method: "POST", body, headers }).catch(() => undefined);
    if (response?.status === 202) return (await response.json()) as JobDocument;
    await pause(50);
  }
}

async function all(): Promise<readonly JobDocument[]> {
  for (;;) {
    const response = await fetch(`${server.address}/v1/jobs`).catch(() => undefined);
    if (response?.ok) return ((await response.json()) as { jobs: JobDocument[] }).jobs;
    await pause(50);
  }
}

it(`a server with ${JOBS} jobs that is killed ${ROUNDS} times loses none`, async () => {
  const submitting = (async () => {
    const jobs: JobDocument[] = [];
    for (let seed = 0; seed < JOBS; seed++) jobs.push(await submit(seed));
    return jobs;
  })();
  /** What was seen of jobs that were over; it stays so. */
  const over = new Map<string, string>();
  const look = async () => {
    const now = await all();
    for (const { id, state, result } of now) {
      if (state === "queued" || state === "running") {
        expect(over.has(id), `${id} was over and is ${state}`).toBe(false);
      } else {
        const said = `${state} ${result?.etag}`;
        expect(over.get(id) ?? said).toBe(said);
        over.set(id, said);
      }
    }
    return now;
  };
  for (let round = 0; round < ROUNDS; round++) {
    await pause(300 + roundOf(3, round).integer(2000));
    await look();
    await server.stop("SIGKILL");
    server = await serving(words);
  }
  const jobs = await submitting;
  expect(new Set(jobs.map(({ id }) => id)).size).toBe(JOBS);
  while ((await look()).length > over.size) await pause(200);
  expect(over.size).toBe(JOBS);
  expect([...over.values()].filter((said) => !said.startsWith("done "))).toEqual([]);

  for (const seed of [0, JOBS >> 1, JOBS - 1]) {
    const out = path(`${seed}.png`);
    const asked = ["upscale", path("photo.jpg"), "-o", out, "--model", model, "--seed", String(seed)];
    expect((await samsr(asked)).code).toBe(0);
    const made = await fetch(`${server.address}/v1/jobs/${jobs[seed]!.id}/result`);
    expect(Buffer.compare(Buffer.from(await made.arrayBuffer()), readFileSync(out)), `seed ${seed}`).toBe(0);
  }
});
