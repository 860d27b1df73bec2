/**
 * The queue's work on a server: photos are sent as jobs, what becomes of all of them is asked for together,
 * and results are fetched.
 */
import { type Item, isActive, lineOf, resultName, shareOf } from "./item.js";
import type { Engine, EngineEvents } from "./page.js";
import { type Client, type HealthDocument, type JobDocument, Refusal } from "./server-client.js";
import { words } from "./server-words.js";

/** A photo, and the job that it is. */
export interface JobItem extends Item {
  job?: string;
  /** What tells its result from others, "x4". */
  scale?: string;
}

export interface ServerEngineEvents extends EngineEvents<JobItem> {
  /** The parameters of a request for a photo. */
  parameters(file: File): URLSearchParams;
  /** A line about the server. */
  server(line: string): void;
  /** A job of an earlier visit. */
  found(item: JobItem): void;
}

/** Milliseconds between two looks at jobs, and the same while nobody looks at the page. */
const [LOOK, HIDDEN] = [500, 3000];
/** Photos that are sent at once, and results that are fetched at once. */
const AT_ONCE = 3;
/** Seconds after which a server that gave no answer is asked again. */
const AWAY = 2;

/** Formats that no browser shows. */
const UNSEEN = ["image/tiff"];

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function createServerEngine(client: Client, events: ServerEngineEvents): Engine<JobItem> {
  const jobs = new Map<string, JobItem>();
  const sending = createLane(AT_ONCE);
  const fetching = createLane(AT_ONCE);
  let looking = false;
  let active = 0;

  const update = (item: JobItem, change: Partial<JobItem>) => {
    Object.assign(item, change);
    events.changed(item);
  };
  const fail = (item: JobItem, error: unknown) => {
    const line = error instanceof Error ? error.message : String(error);
    update(item, { state: "failed", line, share: 0, abort: undefined });
  };

  /** Asks until there is an answer; waits where the server says so, or where it is away. */
  async function patiently(
    item: JobItem,
    signal: AbortSignal,
    ask: () => Promise<Response>,
  ): Promise<Response> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await ask();
      } catch (error) {
        signal.throwIfAborted();
        const busy = error instanceof Refusal && (error.status === 429 || error.status === 503);
        if (!busy && !(error instanceof TypeError)) throw error;
        update(item, { line: busy ? error.message : words.away });
        await pause(1000 * ((busy ? error.after : undefined) ?? AWAY));
      }
    }
  }

  async function send(item: JobItem, abort: AbortController): Promise<void> {
    const { signal } = abort;
    const { file } = item;
    if (!file || signal.aborted) return;
    update(item, { line: words.sending });
    const parameters = events.parameters(file);
    // What is sent again, after an answer that was lost, is the same job.
    const headers = { prefer: "respond-async", "idempotency-key": randomKey() };
    const response = await patiently(item, signal, () => {
      const body = new FormData();
      body.set("picture", file, item.name);
      return client.ask(`v1/upscale?${parameters}`, { method: "POST", body, headers, signal });
    });
    const { id } = (await response.json()) as JobDocument;
    if (signal.aborted) return forgetJob(id);
    Object.assign(item, { job: id, scale: `x${parameters.get("scale")}` });
    jobs.set(id, item);
    void look();
  }

  /** Asks what has become of all jobs, as long as there are some that are not over. */
  async function look(): Promise<void> {
    if (looking) return;
    looking = true;
    while ([...jobs.values()].some(isActive)) {
      try {
        await lookOnce();
      } catch (error) {
        events.server(error instanceof Refusal ? error.message : words.away);
      }
      await pause(document.hidden ? HIDDEN : LOOK);
    }
    looking = false;
    await lookAtServer().catch(() => {});
  }

  async function lookOnce(): Promise<void> {
    const before = [...jobs.keys()];
    const list = (await client.json<{ jobs: JobDocument[] }>("v1/jobs")).jobs;
    const known = new Map(list.map((job) => [job.id, job]));
    for (const id of before) {
      const [item, job] = [jobs.get(id), known.get(id)];
      if (!item || !isActive(item)) continue;
      if (job) take(item, job);
      else fail(item, words.gone);
    }
    await lookAtServer();
  }

  async function lookAtServer(): Promise<void> {
    const { queued = 0, running = 0 } = await client.json<HealthDocument>("v1/health");
    events.server(words.chip(queued, running));
  }

  /** Takes in what the server says of a job. */
  function take(item: JobItem, job: JobDocument): void {
    const { state, place, secondsLeft, progress, problem } = job;
    const left = secondsLeft === undefined ? "" : `, ${words.left(secondsLeft)}`;
    if (state === "queued") {
      const line = (place ?? 1) > 1 ? words.place(place!) + left : words.next;
      update(item, { state: "waiting", line });
    } else if (state === "running") {
      const told = progress as Parameters<typeof shareOf>[0] | undefined;
      const line = (told ? lineOf(told) : words.reading) + left;
      update(item, { state: "working", share: told ? shareOf(told) : 0, line });
    } else if (state === "cancelled") {
      update(item, { state: "cancelled", line: words.cancelled, share: 0 });
    } else if (state !== "done") {
      fail(item, problem?.detail ?? state);
    } else if (item.share < 1) {
      update(item, { state: "working", share: 1, line: words.fetching });
      void fetching(() => fetchResult(item, job)).catch((error) => fail(item, error));
    }
  }

  async function fetchResult(item: JobItem, { links, result }: JobDocument): Promise<void> {
    const { width, height, format, warnings, milliseconds } = result!;
    const blob = await (
      await patiently(item, new AbortController().signal, () => client.ask(links.result.slice(1)))
    ).blob();
    const size = words.size(width, height);
    const file = new File([blob], resultName(item.name, item.scale ?? `${width}x${height}`, format), {
      type: blob.type,
    });
    if (!jobs.has(item.job ?? "")) return;
    const address = UNSEEN.includes(blob.type) ? undefined : URL.createObjectURL(file);
    update(item, {
      ...{ state: "done", share: 1, warnings, abort: undefined, result: { file, address } },
      line: words.made(size, (milliseconds / 1000).toFixed(1)),
    });
  }

  const forgetJob = (id: string) => void client.ask(`v1/jobs/${id}`, { method: "DELETE" }).catch(() => {});

  /** Takes the job of a photo away from the server. */
  function drop(item: JobItem): void {
    item.abort?.abort();
    if (item.job === undefined) return;
    jobs.delete(item.job);
    forgetJob(item.job);
    item.job = undefined;
  }

  /** What is there of earlier visits. */
  async function restore(): Promise<void> {
    const { jobs: list } = await client.json<{ jobs: JobDocument[] }>("v1/jobs");
    for (const job of list) {
      if (jobs.has(job.id)) continue;
      const item: JobItem = {
        name: job.name,
        job: job.id,
        state: "waiting",
        line: words.waiting,
        share: 0,
        warnings: [],
      };
      jobs.set(job.id, item);
      events.found(item);
      take(item, job);
    }
    await lookAtServer();
    void look();
  }
  void restore().catch((error) => events.note(error instanceof Refusal ? error.message : words.away));

  return {
    get busy() {
      return active > 0;
    },
    add(items) {
      for (const item of items) {
        if (item.result?.address) URL.revokeObjectURL(item.result.address);
        drop(item);
        const abort = new AbortController();
        update(item, { state: "waiting", line: words.waiting, share: 0, result: undefined, abort });
        active++;
        void sending(() => send(item, abort))
          .catch((error) => (abort.signal.aborted ? undefined : fail(item, error)))
          .finally(() => active--);
      }
    },
    cancel(item) {
      if (!isActive(item)) return;
      drop(item);
      update(item, { state: "cancelled", line: words.cancelled, share: 0, abort: undefined });
    },
    removed: drop,
  };
}

/** Runs so many works at once, the others after them in their order. */
function createLane(atOnce: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free++;
    }
  };
}

function randomKey(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(16)).join("-");
}
