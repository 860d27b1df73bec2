/**
 * Which job is next: start-time fair queueing (Goyal, Vin and Cheng 1996). Each owner has two flows, one of
 * small jobs and one of large ones, and each flow is served the same time in the long run. So whoever comes
 * with one job is next but for what is under way, whatever others have waiting, and an owner's small jobs do
 * not wait for its hundred large ones.
 */

/** Seconds of work up to which a job is a small one. */
const SMALL = 2;

export interface Queued {
  readonly id: string;
  readonly owner: string;
  /** What it is expected to take, in seconds. */
  readonly seconds: number;
}

interface FairQueue<T extends Queued> {
  readonly size: number;
  add(job: T): void;
  /** Puts a job back in front of its flow. */
  putBack(job: T): void;
  /** Takes the next job for which `fits` is true; flows whose first job does not fit are passed over. */
  take(fits?: (job: T) => boolean): T | undefined;
  remove(id: string): T | undefined;
  /** Charges the flow of a job that took other seconds than it was expected to. */
  correct(job: T, seconds: number): void;
  /**
   * Tells how many will be taken before a job, should nothing else come; undefined for one that does not
   * wait.
   */
  placeOf(id: string): number | undefined;
  /** Tells how many jobs an owner has waiting. */
  countOf(owner: string): number;
}

interface Flow<T> {
  readonly jobs: T[];
  /** The virtual time at which what it was given so far ends. */
  end: number;
}

export function createFairQueue<T extends Queued>(): FairQueue<T> {
  const flows = new Map<string, Flow<T>>();
  const counts = new Map<string, number>();
  let now = 0;
  let size = 0;
  let places: ReadonlyMap<string, number> | undefined;

  const keyOf = ({ owner, seconds }: T) => `${seconds <= SMALL ? "small" : "large"} ${owner}`;
  const flowOf = (job: T) => {
    const key = keyOf(job);
    const flow = flows.get(key) ?? { jobs: [], end: 0 };
    flows.set(key, flow);
    return flow;
  };
  function count(job: T, change: number): void {
    const left = (counts.get(job.owner) ?? 0) + change;
    if (left > 0) counts.set(job.owner, left);
    else counts.delete(job.owner);
    size += change;
    places = undefined;
  }
  /** Forgets a flow that has nothing and no debt: it is as good as none. */
  function forget(): void {
    for (const [key, { jobs, end }] of flows) if (jobs.length === 0 && end <= now) flows.delete(key);
  }

  /** Walks through the flows as {@link FairQueue.take} will. */
  function order(): ReadonlyMap<string, number> {
    const copies = [...flows.values()].map(({ jobs, end }) => ({ jobs, end, at: 0 }));
    const found = new Map<string, number>();
    for (let time = now; found.size < size; ) {
      const [flow, start] = firstOf(copies, time, ({ jobs, at }) => at < jobs.length);
      const job = flow!.jobs[flow!.at++]!;
      found.set(job.id, found.size);
      time = start;
      flow!.end = start + job.seconds;
    }
    return found;
  }

  return {
    get size() {
      return size;
    },
    add(job) {
      flowOf(job).jobs.push(job);
      count(job, 1);
    },
    putBack(job) {
      const flow = flowOf(job);
      flow.jobs.unshift(job);
      flow.end = Math.max(0, flow.end - job.seconds);
      count(job, 1);
    },
    take(fits = () => true) {
      const [flow, start] = firstOf(flows.values(), now, (flow) => {
        const [job] = flow.jobs;
        return job !== undefined && fits(job);
      });
      if (flow === undefined) return undefined;
      const job = flow.jobs.shift()!;
      now = start;
      flow.end = start + job.seconds;
      count(job, -1);
      forget();
      return job;
    },
    remove(id) {
      for (const { jobs } of flows.values()) {
        const at = jobs.findIndex((job) => job.id === id);
        if (at < 0) continue;
        const [job] = jobs.splice(at, 1);
        count(job!, -1);
        forget();
        return job;
      }
      return undefined;
    },
    correct(job, seconds) {
      flowOf(job).end += seconds - job.seconds;
      forget();
      places = undefined;
    },
    placeOf: (id) => (places ??= order()).get(id),
    countOf: (owner) => counts.get(owner) ?? 0,
  };
}

/** Returns the flow that has been given least, and the virtual time at which its next job starts. */
function firstOf<F extends { readonly end: number }>(
  flows: Iterable<F>,
  now: number,
  ready: (flow: F) => boolean,
): [flow: F | undefined, start: number] {
  let first: F | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const flow of flows) {
    const start = Math.max(now, flow.end);
    if (start >= least || !ready(flow)) continue;
    first = flow;
    least = start;
  }
  return [first, least];
}
