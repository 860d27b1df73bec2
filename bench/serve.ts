/**
 * `samsr serve` under load, over loopback: what it makes in a second beside the command's batch, alone and
 * with two workers on a queue; what it does at ten times that; and how long one job waits behind a thousand.
 * What is compared takes turns. The load is bounded in requests at once, in bytes and in time, and what it
 * takes of the processors itself is told.
 */
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { encode } from "../src/image/index.js";
import { createLoad, type HttpLoad } from "./http-load.js";
import { zip } from "./measure.js";
import { grainyPicture } from "./picture.js";
import { secondsOf, secondsOfAll } from "./processor-time.js";
import { type Bench, type Figure, figure } from "./report.js";
import { COMMAND, createServers, newKey, runBatch, type Server, type Servers } from "./serving.js";

/**
 * The side of pictures, how many of them a round has, how many the one that warms up, and how many are asked
 * for at once.
 */
const [SIDE, PICTURES, WARMING, AT_ONCE] = [64, 100, 24, 8];
/** How many times its capacity a server is asked for, and the most requests that may be open then. */
const [OVERLOAD, MOST_OPEN] = [10, 1000];
/** Milliseconds between two looks at health, and at memory. */
const [HEALTH, MEMORY] = [100, 1000];
/** Jobs of the client that has many. */
const CROWD = 1000;

/** What was made in a while, in the seconds of a clock and of processors. */
interface Pace {
  /** Pictures a second. */
  readonly rate: number;
  /** Milliseconds of processors that a picture took. */
  readonly work: number;
  /** Those of the process that answers. */
  readonly answering: number;
  /** The part of all processors that the load took. */
  readonly load: number;
}

export const bench: Bench = async ({ threads, rounds = 3, minutes = 10 }) => {
  if (!existsSync(COMMAND)) throw new Error("the command is not built: npm run build");
  const folder = await mkdtemp(join(tmpdir(), "samsr-bench-"));
  const servers = createServers(folder);
  try {
    const picture = await encode(await grainyPicture(SIDE, SIDE), { format: "png" });
    const common = { folder, servers, picture, threads, rounds };
    const figures = [
      ...(await measureCapacity(common)),
      ...(await measureOverload(common, minutes * 60)),
      await measureTurn(common),
    ];
    return {
      about:
        `PNG of ${SIDE} x ${SIDE} to ${4 * SIDE} x ${4 * SIDE} with samsr-tiny, ${threads} threads in all; ${PICTURES} a round, ` +
        `${AT_ONCE} asked for at once. Ten times capacity for ${minutes} minutes in ${rounds} parts, capacity before each; results kept for 60 s.`,
      figures,
    };
  } finally {
    servers.end();
    await pause(200);
    await rm(folder, { recursive: true, force: true });
  }
};

interface Common {
  readonly folder: string;
  readonly servers: Servers;
  readonly picture: Uint8Array;
  readonly threads: number;
  readonly rounds: number;
}

