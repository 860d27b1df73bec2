/** `samsr serve` as its clients see it. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import createClient from "openapi-fetch";
import type { components, paths } from "samsr/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import { type Serving, serving } from "./fixtures/server.js";
import { writeSmallModel } from "./fixtures/small-model.js";

const folder = temporaryFolder();
const { path } = folder;
const model = writeSmallModel();
const setUp = (data: string, ...more: string[]) => [
  ...["--model", model, "--threads", "1", "--data", path("data", data), ...more],
];
let server: Serving;
let picture: Buffer;

beforeAll(async () => {
  picture = await drawing().jpeg().toBuffer();
  await drawing().jpeg().toFile(path("photo.jpg"));
  const limits = ["--body-limit", "1", "--pixel-limit", "100000", "--stall-seconds", "1", "--log", "info"];
  server = await serving(setUp("shared", ...limits));
}, 60_000);
afterAll(async () => {
  await server.stop();
  folder.remove();
  rmSync(model, { recursive: true, force: true });
});

interface JobDocument {
  readonly id: string;
  readonly state: string;
  readonly name: string;
  readonly place?: number;
  readonly started?: string;
  readonly ended?: string;
  readonly problem?: { readonly status: number; readonly detail: string };
  readonly result?: { readonly width: number; readonly etag: string; readonly milliseconds: number };
  readonly links: { readonly self: string; readonly result: string; readonly events: string };
}

const at = (place: string, { address } = server) => `${address}${place}`;
const post = (place: string, body: BodyInit, headers: Record<string, string> = {}, to = server) =>
  fetch(at(place, to), { method: "POST", body, headers });
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());
const jobOf = async (response: Response) => (await response.json()) as JobDocument;
const blob = (bytes: Uint8Array) => new Blob([new Uint8Array(bytes)]);

async function over(place: string, to = server, headers: Record<string, string> = {}): Promise<JobDocument> {
  for (;;) {
    const job = await jobOf(await fetch(at(place, to), { headers }));
    if (job.state !== "queued" && job.state !== "running") return job;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function byCommand(out: string, ...words: string[]): Promise<Buffer> {
  const all = ["upscale", path("photo.jpg"), "-o", path("by-command", out), "--model", model, ...words];
  expect(await samsr([...all, "--threads", "1"])).toMatchObject({ code: 0, stderr: "" });
  return readFileSync(path("by-command", out));
}

describe("a picture that is waited for", () => {
  it("is the command's, byte for byte", async () => {
    const asked = "seed=7&scale=2.5&format=webp&quality=60&etaScale=0.5";
    const words = "--seed 7 --scale 2.5 --quality 60 --eta-scale 0.5".split(" ");
    const response = await post(`/v1/upscale?${asked}`, blob(picture), { "content-type": "image/jpeg" });
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/webp"]);
    expect(Buffer.compare(await bytesOf(response), await byCommand("a.webp", ...words))).toBe(0);
  });

  it("may come as a form, its options before or behind it", async () => {
    const form = new FormData();
    form.set("seed", "3");
    form.set("picture", blob(picture), "../../etc/photo.jpg");
    form.set("masks", "none");
    const response = await post("/v1/upscale", form);
    expect([response.status, response.headers.get("content-type")]).toEqual([200, "image/jpeg"]);
    expect(
      Buffer.compare(await bytesOf(response), await byCommand("b.jpg", "--seed", "3", "--masks", "none")),
    ).toBe(0);
  });

  it("comes by curl, which sends no type of its own", async () => {
    const words = ["-sS", "--data-binary", `@${path("photo.jpg")}`, at("/v1/upscale?seed=9&format=png")];
    const done = await new Promise<Buffer>((resolve, reject) => {
      import("node:child_process").then(({ execFile }) =>
        execFile("curl", words, { encoding: "buffer", maxBuffer: 1e8 }, (error, out) =>
          error ? reject(error) : resolve(out),
        ),
      );
    });
    expect(Buffer.compare(done, await byCommand("c.png", "--seed", "9"))).toBe(0);
  });
});

describe("a job", () => {
  it("tells what happens to it, keeps its result, and is made once", async () => {
    const form = new FormData();
    form.set("picture", blob(picture), "holiday.jpg");
    const response = await post("/v1/upscale?seed=11", form, { prefer: "respond-async" });
    expect(response.status).toBe(202);
    const job = await jobOf(response);
    expect(response.headers.get("location")).toBe(job.links.self);
    expect([job.name, ["queued", "running"].includes(job.state)]).toEqual(["holiday.jpg", true]);

    const events = (await (await fetch(at(job.links.events))).text()).split("\n\n").filter((e) => e !== "");
    const told = events.map((event) => JSON.parse(event.split("\ndata: ")[1]!) as JobDocument);
    expect(told.at(-1)).toMatchObject({ id: job.id, state: "done", result: { width: 192, height: 160 } });

    const result = await fetch(at(job.links.result));
    const bytes = await bytesOf(result);
    const etag = result.headers.get("etag")!;
    expect(etag).toBe(`"${told.at(-1)!.result!.etag}"`);
    const known = await fetch(at(job.links.result), { headers: { "if-none-match": etag } });
    expect([known.status, await known.text()]).toEqual([304, ""]);

    const again = await post("/v1/upscale?seed=11", blob(picture), { prefer: "respond-async" });
    const twin = await over((await jobOf(again)).links.self);
    expect([twin.started, twin.id === job.id]).toEqual([twin.ended, false]);
    expect(Buffer.compare(await bytesOf(await fetch(at(twin.links.result))), bytes)).toBe(0);
    const other = await over(
      (await jobOf(await post("/v1/upscale?seed=12", blob(picture), { prefer: "respond-async" }))).links.self,
    );
    expect(other.result!.etag).not.toBe(twin.result!.etag);

    expect((await fetch(at(job.links.self), { method: "DELETE" })).status).toBe(204);
    expect((await fetch(at(job.links.self))).status).toBe(404);
    expect((await fetch(at(twin.links.result))).status).toBe(200);
  });

  it("of one Idempotency-Key is one job", async () => {
    const ask = (seed: number) =>
      post(`/v1/upscale?seed=${seed}`, blob(picture), { prefer: "respond-async", "idempotency-key": "k1" });
    const [first, second] = await Promise.all([ask(21), ask(21)]);
    const ids = [(await jobOf(first)).id, (await jobOf(second)).id];
    expect(ids[0]).toBe(ids[1]);
    const third = await ask(22);
    expect([third.status, ((await third.json()) as { detail: string }).detail]).toEqual([
      ...[422, "this Idempotency-Key was used for another picture or other options"],
    ]);
  });

  it("may come with many", async () => {
    const form = new FormData();
    for (const name of ["a.jpg", "b.jpg"]) form.append("pictures", blob(picture), name);
    form.append("pictures", blob(Buffer.alloc(300_000, "%PDF-1.4 ")), "c.pdf");
    form.set("seed", "31");
    const response = await post("/v1/batches", form);
    const batch = (await response.json()) as { id: string; jobs: JobDocument[]; refused: object[] };
    expect([response.status, batch.jobs.length]).toEqual([202, 2]);
    expect(batch.refused).toEqual([
      {
        name: "c.pdf",
        status: 415,
        detail: expect.stringMatching(/^c\.pdf is a PDF, which samsr cannot read/),
      },
    ]);
    for (const { links } of batch.jobs) expect((await over(links.self)).state).toBe("done");
    const after = await (await fetch(at(`/v1/batches/${batch.id}`))).json();
    expect(after).toMatchObject({ counts: { done: 2 } });
  });
});

describe("what cannot be", () => {
  const damaged = () => blob(picture.subarray(0, picture.length >> 1));
  const bomb = () => {
    const png = Buffer.from("89504e470d0a1a0a0000000d49484452000186a0000186a00806000000", "hex");
    return blob(Buffer.concat([png, Buffer.alloc(5000)]));
  };
  it.each<[string, string, () => BodyInit, Record<string, string>, number, RegExp]>([
    [
      "no picture",
      "",
      () => blob(Buffer.from("hello")),
      {},
      415,
      /^the picture is not a picture that samsr can read/,
    ],
    ["nothing", "", () => blob(Buffer.alloc(0)), {}, 422, /^the picture is empty \(0 bytes\)/],
    ["half a picture", "", damaged, {}, 422, /^the picture is a damaged or truncated JPEG file/],
    ["a bomb", "", bomb, {}, 413, /^the picture has 100000 x 100000 pixels/],
    [
      "text",
      "",
      () => "hello",
      { "content-type": "text/plain" },
      415,
      /^text\/plain is no type of a picture/,
    ],
    ["a packed body", "", () => blob(picture), { "content-encoding": "gzip" }, 415, /encoded by gzip/],
    ["too many bytes", "", () => blob(Buffer.alloc(2 ** 20 + 1)), {}, 413, /^the body is larger than 1 MiB/],
    [
      "an unknown option",
      "?out=/etc/passwd",
      () => blob(picture),
      {},
      422,
      /^there is no option "out"; there are /,
    ],
    [
      "a wrong value",
      "?scale=9",
      () => blob(picture),
      {},
      422,
      /scale: "9" is invalid\. Expected a number over 0 and/,
    ],
    [
      "masks in files",
      "?masks=/etc",
      () => blob(picture),
      {},
      422,
      /Allowed choices are regions, network, sam, none/,
    ],
    [
      "two sizes",
      "?scale=2&width=9",
      () => blob(picture),
      {},
      422,
      /^the options width and scale cannot be used/,
    ],
    [
      "a word twice",
      "?seed=2&seed=3",
      () => blob(picture),
      {},
      422,
      /^the option seed is said more than once/,
    ],
    [
      "too many steps",
      "?steps=16",
      () => blob(picture),
      {},
      422,
      /^steps must be a whole number from 1 to 15/,
    ],
    ["a model's path", "?model=../x", () => blob(picture), {}, 422, /^there is no model "\.\.\/x"/],
    [
      "no model",
      "?model=nothing",
      () => blob(picture),
      {},
      422,
      /^there is no model "nothing"; \/v1\/models lists them/,
    ],
    ["another site", "", () => blob(picture), { origin: "http://evil.example" }, 403, /other sites/],
    ["a strange key", "", () => blob(picture), { "idempotency-key": "a b" }, 400, /^an Idempotency-Key is/],
  ])("%s is refused in one line", async (_, query, body, headers, status, line) => {
    const response = await post(`/v1/upscale${query}`, body(), headers);
    const document = (await response.json()) as { detail: string; instance: string };
    expect([response.status, document.detail]).toEqual([status, expect.stringMatching(line)]);
    expect(document).toMatchObject({
      type: "about:blank",
      status,
      instance: response.headers.get("x-request-id"),
    });
    expect(response.headers.get("content-type")).toContain("application/problem+json");
  });

  it.each([
    "/v1/jobs/..%2f..%2fetc%2fpasswd",
    "/v1/jobs/../../server.lock",
    "/v1/jobs/3b5d2c4a-1111-4222-8333-444455556666",
    "/v1/batches/3b5d2c4a-1111-4222-8333-444455556666/",
    "/%00",
    "/v1/jobs/%ff",
  ])("%s is not there", async (place) => {
    const response = await fetch(at(place));
    expect([400, 404]).toContain(response.status);
    expect(response.headers.get("x-content-type-options") ?? "nosniff").toBe("nosniff");
  });

  it.each([
    ["GET", "/v1/upscale", "POST"],
    ["PUT", "/v1/jobs", "GET, HEAD"],
    ["POST", "/v1/jobs/3b5d2c4a-1111-4222-8333-444455556666?seed=1", "GET, HEAD, DELETE"],
    ["HEAD", "/v1/jobs/3b5d2c4a-1111-4222-8333-444455556666/events", "GET"],
    ["OPTIONS", "/metrics", "GET, HEAD"],
    ["PROPFIND", "/openapi.json", "GET, HEAD"],
  ])("%s %s is refused, and told what can be done there", async (method, place, allow) => {
    const response = await fetch(at(place), { method });
    expect([response.status, response.headers.get("allow")]).toEqual([405, allow]);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
  });

  /** Sends a text, and another one once there is an answer. */
  const raw = (text: string, end = false, then = "") =>
    new Promise<string>((resolve) => {
      const socket = connect(Number(new URL(server.address).port), "127.0.0.1");
      let said = "";
      socket.once("data", () => socket.write(then));
      socket.on("data", (chunk) => (said += chunk));
      socket.on("error", () => {});
      socket.on("close", () => resolve(said));
      socket.write(text);
      if (end) socket.end();
    });
  const head = "POST /v1/upscale HTTP/1.1\r\nhost: localhost\r\n";

  it("is told before the picture is sent, to those who ask first", async () => {
    const said = await raw(`${head}content-length: 99999999\r\nexpect: 100-continue\r\n\r\n`);
    expect(said).toMatch(/^HTTP\/1\.1 413 /);
    expect(said).not.toContain("100 Continue");
    expect(await raw(`${head}content-length: 5\r\nexpect: more\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 417 [\s\S]*application\/problem\+json/,
    );
  });

  it("leaves the connection as it is where little of a body is to come", async () => {
    const asked = (bytes: number) => `${head}content-type: text/plain\r\ncontent-length: ${bytes}\r\n\r\n`;
    const last = "GET /v1/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    const statuses = async (text: string) => (await raw(text, false, `xx${last}`)).match(/HTTP\S+ \d+/g);
    expect(await statuses(asked(2))).toEqual(["HTTP/1.1 415", "HTTP/1.1 200"]);
    expect(await statuses(asked(300_000))).toEqual(["HTTP/1.1 415"]);
    // Its first piece tells that it is no picture; the rest is read by nobody, and must not be in the way.
    const noise = "no picture ".repeat(20_000);
    const refused = `${head}content-length: ${noise.length}\r\n\r\n${noise}`;
    expect((await raw(`${refused}${last}`)).match(/HTTP\S+ \d+/g)).toEqual(["HTTP/1.1 415", "HTTP/1.1 200"]);
  });

  it("slow senders are cut off, and headers without end", async () => {
    const began = performance.now();
    const [slow, half, long] = await Promise.all([
      raw(`${head}content-length: 100000\r\n\r\n${"x".repeat(10)}`),
      raw("POST /v1/upscale HTTP/1.1\r\nhost: local"),
      raw(`${head}x: ${"y".repeat(20_000)}\r\n\r\n`),
    ]);
    expect(slow).toMatch(/^HTTP\/1\.1 408 /);
    expect(half).toMatch(/^HTTP\/1\.1 408 /);
    expect(long).toMatch(/^HTTP\/1\.1 431 /);
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  it("names that point here are not answered", async () => {
    expect(await raw("GET /v1/jobs HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n")).toMatch(
      /^HTTP\/1\.1 421 /,
    );
  });

  it("leaves nothing behind", async () => {
    const left = execFileSync("find", [path("data", "shared", "incoming"), "-type", "f"]).toString();
    expect(left).toBe("");
    expect((await fetch(at("/v1/health"))).status).toBe(200);
  });
});

describe("the server of itself", () => {
  it("says how it is, what it has, and what it can be asked", async () => {
    for (const place of ["/v1/health", "/v1/health/live", "/v1/health/ready"]) {
      expect(await (await fetch(at(place))).json()).toMatchObject({ status: "ok" });
    }
    const { models } = (await (await fetch(at("/v1/models"))).json()) as { models: { name: string }[] };
    expect(models.map(({ name }) => name)).toContain("samsr-tiny");
    const metrics = await (await fetch(at("/metrics"))).text();
    expect(metrics).toMatch(/^samsr_jobs_total\{state="done"\} [1-9]/m);
    expect(metrics).toMatch(/^samsr_worker_memory_bytes [1-9]/m);
    const document = (await (await fetch(at("/openapi.json"))).json()) as {
      openapi: string;
      paths: Record<string, { post?: { parameters: { name: string; schema: object }[] } }>;
    };
    expect(document.openapi).toBe("3.1.0");
    const { parameters } = document.paths["/v1/upscale"]!.post!;
    expect(parameters.find(({ name }) => name === "quality")?.schema).toMatchObject({
      minimum: 1,
      maximum: 100,
    });
    const page = await fetch(at("/docs"));
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; style-src 'sha256-/);
    expect(await page.text()).toContain("POST /v1/upscale");
  });

  it("publishes a document in which a linter finds nothing", async () => {
    const { createConfig, lintFromString } = await import("@redocly/openapi-core");
    const source = await (await fetch(at("/openapi.json"))).text();
    const config = await createConfig({ extends: ["recommended"] });
    const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
    const broken = source.replace('"#/components/schemas/Batch"', '"#/components/schemas/Batches"');
    expect(await lintFromString({ source: broken, absoluteRef: "openapi.json", config })).not.toEqual([]);
  });

  it("has a client whose types are of this document", async () => {
    const document = await (await fetch(at("/openapi.json"))).text();
    const [, digest] = /SHA-256: (\w+)/.exec(readFileSync("src/client/api.ts", "utf8")) ?? [];
    const now = createHash("sha256").update(document).digest("hex");
    expect(digest, 'src/client/api.ts is of another document: run "npm run client"').toBe(now);

    const client = createClient<paths>({ baseUrl: server.address });
    const { data: job, response } = await client.POST("/v1/upscale", {
      params: { query: { seed: 41, format: "png", masks: "none" }, header: { prefer: "respond-async" } },
      headers: { "content-type": "image/jpeg" },
      body: blob(picture) as unknown as string,
      bodySerializer: (body) => body as unknown as Blob,
    });
    expect(response.status).toBe(202);
    const { id } = job as components["schemas"]["Job"];
    await over(`/v1/jobs/${id}`);
    const path = { path: { id } };
    const { data: done } = await client.GET("/v1/jobs/{id}", { params: path });
    expect([done?.state, done?.result?.width]).toEqual(["done", 192]);
    const { data: result } = await client.GET("/v1/jobs/{id}/result", { params: path, parseAs: "blob" });
    expect((result as unknown as Blob).type).toBe("image/png");
    const { error } = await client.GET("/v1/jobs/{id}", { params: { path: { id: "none" } } });
    expect(error?.detail).toBe("there is no such job; it may have expired");
  });

  it("logs requests as lines of JSON, without what pictures hold", () => {
    const lines = server
      .log()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const [line] = lines.filter(({ route, status }) => route === "/v1/upscale" && status === 200);
    expect(line).toMatchObject({ method: "POST", msg: "answered", id: expect.any(String) });
  });
});
