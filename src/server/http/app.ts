/** The server's HTTP: routes, and what holds for all of them. */
import { randomUUID } from "node:crypto";
import type { Socket } from "node:net";
import swagger from "@fastify/swagger";
import Fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from "fastify";
import { describe } from "../../base/describe.js";
import { keyOf } from "../keys.js";
import { Problem, problemDocument } from "../problem.js";
import type { ServeSettings } from "../settings.js";
import { documentPage } from "./document-page.js";
import { healthRoutes } from "./health-routes.js";
import { jobRoutes } from "./job-routes.js";
import { pageRoutes } from "./page-routes.js";
import type { ServerParts } from "./parts.js";
import { SCHEMAS } from "./schemas.js";
import { upscaleRoutes } from "./upscale-routes.js";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** Milliseconds between two looks at slow senders. */
const CHECK = 1000;
/** Bytes of a refused body that are let come: fewer than a connection costs, which could be used again. */
const SPARE = 2 ** 18;

export async function createApp(parts: ServerParts): Promise<FastifyInstance> {
  const { settings, keys, metrics } = parts;
  const app = Fastify({
    logger: settings.log === "silent" ? false : { level: settings.log, base: undefined },
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: "id" }),
    genReqId: ({ headers }) => {
      const given = headers["x-request-id"];
      return typeof given === "string" && /^[\w.-]{1,64}$/.test(given) ? given : randomUUID();
    },
    requestTimeout: settings.receiveSeconds * 1000,
    http: { headersTimeout: settings.stallSeconds * 1000, connectionsCheckingInterval: CHECK },
    keepAliveTimeout: 5000,
    forceCloseConnections: "idle",
    routerOptions: { maxParamLength: 100 },
    // What comes while the server closes is refused as all else is, by a problem.
    return503OnClosing: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false, strict: false } },
    clientErrorHandler: refuseConnection,
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
  });
  app.server.maxConnections = settings.connections;
  // A client that asks first hears of a refusal before it sends its picture.
  for (const event of ["checkContinue", "checkExpectation"]) {
    app.server.on(event, (request, response) => app.server.emit("request", request, response));
  }
  app.decorateRequest("owner", "");
  // Bodies are taken in by the routes themselves, piece by piece.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", (_request, _body, done) => done(null));
  // What comes in is words, which the routes read as the command reads its own.
  app.setValidatorCompiler(() => () => true);
  for (const schema of SCHEMAS) app.addSchema(schema);

  app.addHook("onRequest", async (request, reply) => {
    reply.headers({
      "x-request-id": request.id,
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "cross-origin-resource-policy": "same-origin",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
      "cache-control": "no-store",
    });
    const { expect = "100-continue" } = request.headers;
    if (expect.toLowerCase() !== "100-continue") {
      throw new Problem(417, "no other Expect than 100-continue can be met");
    }
    refuseOtherSites(request, settings, keys.length > 0);
    const { scope } = request.routeOptions.config;
    if (scope === undefined || keys.length === 0) return;
    const key = keyOf(keys, request.headers.authorization);
    if (key === undefined) {
      const headers = { "www-authenticate": "Bearer" };
      throw new Problem(401, "this needs a key: send the field Authorization: Bearer KEY", headers);
    }
    if (!key.scopes.includes(scope)) throw new Problem(403, `the key ${key.name} does not allow to ${scope}`);
    request.owner = key.name;
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, owner } = request;
    const route = request.routeOptions.url ?? "none";
    const milliseconds = Math.round(reply.elapsedTime);
    metrics.answered(method, route, reply.statusCode, milliseconds / 1000);
    request.log.info({ method, route, status: reply.statusCode, milliseconds, owner }, "answered");
  });
  app.setErrorHandler(answerError);
  const methods = methodsByAddress(app);
  app.setNotFoundHandler(({ method, url }) => {
    const allowed = methods(url);
    if (allowed.length === 0) {
      throw new Problem(404, "there is nothing at this address; /openapi.json says what there is");
    }
    const allow = allowed.join(", ");
    throw new Problem(405, `${method} cannot be done with this address; it takes ${allow}`, { allow });
  });

  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: {
        title: "samsr",
        description: "Semantic-guided image super-resolution: pictures in, pictures four times as large out.",
        version: parts.version,
        license: { name: "MIT", identifier: "MIT" },
      },
      servers: [{ url: "/" }],
      components: { securitySchemes: { key: { type: "http", scheme: "bearer" } } },
      tags: [
        { name: "pictures", description: "where pictures come in" },
        { name: "jobs", description: "what has become of them" },
        { name: "server", description: "the server itself" },
      ],
    },
    refResolver: { buildLocalReference: (json) => String(json.$id) },
  });
  await app.register(async (routes) => {
    upscaleRoutes(routes, parts);
    jobRoutes(routes, parts);
    healthRoutes(routes, parts);
    pageRoutes(routes);
  });
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  app.get("/docs", { schema: { hide: true } }, async (_request, reply) => {
    const { html, policy } = documentPage(app.swagger());
    return reply.type("text/html; charset=utf-8").header("content-security-policy", policy).send(html);
  });
  await app.ready();
  return app;
}

