/** Figures of a server for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import type { JobRecord } from "./jobs/job.js";
import type { JobsFacts } from "./jobs/jobs.js";

/** Milliseconds between two looks at how late the event loop is: each wakes a processor that enlarges. */
const LOOK = 100;

export interface Metrics {
  readonly type: string;
  text(): Promise<string>;
  /** Counts an answer. */
  answered(method: string, route: string, status: number, seconds: number): void;
  /** Counts a job that is over. */
  over(record: JobRecord): void;
}

/**
 * Creates the figures that a server keeps of itself.
 * @param facts asked when figures are
 */
export function createMetrics(facts: () => JobsFacts & { memory: number }): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOK });
  const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
  const jobs = new Counter({
    ...{ name: "samsr_jobs_total", help: "jobs that are over", labelNames: ["state"], registers },
  });
  const stages = new Histogram({
    ...{ name: "samsr_job_seconds", help: "seconds of jobs by stage: wait, work", registers, buckets },
    labelNames: ["stage"],
  });
  const answers = new Histogram({
    ...{ name: "samsr_http_seconds", help: "seconds until an answer was sent", registers, buckets },
    labelNames: ["method", "route", "status"],
  });
  const gauges = {
    queued: new Gauge({ name: "samsr_jobs_queued", help: "jobs that wait", registers }),
    running: new Gauge({ name: "samsr_jobs_running", help: "jobs that run", registers }),
    stored: new Gauge({ name: "samsr_store_bytes", help: "bytes of pictures and results", registers }),
    memory: new Gauge({
      name: "samsr_worker_memory_bytes",
      help: "memory of enlarging processes",
      registers,
    }),
  };
  return {
    type: registry.contentType,
    text() {
      const { queued, running, stored, memory } = facts();
      gauges.queued.set(queued);
      gauges.running.set(running);
      gauges.stored.set(stored);
      gauges.memory.set(memory);
      return registry.metrics();
    },
    answered(method, route, status, seconds) {
      answers.observe({ method, route, status: String(status) }, seconds);
    },
    over({ state, created, started, ended }) {
      jobs.inc({ state });
      if (started === undefined || ended === undefined) return;
      stages.observe({ stage: "wait" }, (started - created) / 1000);
      stages.observe({ stage: "work" }, (ended - started) / 1000);
    },
  };
}
