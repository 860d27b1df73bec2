/** What answers hold: the schemas by which they are written and which the published document shows. */
import { JOB_STATES, type JobRecord } from "../jobs/job.js";
import type { JobView } from "../jobs/jobs.js";

/** A key is needed where the server has any. */
export const KEYED: { [label: string]: string[] }[] = [{ key: [] }, {}];

/** The answers that refuse a request, for the published document. */
export const refusals = (...statuses: readonly number[]) =>
  Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: "The request is refused.",
        content: { "application/problem+json": { schema: { $ref: "Problem#" } } },
      },
    ]),
  );

const text = (description: string) => ({ type: "string", description });
const number = (description: string) => ({ type: "number", description });
const count = (description: string) => ({ type: "integer", minimum: 0, description });
const moment = (description: string) => ({ type: "string", format: "date-time", description });

const problem = {
  $id: "Problem",
  type: "object",
  description: "Why a request was refused (RFC 9457).",
  required: ["type", "title", "status", "detail", "instance"],
  properties: {
    type: text("always about:blank"),
    title: text("the status in words"),
    status: { type: "integer" },
    detail: text("one line for people"),
    instance: text("the request's id, as in the log"),
  },
};

const job = {
  $id: "Job",
  type: "object",
  description: "One picture to enlarge.",
  required: ["id", "state", "name", "bytes", "created", "links"],
  properties: {
    id: { type: "string", format: "uuid" },
    state: {
      enum: JOB_STATES,
      type: "string",
      description: "parked: its process died as often as it may",
    },
    name: text("what the client calls the picture"),
    batch: { type: "string", format: "uuid", description: "the batch that it came with" },
    bytes: count("of the picture's file"),
    created: moment("when it was accepted"),
    started: moment("when it was handed to a process"),
    ended: moment("when it was over"),
    expires: moment("when it goes with its result"),
    place: { type: "integer", minimum: 1, description: "in the queue; 1 is next" },
    secondsLeft: number("until it is done, as far as can be known"),
    progress: {
      type: "object",
      required: ["stage", "done", "total"],
      properties: {
        stage: text("latents, masks, noise, denoise, tiles, resample or encode"),
        done: count("steps of this stage that are done, tiles for most"),
        total: count("steps of this stage"),
      },
    },
    problem: {
      type: "object",
      required: ["status", "detail"],
      properties: { status: { type: "integer" }, detail: text("one line, the command's") },
    },
    result: {
      type: "object",
      required: ["width", "height", "format", "pages", "bytes", "warnings", "milliseconds", "etag"],
      properties: {
        width: count("pixels"),
        height: count("pixels"),
        format: text("png, jpeg, webp, avif, tiff or gif"),
        pages: count("pages or frames"),
        bytes: count("of its file"),
        warnings: { type: "array", items: { type: "string" }, description: "what was lost" },
        milliseconds: count("that it took"),
        etag: text("of picture, settings and model"),
      },
    },
    links: {
      type: "object",
      required: ["self", "result", "events"],
      properties: {
        self: text("the job"),
        result: text("the picture, once it is done"),
        events: text("SSE"),
      },
    },
  },
};

const batch = {
  $id: "Batch",
  type: "object",
  description: "Pictures that came together.",
  required: ["id", "counts", "jobs"],
  properties: {
    id: { type: "string", format: "uuid" },
    counts: {
      type: "object",
      description: "jobs by state",
      properties: Object.fromEntries(JOB_STATES.map((state) => [state, { type: "integer", minimum: 0 }])),
    },
    jobs: { type: "array", items: { $ref: "Job#" } },
    refused: {
      type: "array",
      description: "pictures that became no job; said once, in the answer to their coming",
      items: {
        type: "object",
        required: ["name", "status", "detail"],
        properties: { name: { type: "string" }, status: { type: "integer" }, detail: { type: "string" } },
      },
    },
  },
};

const model = {
  $id: "Model",
  type: "object",
  required: ["name", "summary", "network", "licence", "masks", "default"],
  properties: {
    name: text("what requests call it"),
    summary: text("what it is"),
    network: text("its kind"),
    licence: text("of its weights"),
    masks: { type: "boolean", description: "it looks at masks" },
    detail: number("its own, of a model that can be sharper or more faithful"),
    default: { type: "boolean", description: "taken by requests that name none" },
  },
};

const health = {
  $id: "Health",
  type: "object",
  required: ["status"],
  properties: {
    status: { type: "string", enum: ["ok", "stopping"] },
    queued: count("jobs that wait"),
    running: count("jobs that run"),
  },
};

/** The schemas that have names. */
export const SCHEMAS = [problem, job, batch, model, health];

/** Returns a job as {@link SCHEMAS} have it. */
export function jobDocument({ record, progress, place, secondsLeft }: JobView, keepSeconds: number) {
  const { id, state, name, batch, bytes, created, started, ended, result, etag } = record;
  const at = (time: number | undefined) => time && new Date(time).toISOString();
  const self = `/v1/jobs/${id}`;
  return {
    ...{ id, state, name, batch, bytes, place, secondsLeft, progress, problem: record.problem },
    ...{ created: at(created), started: at(started), ended: at(ended) },
    expires: ended === undefined ? undefined : at(ended + keepSeconds * 1000),
    result: result && { ...result, etag },
    links: { self, result: `${self}/result`, events: `${self}/events` },
  };
}

/** Returns a batch as {@link SCHEMAS} have it. */
export function batchDocument(id: string, views: readonly JobView[], keepSeconds: number) {
  const counts: Partial<Record<JobRecord["state"], number>> = {};
  for (const { record } of views) counts[record.state] = (counts[record.state] ?? 0) + 1;
  return { id, counts, jobs: views.map((view) => jobDocument(view, keepSeconds)) };
}
