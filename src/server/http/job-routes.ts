/** Jobs and batches: what has become of pictures. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { isOver } from "../jobs/job.js";
import type { JobView } from "../jobs/jobs.js";
import { isId } from "../jobs/store.js";
import { Problem } from "../problem.js";
import type { ServerParts } from "./parts.js";
import { sendResult } from "./result.js";
import { batchDocument, jobDocument, KEYED, refusals } from "./schemas.js";

/** Event streams that one key may have open. */
const MOST_STREAMS = 50;
/** Milliseconds between two words of a stream that has nothing to say, and least between two events. */
const [BEAT, PAUSE] = [15_000, 100];
/** Bytes that a reader may leave lying. */
const MOST_UNREAD = 2 ** 16;

const id = { type: "string", format: "uuid", description: "of the job or batch" };
const params = { type: "object", required: ["id"], properties: { id } };
const common = { tags: ["jobs"], security: KEYED };
const json = (reference: string, description: string) => ({
  description,
  content: { "application/json": { schema: { $ref: reference } } },
});

export function jobRoutes(app: FastifyInstance, parts: ServerParts): void {
  const { jobs, settings } = parts;
  const { keepSeconds } = settings;
  const streams = new Map<string, number>();
  const ends = new Set<() => void>();
  app.addHook("preClose", async () => {
    for (const end of ends) end();
  });

  /** Finds a job of whoever asks; another's is as good as none. */
  function find(request: FastifyRequest): JobView {
    const { id } = request.params as { id: string };
    const view = isId(id) ? jobs.find(id) : undefined;
    if (view === undefined || view.record.owner !== request.owner) {
      throw new Problem(404, "there is no such job; it may have expired");
    }
    return view;
  }

  app.get(
    "/v1/jobs",
    {
      config: { scope: "read" },
      schema: {
        ...{ ...common, summary: "Your jobs", operationId: "listJobs" },
        response: {
          200: {
            description: "All that have not expired, the oldest first.",
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  required: ["jobs"],
                  properties: { jobs: { type: "array", items: { $ref: "Job#" } } },
                },
              },
            },
          },
          ...refusals(401, 403),
        },
      },
    },
    async (request) => ({ jobs: jobs.list(request.owner).map((view) => jobDocument(view, keepSeconds)) }),
  );

  app.get(
    "/v1/jobs/:id",
    {
      config: { scope: "read" },
      schema: {
        ...{ ...common, params, summary: "How a job is", operationId: "getJob" },
        response: { 200: json("Job#", "The job."), ...refusals(401, 403, 404) },
      },
    },
    async (request) => jobDocument(find(request), keepSeconds),
  );

  app.get(
    "/v1/jobs/:id/result",
    {
      config: { scope: "read" },
      schema: {
        ...{ ...common, params, summary: "The enlarged picture", operationId: "getResult" },
        response: {
          200: {
            description: "The picture.",
            content: { "image/*": { schema: { type: "string", format: "binary" } } },
          },
          304: { description: "It is as the client has it.", type: "null" },
          ...refusals(401, 403, 404, 409, 410, 422, 500),
        },
      },
    },
    async (request, reply) => sendResult(reply, find(request).record, parts),
  );

  app.delete(
    "/v1/jobs/:id",
    {
      config: { scope: "submit" },
      schema: {
        ...{ ...common, params, summary: "Give up a job, or remove its result", operationId: "deleteJob" },
        response: { 204: { description: "It is gone.", type: "null" }, ...refusals(401, 403, 404) },
      },
    },
    async (request, reply) => {
      await jobs.remove(find(request).record.id);
      return reply.code(204).send();
    },
  );

  app.get(
    "/v1/batches/:id",
    {
      config: { scope: "read" },
      schema: {
        ...{ ...common, params, summary: "How a batch is", operationId: "getBatch" },
        response: { 200: json("Batch#", "Its jobs."), ...refusals(401, 403, 404) },
      },
    },
    async (request) => {
      const { id } = request.params as { id: string };
      const views = isId(id) ? jobs.list(request.owner, id) : [];
      if (views.length === 0) throw new Problem(404, "there is no such batch; it may have expired");
      return batchDocument(id, views, keepSeconds);
    },
  );

  app.get(
    "/v1/jobs/:id/events",
    {
      config: { scope: "read" },
      exposeHeadRoute: false,
      schema: {
        ...{ ...common, params, summary: "What happens to a job", operationId: "watchJob" },
        description: "Server-sent events: the job whenever it changes, under the name job, until it is over.",
        response: {
          200: {
            description: "Events.",
            content: { "text/event-stream": { schema: { type: "string" } } },
          },
          ...refusals(401, 403, 404, 429),
        },
      },
    },
    (request, reply) => {
      const { id } = find(request).record;
      const { owner } = request;
      const open = streams.get(owner) ?? 0;
      if (open >= MOST_STREAMS) {
        throw new Problem(429, `${open} streams of events are open; close one`, { "retry-after": "5" });
      }
      streams.set(owner, open + 1);
      reply.hijack();
      const { raw } = reply;
      raw.writeHead(200, {
        ...(reply.getHeaders() as Record<string, string>),
        ...{ "content-type": "text/event-stream", "x-accel-buffering": "no" },
      });
      let said = 0;
      let later: NodeJS.Timeout | undefined;
      const say = () => {
        clearTimeout(later);
        later = undefined;
        said = Date.now();
        const view = jobs.find(id);
        if (view === undefined) return end();
        raw.write(`event: job\ndata: ${JSON.stringify(jobDocument(view, keepSeconds))}\n\n`);
        if (isOver(view.record)) end();
        else if (raw.writableLength > MOST_UNREAD) raw.destroy();
      };
      const changed = () => {
        const state = jobs.find(id)?.record;
        if (state === undefined || isOver(state) || Date.now() - said >= PAUSE) say();
        else later ??= setTimeout(say, PAUSE);
      };
      const unwatch = jobs.watch(id, changed);
      const beat = setInterval(() => raw.write(": still here\n\n"), BEAT);
      const end = () => {
        if (!ends.delete(end)) return;
        clearTimeout(later);
        clearInterval(beat);
        unwatch();
        streams.set(owner, (streams.get(owner) ?? 1) - 1);
        raw.end();
      };
      ends.add(end);
      raw.once("close", end);
      say();
    },
  );
}
