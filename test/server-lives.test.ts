/** `samsr serve` when things go wrong: processes die, the server is killed, too much is asked of it. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import { type Serving, serving } from "./fixtures/server.js";
import { writeSmallModel } from "./fixtures/small-model.js";

const folder = temporaryFolder();
const { path } = folder;
const model = writeSmallModel();
const setUp = (data: string, ...more: string[]) => [
  ...["--model", model, "--threads", "1", "--data", path("data", data), ...more],
];
let picture: Buffer;

beforeAll(async () => {
  picture = await drawing().jpeg().toBuffer();
  writeFileSync(path("photo.jpg"), picture);
}, 60_000);
afterAll(() => {
  folder.remove();
  rmSync(model, { recursive: true, force: true });
});

interface JobDocument {
  readonly id: string;
  readonly state: string;
  readonly place?: number;
  readonly problem?: { readonly status: number; readonly detail: string };
  readonly links: { readonly self: string; readonly result: string };
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const blob = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]);
const submit = (to: Serving, bytes: Uint8Array, query = "", headers: Record<string, string> = {}) =>
  fetch(`${to.address}/v1/upscale${query}`, {
    ...{ method: "POST", body: blob(bytes), headers: { prefer: "respond-async", ...headers } },
  });
const jobOf = async (response: Response) => (await response.json()) as JobDocument;
const look = async (to: Serving, { id }: JobDocument, headers = {}) =>
  jobOf(await fetch(`${to.address}/v1/jobs/${id}`, { headers }));

async function until(
  to: Serving,
  job: JobDocument,
  wanted: (job: JobDocument) => boolean,
): Promise<JobDocument> {
  for (;;) {
    const now = await look(to, job);
    if (wanted(now)) return now;
    await pause(20);
  }
}
const isOver = ({ state }: JobDocument) => state !== "queued" && state !== "running";

const resultOf = async (to: Serving, { links }: JobDocument) =>
  Buffer.from(await (await fetch(`${to.address}${links.result}`)).arrayBuffer());

/** The processes that a server has for pictures. */
function runnersOf({ child: { pid } }: Serving): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return children.trim().split(" ").filter(Boolean).map(Number);
}

/**
 * Tells whether a child runs a program of its own: until then the server waits for it, and must not wait
 * long.
 */
const hasBegun = (pid: number, { child }: Serving) => {
  const words = (of: number | undefined) => readFileSync(`/proc/${of}/cmdline`, "latin1");
  return words(pid) !== words(child.pid);
};

/** Stops the process that a server has for pictures as soon as there is one that is none of these. */
async function hold(server: Serving, others: number[] = []): Promise<number> {
  for (;;) {
    const pid = runnersOf(server).find((one) => !others.includes(one) && hasBegun(one, server));
    if (pid !== undefined) {
      process.kill(pid, "SIGSTOP");
      return pid;
    }
    await pause(5);
  }
}

