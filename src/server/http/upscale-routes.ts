/** Where pictures come in: one to be waited for or as a job, or many as a batch. */
import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isOver } from "../jobs/job.js";
import type { JobView } from "../jobs/jobs.js";
import { Problem } from "../problem.js";
import { askedOf, REQUEST_SCHEMA } from "./asked.js";
import { checkHeaders, type Received, receive, receiveForm, shownName } from "./intake.js";
import type { ServerParts } from "./parts.js";
import { sendResult } from "./result.js";
import { batchDocument, jobDocument, KEYED, refusals } from "./schemas.js";

/** What a form's boundaries and fields may take beside its picture. */
const FORM = 2 ** 16;

const PICTURE = { type: "string", format: "binary" } as const;
const form = (field: object, name: string) => ({
  type: "object",
  required: [name],
  properties: { ...REQUEST_SCHEMA.properties, [name]: field },
});

const prefer = {
  type: "object",
  properties: {
    prefer: {
      type: "string",
      description: "respond-async answers with a job at once; wait=N after N seconds",
    },
    "idempotency-key": { type: "string", description: "the same request again is the same job" },
  },
};

export function upscaleRoutes(app: FastifyInstance, parts: ServerParts): void {
  const { settings, jobs, store, models } = parts;
  /** Refuses what there is no room for, before anything else is done for it. */
  const onRequest = async ({ owner }: FastifyRequest) => jobs.admit(owner);
  const oneAnswer = {
    200: {
      description: "The enlarged picture.",
      content: { "image/*": { schema: PICTURE } },
    },
    202: {
      description: "A job, which was asked for or whose picture is large.",
      content: { "application/json": { schema: { $ref: "Job#" } } },
    },
    ...refusals(400, 401, 403, 408, 411, 413, 415, 422, 429, 500, 503),
  };

  app.post(
    "/v1/upscale",
    {
      ...{ config: { scope: "submit" }, onRequest },
      schema: {
        summary: "Enlarge a picture",
        description:
          "The picture is the body, or the one file of a form. Options are those of samsr upscale, " +
          "as parameters or as fields of the form.",
        operationId: "upscale",
        tags: ["pictures"],
        security: KEYED,
        querystring: REQUEST_SCHEMA,
        headers: prefer,
        body: {
          content: {
            "image/*": { schema: PICTURE },
            "application/octet-stream": { schema: PICTURE },
            "multipart/form-data": { schema: form(PICTURE, "picture") },
          },
        },
        response: oneAnswer,
      },
    },
    async (request, reply) => {
      const idempotencyKey = idempotencyKeyOf(request);
      const { received, said } = await takeOne(request, reply);
      const asked = await rejecting(received.path, () => askedOf(said, models, settings.model));
      const patience = patienceOf(request, received.bytes, settings.asyncAbove);
      const view = await jobs.submit({
        ...received,
        ...{ owner: request.owner, asked: asked.asked, modelDigest: asked.model.digest, idempotencyKey },
        kept: patience !== undefined || idempotencyKey !== undefined,
      });
      const { id, idempotencyKey: kept } = view.record;
      if (patience !== 0) await waitFor(view, patience, reply, kept === undefined && patience === undefined);
      const now = jobs.find(id) ?? view;
      if (patience === 0 || (patience !== undefined && !isOver(now.record))) return answerJob(reply, now);
      return sendResult(reply, now.record, parts);
    },
  );

  app.post(
    "/v1/batches",
    {
      ...{ config: { scope: "submit" }, onRequest },
      schema: {
        summary: "Enlarge many pictures",
        description:
          "A form with any number of files. Its options are those of samsr upscale, for all of them.",
        operationId: "upscaleBatch",
        tags: ["pictures"],
        security: KEYED,
        querystring: REQUEST_SCHEMA,
        body: {
          content: {
            "multipart/form-data": { schema: form({ type: "array", items: PICTURE }, "pictures") },
          },
        },
        response: {
          202: {
            description: "A job for each picture that was taken.",
            content: { "application/json": { schema: { $ref: "Batch#" } } },
          },
          ...refusals(400, 401, 403, 408, 413, 415, 422, 429, 503),
        },
      },
    },
    async (request, reply) => {
      const { batchLimit, bodyLimit, keepSeconds } = settings;
      prepare(request, reply, batchLimit * bodyLimit * 2 ** 20, true);
      const { fields, files } = await receiveForm(request.raw, {
        ...{ most: batchLimit, path: store.incoming, patient: true, limits: settings },
      });
      const whole = files.filter((file): file is Received => "path" in file);
      try {
        if (files.length === 0) throw new Problem(422, "the form has no file; send pictures in it");
        const { asked, model } = await askedOf([...sayingOf(request), ...fields], models, settings.model);
        const batch = randomUUID();
        const views: JobView[] = [];
        const refused: { name: string; status: number; detail: string }[] = [];
        for (const file of files) {
          try {
            if ("refused" in file) throw file.refused;
            const ours = { owner: request.owner, asked, modelDigest: model.digest, batch, kept: true };
            views.push(await jobs.submit({ ...file, ...ours }));
          } catch (error) {
            if (!(error instanceof Problem)) throw error;
            refused.push({ name: file.name, status: error.status, detail: error.message });
          }
        }
        return reply
          .code(202)
          .header("location", `/v1/batches/${batch}`)
          .send({ ...batchDocument(batch, views, keepSeconds), refused });
      } finally {
        // Those that became jobs are not there any more.
        for (const { path } of whole) await rm(path, { force: true });
      }
    },
  );

  /** Checks all that can be refused before the body is read. */
  function prepare(
    request: FastifyRequest,
    reply: FastifyReply,
    mostBytes: number,
    onlyForm = false,
  ): boolean {
    const isForm = /^multipart\/form-data\b/i.test(request.headers["content-type"] ?? "");
    if (onlyForm && !isForm) throw new Problem(415, "a batch is a form of type multipart/form-data");
    checkHeaders(request.raw, mostBytes + (isForm ? FORM : 0));
    if (request.headers.expect !== undefined) reply.raw.writeContinue();
    return isForm;
  }

  async function takeOne(request: FastifyRequest, reply: FastifyReply) {
    const isForm = prepare(request, reply, settings.bodyLimit * 2 ** 20);
    const query = sayingOf(request);
    if (!isForm) {
      // The whole of what was asked is known already, and may be refused before the picture comes.
      await askedOf(query, models, settings.model);
      const place = { path: store.incoming(), name: shownName(undefined), limits: settings };
      return { received: await receive(request.raw, place), said: query };
    }
    const { fields, files } = await receiveForm(request.raw, {
      ...{ most: 1, path: store.incoming, patient: false, limits: settings },
    });
    const [file] = files;
    if (file === undefined || !("path" in file)) {
      throw new Problem(422, "the form has no file; send the picture as a file in it");
    }
    return { received: file, said: [...query, ...fields] };
  }

  /**
   * Waits until the job is over, or so many seconds. @param given up the job goes when its client does
   */
  async function waitFor(
    { record: { id } }: JobView,
    seconds: number | undefined,
    reply: FastifyReply,
    givenUp: boolean,
  ): Promise<void> {
    const leave = () => (reply.raw.writableFinished ? undefined : void jobs.remove(id));
    if (givenUp) reply.raw.once("close", leave);
    const over = jobs.ended(id).then(() => {});
    let clock: NodeJS.Timeout | undefined;
    const enough = new Promise<void>((resolve) => {
      if (seconds !== undefined) clock = setTimeout(resolve, seconds * 1000);
    });
    await Promise.race(seconds === undefined ? [over] : [over, enough]);
    clearTimeout(clock);
    reply.raw.off("close", leave);
  }

  function answerJob(reply: FastifyReply, view: JobView): FastifyReply {
    const { id } = view.record;
    return reply
      .code(202)
      .headers({ location: `/v1/jobs/${id}`, "preference-applied": "respond-async" })
      .send(jobDocument(view, settings.keepSeconds));
  }
}

/** Returns the parameters of the address, each as often as it is there. */
function sayingOf(request: FastifyRequest): (readonly [string, unknown])[] {
  return Object.entries(request.query as Record<string, unknown>);
}

/** Removes the picture when its request is refused after all. */
async function rejecting<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** Seconds until a job is the answer; undefined for the picture, however long it takes. */
function patienceOf(request: FastifyRequest, bytes: number, asyncAbove: number): number | undefined {
  const wishes = String(request.headers.prefer ?? "");
  const wait = /(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])/i.exec(wishes)?.[1];
  if (wait !== undefined) return Number(wait);
  if (/(?:^|[,;\s])respond-async(?:$|[,;\s])/i.test(wishes)) return 0;
  return bytes > asyncAbove * 2 ** 20 ? 0 : undefined;
}

function idempotencyKeyOf(request: FastifyRequest): string | undefined {
  const key = request.headers["idempotency-key"];
  if (key === undefined) return undefined;
  if (typeof key === "string" && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new Problem(400, "an Idempotency-Key is 1 to 255 characters without spaces");
}