/** Takes note of the routes that come, and says which methods an address has. */
function methodsByAddress(app: FastifyInstance): (url: string) => readonly string[] {
  const routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];
  app.addHook("onRoute", ({ url, method }) => {
    const pattern = new RegExp(`^${url.replace(/[.]/g, "\\.").replace(/:\w+/g, "[^/]+")}$`);
    routes.push({ pattern, methods: [method].flat() });
  });
  return (url) => {
    const [path = ""] = url.split("?");
    return routes.filter(({ pattern }) => pattern.test(path)).flatMap(({ methods }) => methods);
  };
}

/**
 * Refuses pages of other sites, which must not use a server that trusts whoever is on this machine, by a form
 * of its own or by a name that it lets point here.
 */
function refuseOtherSites(request: FastifyRequest, { host }: ServeSettings, hasKeys: boolean): void {
  const { headers, method } = request;
  const asked = (headers.host ?? "").replace(/:\d+$/, "");
  if (!hasKeys && LOOPBACK.test(host) && asked !== host && !LOOPBACK.test(asked)) {
    throw new Problem(421, "this server is asked as localhost; it does not answer to other names");
  }
  if (method === "GET" || method === "HEAD") return;
  const foreign = headers.origin !== undefined && headers.origin !== `http://${headers.host}`;
  const secure = headers.origin === `https://${headers.host}`;
  if (headers["sec-fetch-site"] === "cross-site" || (foreign && !secure)) {
    throw new Problem(403, "pages of other sites may not use this server");
  }
}

async function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const known = error as Partial<Problem> & { statusCode?: number; message?: string };
  const status = error instanceof Problem ? error.status : (known.statusCode ?? 500);
  // What nobody foresaw is in the log alone.
  const detail =
    status < 500 || error instanceof Problem ? describeKnown(error) : "something is wrong in the server";
  if (status >= 500 && !(error instanceof Problem)) {
    const stack = error instanceof Error ? error.stack : undefined;
    request.log.error({ error: describe(error), stack }, "failed");
  }
  if (error instanceof Problem) reply.headers(error.headers);
  if (!request.raw.complete) {
    if (endsSoon(request) && status !== 408) request.raw.resume();
    else reply.header("connection", "close");
  }
  await reply
    .code(status)
    .type("application/problem+json")
    .serializer(JSON.stringify)
    .send(problemDocument(status, detail, request.id));
}

/** Tells whether what has not come of a body is on its way, and little. */
function endsSoon({ headers }: FastifyRequest): boolean {
  return Number(headers["content-length"]) <= SPARE && headers.expect === undefined;
}

function describeKnown(error: unknown): string {
  return error instanceof Problem ? error.message : ((error as Error).message ?? "the request is wrong");
}

/** Requests that are none: no route sees them. */
function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (socket.destroyed || error.code === "ECONNRESET") return void socket.destroy();
  const status =
    error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const detail = {
    400: "this is no HTTP request",
    408: "the request took too long to come",
    431: "the header is too large",
  }[status as 400 | 408 | 431];
  const body = JSON.stringify(problemDocument(status, detail, randomUUID()));
  socket.end(
    `HTTP/1.1 ${status} Refused\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