const isThere = (pid: number) => {
  try {
    // A dead one that nobody has asked about yet is a zombie.
    return !/^State:\s*[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

describe.skipIf(process.platform !== "linux")("a process that dies", () => {
  it("costs a picture an attempt; what dies too often is parked, and others go on", async () => {
    const server = await serving(setUp("dying", "--attempts", "2"));
    const job = await jobOf(await submit(server, picture));
    const killed: number[] = [];
    for (let deaths = 0; deaths < 2; deaths++) {
      killed.push(await hold(server, killed));
      process.kill(killed.at(-1)!, "SIGKILL");
    }
    expect(await until(server, job, isOver)).toMatchObject({
      state: "parked",
      problem: {
        status: 500,
        detail: "the picture ended its process 2 times (SIGKILL); it is not tried again.",
      },
    });
    expect((await submit(server, picture, "?seed=1", { prefer: "" })).status).toBe(200);
    expect(await server.stop()).toBe(0);
  });

  it("for its time or its memory costs that picture alone", async () => {
    const server = await serving([
      ...["--data", path("data", "limits"), "--job-seconds", "2", "--process-memory", "256"],
      ...["--threads", "1", "--model", model],
    ]);
    const slow = await jobOf(await submit(server, picture));
    await hold(server);
    expect((await until(server, slow, isOver)).problem?.detail).toBe(
      "the picture takes longer than 2 s; make it smaller.",
    );
    const large = await drawing({ width: 800, height: 600 }).jpeg().toBuffer();
    const fat = await jobOf(await submit(server, large, "?model=samsr-tiny"));
    expect((await until(server, fat, isOver)).problem?.detail).toMatch(
      /^the picture (needs more than the 256 MiB of memory|takes longer than 2 s)/,
    );
    expect((await fetch(`${server.address}/v1/health`)).status).toBe(200);
    await server.stop();
  });
});

describe.skipIf(process.platform !== "linux")("a server that is killed", () => {
  it("goes on where it stopped, and no job is lost or made another way", async () => {
    const words = setUp("killed");
    let server = await serving(words);
    const jobs: JobDocument[] = [];
    for (let seed = 0; seed < 2; seed++) {
      jobs.push(await jobOf(await submit(server, picture, `?seed=${seed}&format=png`)));
      const runner = await hold(server);
      expect(isOver(await until(server, jobs[seed]!, () => true))).toBe(false);
      await server.stop("SIGKILL");
      process.kill(runner, "SIGCONT");
      server = await serving(words);
      while (isThere(runner)) await pause(20);
    }
    await expect(serving(words)).rejects.toThrow(/is in use by another server/);
    const states = await Promise.all(jobs.map((job) => until(server, job, isOver)));
    expect(states.map(({ state }) => state)).toEqual(["done", "done"]);
    const out = path("by-command.png");
    const asked = [
      "upscale",
      path("photo.jpg"),
      "-o",
      out,
      "--model",
      model,
      "--seed",
      "1",
      "--threads",
      "1",
    ];
    expect((await samsr(asked)).code).toBe(0);
    expect(Buffer.compare(await resultOf(server, jobs[1]!), readFileSync(out))).toBe(0);
    await server.stop();
  });

  it("by SIGTERM ends what runs, refuses what comes, and keeps what waits", async () => {
    const words = setUp("drained");
    const server = await serving(words);
    const jobs: JobDocument[] = [];
    for (let seed = 0; seed < 4; seed++)
      jobs.push(await jobOf(await submit(server, picture, `?seed=${seed}`)));
    const runner = await hold(server);
    const waiting = jobs.at(-1)!;
    const held = (await look(server, waiting)).state === "queued";
    const ended = server.stop();
    while ((await fetch(`${server.address}/v1/health/ready`)).status !== 503) await pause(10);
    expect((await submit(server, picture)).status).toBe(503);
    process.kill(runner, "SIGCONT");
    expect(await ended).toBe(0);
    const next = await serving(words);
    expect((await look(next, jobs[0]!)).state).toBe("done");
    expect((await until(next, waiting, isOver)).state).toBe("done");
    expect(held).toBe(true);
    await next.stop();
  });
});

describe.skipIf(process.platform !== "linux")("too much", () => {
  it("is refused with a time after which there is room, and the next goes before the crowd", async () => {
    const keys = path("keys.yaml");
    const key = async (name: string, ...more: string[]) => {
      const { stdout, stderr } = await samsr(["serve", "--new-key", name, ...more]);
      writeFileSync(keys, stdout, { flag: "a" });
      return { authorization: `Bearer ${stderr.trim().split(" ").at(-1)}` };
    };
    const [crowd, one] = [await key("crowd"), await key("one")];
    const reader = await key("reader", "--scopes", "read");
    const server = await serving(setUp("crowded", "--queue-limit", "8", "--keys", keys));

    const taken = [await jobOf(await submit(server, picture, "?seed=99", crowd))];
    const runner = await hold(server);
    let refused: Response | undefined;
    for (let seed = 0; refused === undefined; seed++) {
      const response = await submit(server, picture, `?seed=${seed}`, crowd);
      if (response.status === 202) taken.push(await jobOf(response));
      else refused = response;
    }
    expect([refused.status, taken.length]).toEqual([429, 2 + 4]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const response = await submit(server, picture, "", one);
    expect(response.status).toBe(202);
    const job = await jobOf(response);
    expect(job.place).toBe(1);

    expect((await submit(server, picture)).status).toBe(401);
    expect((await submit(server, picture, "", reader)).status).toBe(403);
    const asked = await Promise.all(
      [crowd, reader, one].map((headers) => fetch(`${server.address}/v1/jobs/${job.id}`, { headers })),
    );
    expect(asked.map(({ status }) => status)).toEqual([404, 404, 200]);
    const { jobs } = (await (await fetch(`${server.address}/v1/jobs`, { headers: one })).json()) as {
      jobs: JobDocument[];
    };
    expect(jobs.map(({ id }) => id)).toEqual([job.id]);
    expect((await fetch(`${server.address}/metrics`, { headers: one })).status).toBe(200);
    expect((await fetch(`${server.address}/metrics`, { headers: reader })).status).toBe(403);
    await server.stop("SIGKILL");
    process.kill(runner, "SIGCONT");
  });

  it("does not start open to other machines, nor with settings that nobody knows", async () => {
    await expect(serving(setUp("open", "--host", "0.0.0.0"))).rejects.toThrow(
      /name a file of keys, or say open/,
    );
    writeFileSync(path("settings.yaml"), "port: 80x");
    await expect(serving(["--config", path("settings.yaml")])).rejects.toThrow(
      /port: "80x" is wrong\. Expected/,
    );
    writeFileSync(path("settings.yaml"), "ports: 80");
    await expect(serving(["--config", path("settings.yaml")])).rejects.toThrow(/there is no setting "ports"/);
    await expect(serving([], { SAMSR_QUEUE_LIMIT: "many" })).rejects.toThrow(
      /SAMSR_QUEUE_LIMIT: "many" is wrong/,
    );
  });
});
