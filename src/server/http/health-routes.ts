/** What there is to know of the server itself. */
import type { FastifyInstance } from "fastify";
import { enlarges } from "../../checkpoints/description.js";
import { listModels } from "../../checkpoints/store/find.js";
import { offersOf } from "./asked.js";
import type { ServerParts } from "./parts.js";
import { KEYED, refusals } from "./schemas.js";

export function healthRoutes(app: FastifyInstance, { jobs, settings, metrics }: ServerParts): void {
  const health = () => {
    const { queued, running, stopping } = jobs.facts();
    return { status: stopping ? "stopping" : "ok", queued, running };
  };
  const answer = (description: string) => ({
    description,
    content: { "application/json": { schema: { $ref: "Health#" } } },
  });

  app.get(
    "/v1/health",
    {
      schema: {
        ...{ summary: "How the server is", operationId: "health", tags: ["server"], security: [] },
        response: { 200: answer("It answers."), ...refusals(421) },
      },
    },
    async () => health(),
  );
  app.get(
    "/v1/health/live",
    {
      schema: {
        ...{ summary: "Whether it answers", operationId: "live", tags: ["server"], security: [] },
        response: { 200: answer("It does."), ...refusals(421) },
      },
    },
    async () => ({ status: "ok" }),
  );
  app.get(
    "/v1/health/ready",
    {
      schema: {
        ...{ summary: "Whether it takes pictures", operationId: "ready", tags: ["server"], security: [] },
        response: { 200: answer("It does."), 503: answer("It is stopping."), ...refusals(421) },
      },
    },
    async (_request, reply) => {
      const { status } = health();
      return reply.code(status === "ok" ? 200 : 503).send({ status });
    },
  );
  app.get(
    "/v1/models",
    {
      config: { scope: "read" },
      schema: {
        ...{ summary: "Models that requests may name", operationId: "listModels", tags: ["server"] },
        security: KEYED,
        response: {
          200: {
            description: "Those that are installed.",
            content: {
              "application/json": {
                schema: {
                  type: "object",
                  required: ["models"],
                  properties: { models: { type: "array", items: { $ref: "Model#" } } },
                },
              },
            },
          },
          ...refusals(401, 403),
        },
      },
    },
    async () => ({
      models: (await listModels()).flatMap(({ description, missing }) => {
        if (!enlarges(description) || missing.length > 0) return [];
        const { name, summary, network, licence } = description;
        const offers = offersOf(description);
        return [{ ...{ name, summary, network, licence, default: name === settings.model }, ...offers }];
      }),
    }),
  );
  app.get(
    "/metrics",
    {
      config: { scope: "metrics" },
      schema: {
        ...{ summary: "Figures for Prometheus", operationId: "metrics", tags: ["server"] },
        security: KEYED,
        response: {
          200: { description: "Figures.", content: { "text/plain": { schema: { type: "string" } } } },
          ...refusals(401, 403),
        },
      },
    },
    async (_request, reply) => reply.type(metrics.type).send(await metrics.text()),
  );
}