async function measureCapacity({ folder, servers, picture, threads, rounds }: Common): Promise<Figure[]> {
  const names = Array.from({ length: PICTURES }, (_, i) => join(folder, `in${i}.png`));
  for (const name of names) await writeFile(name, picture);
  const batch = async (count: number): Promise<Pace> => {
    const settings = ["--overwrite", "--seed", "0", "--threads", String(threads)];
    const words = [...names.slice(0, count), "-o", join(folder, "out"), ...settings];
    let clock: ReturnType<typeof createClock> | undefined;
    let done = 0;
    let pace: Pace | undefined;
    await runBatch(words, (pid) => {
      clock ??= createClock([pid]);
      if (++done === count) pace = clock(count - 1);
    });
    if (pace === undefined) throw new Error(`the batch made ${done} of ${count}`);
    return pace;
  };
  const alone = await servers.serve("--threads", String(threads));
  const queued = await servers.withWorkers(Math.max(1, threads >> 1));
  const [askAlone, askQueued] = [alone, queued].map((server) => server && inPeace(server, picture));
  const contestants = { batch, alone: askAlone!, ...(askQueued && { queued: askQueued }) };
  const paces: Record<string, Pace[]> = { batch: [], alone: [], queued: [] };
  for (let round = -1; round < rounds; round++) {
    for (const [name, ask] of Object.entries(contestants)) {
      const pace = await ask(round < 0 ? WARMING : PICTURES);
      if (round >= 0) paces[name]!.push(pace);
    }
  }
  for (const server of [alone, queued]) await server?.end();

  const rates = (name: string) => paces[name]!.map(({ rate }) => rate);
  const toBatch = (name: string) => zip((a, b) => a / b, rates(name), rates("batch"));
  const works = (name: string) => paces[name]!.map(({ work }) => work);
  const said = { batch: "the command's batch", alone: "a server alone", queued: "a server with two workers" };
  const present = Object.entries(said).filter(([name]) => paces[name]!.length > 0);
  return [
    ...present.map(([name, words]) => figure(words, "pictures/s", rates(name))),
    ...present.slice(1).map(([name, words]) => figure(`${words} to the batch`, "ratio", toBatch(name))),
    ...present.map(([name, words]) => figure(`processors for a picture, ${words}`, "ms", works(name))),
    figure(
      "of these the process that answers, alone",
      "ms",
      paces.alone!.map(({ answering }) => answering),
    ),
  ];
}

/** Starts a clock that tells the pace of what has been made since. */
function createClock(pids: readonly number[]): (made: number) => Pace {
  const look = () => {
    const { user, system } = process.cpuUsage();
    return {
      time: performance.now() / 1000,
      work: secondsOfAll(pids),
      answering: secondsOf(pids[0]!),
      load: (user + system) / 1e6,
    };
  };
  const before = look();
  return (made) => {
    const now = look();
    const seconds = now.time - before.time;
    return {
      rate: made / seconds,
      work: (1000 * (now.work - before.work)) / made,
      answering: (1000 * (now.answering - before.answering)) / made,
      load: (now.load - before.load) / seconds / availableParallelism(),
    };
  };
}

/**
 * Returns what asks a server for so many pictures, each with a seed of its own, so that none is made twice.
 * The pace is from the first that was done to the last.
 */
function inPeace({ address, pids }: Server, picture: Uint8Array): (count: number) => Promise<Pace> {
  const load = createLoad(address, picture);
  let seed = 0;
  return async (count) => {
    let [next, done] = [0, 0];
    let clock: ReturnType<typeof createClock> | undefined;
    let pace: Pace | undefined;
    const client = async () => {
      while (next++ < count) {
        const status = await load.post(seed++);
        if (status !== 200) throw new Error(`a server was asked in peace and answered ${status}`);
        clock ??= createClock(pids);
        if (++done === count) pace = clock(count - 1);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, client));
    return pace!;
  };
}

