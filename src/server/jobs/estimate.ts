/** How long jobs take, learnt from those that ended. */
import type { JobProgress, JobRecord } from "./job.js";

/** Seconds a pixel until the first picture was made: the bundled model on two cores. */
const AT_FIRST = 13e-6;
/** Seconds of the smallest job. */
const LEAST = 0.05;
/** Pixels a byte, of files that do not say their size at once. */
const PIXELS_A_BYTE = 4;
/** Weight of the newest. */
const LEARN = 0.2;

interface TimeEstimate {
  /** Returns what a job takes, alone in a process. */
  seconds(record: Pick<JobRecord, "pixels" | "bytes">): number;
  /**
   * Takes in what a job took; both moments in milliseconds.
   * @returns the seconds that a process was busy with it
   */
  learn(record: Pick<JobRecord, "pixels" | "bytes">, started: number, ended: number, whole: boolean): number;
  /** Estimates the seconds until a queued job ends that has so many before it. */
  queued(before: number, record: JobRecord): number;
  /** Estimates the seconds until a running job ends. */
  running(record: JobRecord, progress: JobProgress | undefined): number;
  /**
   * Promises whole seconds after which there will be a place in the queue that was promised to nobody else;
   * no more than the whole queue takes.
   */
  promise(queued: number): number;
}

export function createEstimate(processes: number): TimeEstimate {
  let aPixel = AT_FIRST;
  /** The seconds of a job, the average of those that ended. */
  let aJob: number | undefined;
  let lastEnd = 0;
  let promised = 0;
  const pixelsOf = ({ pixels, bytes }: Pick<JobRecord, "pixels" | "bytes">) =>
    pixels ?? bytes * PIXELS_A_BYTE;
  const seconds = (record: Pick<JobRecord, "pixels" | "bytes">) => Math.max(LEAST, pixelsOf(record) * aPixel);
  const between = () => (aJob ?? 1) / processes;
  const rounded = (value: number) => Math.round(Math.max(0, value) * 10) / 10;

  return {
    seconds,
    learn(record, started, ended, whole) {
      // A process may have been busy with another one when this was handed to it.
      const began = processes === 1 ? Math.max(started, lastEnd) : started;
      const took = Math.max(0.001, (ended - began) / 1000);
      lastEnd = ended;
      if (whole) {
        aPixel += LEARN * (took / Math.max(1, pixelsOf(record)) - aPixel);
        aJob = aJob === undefined ? took : aJob + LEARN * (took - aJob);
      }
      return took;
    },
    queued: (before, record) => rounded(before * between() + seconds(record)),
    running(record, progress) {
      const spent = (Date.now() - (record.started ?? Date.now())) / 1000;
      if (progress?.stage === "tiles" && progress.done > 0) {
        return rounded((spent / progress.done) * (progress.total - progress.done));
      }
      return rounded(seconds(record) - spent);
    },
    promise(queued) {
      const now = Date.now() / 1000;
      promised = Math.min(Math.max(promised, now) + between(), now + Math.max(1, queued) * between());
      return Math.max(1, Math.ceil(promised - now));
    },
  };
}
