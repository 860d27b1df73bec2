/** Sends the result of a job, for as long as a reader may take. */
import type { FastifyReply } from "fastify";
import type { JobRecord } from "../jobs/job.js";
import { Problem } from "../problem.js";
import type { ServerParts } from "./parts.js";

/**
 * Sends the picture of a job that is over.
 * @throws Problem: why there is none
 */
export async function sendResult(
  reply: FastifyReply,
  { id, state, problem, result, etag }: JobRecord,
  { store, jobs, settings }: ServerParts,
): Promise<FastifyReply> {
  const job = { location: `/v1/jobs/${id}` };
  if (problem) throw new Problem(problem.status, problem.detail, job);
  if (state === "cancelled") throw new Problem(410, "the job was cancelled");
  if (result === undefined)
    throw new Problem(409, `the job is ${state}; its events tell when it is done`, job);
  reply.headers({
    etag: `"${etag}"`,
    "cache-control": "private, no-cache",
    "content-location": `${job.location}/result`,
  });
  const known = String(reply.request.headers["if-none-match"] ?? "");
  if (
    reply.request.method !== "POST" &&
    known.split(/\s*,\s*/).some((one) => one.replace(/^W\//, "") === `"${etag}"`)
  ) {
    return reply.code(304).send();
  }
  const { size, stream } = await store.openResult(id).catch(() => {
    throw new Problem(410, "the result has expired; send the picture again");
  });
  const { socket } = reply.raw;
  const cut = () => socket?.destroy();
  const clock = setTimeout(cut, settings.sendSeconds * 1000);
  socket?.setTimeout(settings.stallSeconds * 1000, cut);
  reply.raw.once("close", () => {
    clearTimeout(clock);
    socket?.off("timeout", cut);
    if (reply.raw.writableFinished && reply.request.method !== "HEAD") jobs.fetched(id);
  });
  if (result.warnings.length > 0)
    reply.header("samsr-warnings", result.warnings.map(encodeURIComponent).join(", "));
  return reply
    .type(`image/${result.format}`)
    .headers({ "content-length": size, "samsr-job": id })
    .send(stream);
}