async function measureOverload(
  { servers, picture, threads, rounds }: Common,
  seconds: number,
): Promise<Figure[]> {
  const words = ["--queue-limit", "40", "--keep-seconds", "60"];
  const server = await servers.serve("--threads", String(threads), ...words);
  const ask = inPeace(server, picture);
  const load = createLoad(server.address, picture);
  const answers: Answers = { refused: [], health: [], memory: [], others: 0, held: 0 };
  const [peace, flood]: Pace[][] = [[], []];
  await ask(WARMING);
  for (let round = 0; round < rounds; round++) {
    peace.push(await ask(PICTURES));
    const wanted = {
      rate: peace.at(-1)!.rate * OVERLOAD,
      seconds: seconds / rounds,
      seed: (round + 1) * 1e6,
    };
    flood.push(await floodWith(load, server, wanted, answers));
  }
  load.close();
  await server.end();

  const { refused, health, memory, others, held } = answers;
  const tenth = Math.ceil(memory.length / 10);
  const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const ratio = (at: (pace: Pace) => number) => zip((a, b) => a / b, flood.map(at), peace.map(at));
  return [
    figure(
      "made at ten times capacity",
      "pictures/s",
      flood.map(({ rate }) => rate),
    ),
    figure(
      "made then to capacity",
      "ratio",
      ratio(({ rate }) => rate),
    ),
    figure(
      "the same, had the load processors of its own",
      "ratio",
      ratio(({ rate, load }) => rate / (1 - load)),
    ),
    figure(
      "processors for a picture then",
      "ms",
      flood.map(({ work }) => work),
    ),
    figure(
      "of these the process that answers",
      "ms",
      flood.map(({ answering }) => answering),
    ),
    figure(
      "the load's share of all processors",
      "%",
      flood.map(({ load }) => 100 * load),
    ),
    figure("refused a second", "requests/s", refused.length / seconds),
    figure("refused requests, median and middle half", "ms", refused),
    figure("refused requests, 99 %", "ms", share(refused, 0.99)),
    figure("refused requests, slowest", "ms", share(refused, 1)),
    figure("health, 99 %", "ms", share(health, 0.99)),
    figure("health, slowest", "ms", share(health, 1)),
    figure("memory of the server, second tenth of the time", "MB", mean(memory.slice(tenth, 2 * tenth))),
    figure("memory of the server, last tenth", "MB", mean(memory.slice(-tenth))),
    figure("requests that got neither", "", others),
    figure("requests that were not sent, as too many were open", "", held),
  ];
}

/** What a server answered under load, and what was seen of it meanwhile. */
interface Answers {
  /** Milliseconds until a refusal, and until health was told. */
  readonly refused: number[];
  readonly health: number[];
  /** Megabytes of the process that answers. */
  readonly memory: number[];
  /** Requests with neither a picture nor a refusal, and those that were not sent. */
  others: number;
  held: number;
}

/** Asks for so many pictures a second, whatever is answered; returns the pace of those that were made. */
async function floodWith(
  load: HttpLoad,
  { address, pid, pids }: Server,
  { rate, seconds, seed }: { rate: number; seconds: number; seed: number },
  answers: Answers,
): Promise<Pace> {
  const clock = createClock(pids);
  const began = performance.now();
  const end = began + seconds * 1000;
  let [made, asked] = [0, 0];
  const ask = async () => {
    const sent = performance.now();
    const status = await load.post(seed + asked);
    if (status === 200) made++;
    else if (status === 429) answers.refused.push(performance.now() - sent);
    else answers.others++;
  };
  const looking = (async () => {
    for (let look = 0; performance.now() < end; look++) {
      const sent = performance.now();
      await (await fetch(`${address}/v1/health`)).arrayBuffer();
      answers.health.push(performance.now() - sent);
      if (look % (MEMORY / HEALTH) === 0) answers.memory.push(residentMegabytes(pid));
      await pause(HEALTH);
    }
  })();
  const works = new Set<Promise<void>>();
  while (performance.now() < end) {
    const due = Math.floor(((performance.now() - began) / 1000) * rate);
    for (; asked < due; asked++) {
      if (load.open >= MOST_OPEN) answers.held++;
      else {
        const work = ask().finally(() => works.delete(work));
        works.add(work);
      }
    }
    await pause(1000 / rate);
  }
  const pace = clock(made);
  await Promise.all([looking, ...works]);
  return pace;
}

/**
 * Counts the jobs that end between the coming of a client's one job and its start, behind another's thousand.
 */
async function measureTurn({ folder, servers, picture, threads }: Common): Promise<Figure> {
  const keys = await Promise.all(["crowd", "one"].map((name) => newKey(name)));
  await writeFile(join(folder, "keys.yaml"), keys.map(({ entry }) => entry).join(""));
  const server = await servers.serve("--threads", String(threads), "--keys", join(folder, "keys.yaml"));
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
    return ((await answer.json()) as { jobs: { created: string; started?: string; ended?: string }[] }).jobs;
  };
  const [mine] = await list(one);
  const before = (await list(crowd)).filter(
    ({ ended }) => ended !== undefined && ended >= mine!.created && ended <= mine!.started!,
  );
  await server.end();
  return figure("jobs that end before the one behind a thousand starts", "", before.length);
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
