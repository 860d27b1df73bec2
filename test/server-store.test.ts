/** Pictures in a store that speaks S3: by itself, and between a server, a worker and a command. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { type Bucket, openBucket } from "../src/server/store/bucket.js";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import { hasRedis, type QueueProcesses, queueProcesses } from "./fixtures/redis.js";
import { type S3, startS3 } from "./fixtures/s3.js";
import { type Serving, serving } from "./fixtures/server.js";
import { writeSmallModel } from "./fixtures/small-model.js";

const folder = temporaryFolder();
const { path } = folder;
let s3: S3;
beforeAll(async () => {
  s3 = await startS3();
  for (const [name, value] of Object.entries(s3.env)) vi.stubEnv(name, value);
});
afterEach(() => expect(s3.wrong).toEqual([]));
afterAll(() => {
  s3.close();
  vi.unstubAllEnvs();
  folder.remove();
});

describe("a bucket", () => {
  let bucket: Bucket;
  const bytes = Buffer.from(Array.from({ length: 5000 }, (_, i) => i % 251));
  beforeAll(async () => {
    bucket = await openBucket("s3://pictures/some/place/");
    writeFileSync(path("one"), bytes);
  });

  it("keeps what it is given, copies it, and loses it when told", async () => {
    await bucket.put("a b/one", path("one"));
    expect([...s3.objects.keys()]).toEqual(["some/place/a%20b/one"]);
    await bucket.fetch("a b/one", path("two"));
    expect(readFileSync(path("two")).equals(bytes)).toBe(true);
    const { size, stream } = await bucket.open("a b/one");
    expect([size, (await buffer(stream)).equals(bytes)]).toEqual([bytes.length, true]);
    await bucket.put("one", path("one"));
    await bucket.copy("one", "two");
    for (const key of ["a b/one", "one"]) await bucket.remove(key);
    expect([...s3.objects.keys()]).toEqual(["some/place/two"]);
    await bucket.remove("two");
    await expect(bucket.fetch("two", path("two"))).rejects.toMatchObject({ name: "NoSuchKey" });
  });

  it("tries again what was cut off", async () => {
    await bucket.put("one", path("one"));
    s3.cut(1);
    await bucket.fetch("one", path("three"));
    expect(readFileSync(path("three")).equals(bytes)).toBe(true);
    s3.cut(3);
    await expect(bucket.fetch("one", path("three"))).rejects.toThrow();
    s3.cut(0);
    await bucket.remove("one");
  });

  it.each([
    ["https://pictures", /the store "https:\/\/pictures" is none; expected s3:\/\/BUCKET/],
    ["s3://UP", /is none/],
    ["s3://nothing", /the store s3:\/\/nothing cannot be used: .*404.*AWS_ENDPOINT_URL/],
  ])("%s is refused in a line", async (address, line) => {
    await expect(openBucket(address)).rejects.toThrow(line);
  });
});

describe.skipIf(!hasRedis() || process.platform !== "linux")("machines that share no folder", () => {
  const model = writeSmallModel();
  const store = "s3://pictures/samsr";
  let processes: QueueProcesses;
  let server: Serving;
  beforeAll(async () => {
    await drawing({ width: 32, height: 24 }).png().toFile(path("photo.png"));
    processes = await queueProcesses(path("redis"), path("worker"));
    await processes.redis();
    await processes.worker("--store", store);
    const words = ["--model", model, "--log", "error", "--data", path("server")];
    server = await serving([...words, "--queue", processes.queue, "--store", store]);
  }, 60_000);
  afterAll(async () => {
    await server?.stop("SIGKILL");
    processes?.end();
    rmSync(model, { recursive: true, force: true });
  });
  const command = ["upscale", path("photo.png"), "--model", model, "--seed", "3"];

  it("hand each other pictures by the store", async () => {
    const body = new Blob([new Uint8Array(readFileSync(path("photo.png")))]);
    const ask = async () => {
      const headers = { prefer: "wait=60" };
      const response = await fetch(`${server.address}/v1/upscale?seed=3`, { method: "POST", body, headers });
      expect(response.status).toBe(200);
      return { job: response.headers.get("samsr-job")!, bytes: Buffer.from(await response.arrayBuffer()) };
    };
    const [one, twin] = [await ask(), await ask()];
    expect(await samsr([...command, "-o", path("alone.png")])).toMatchObject({ code: 0 });
    for (const { bytes } of [one, twin]) expect(bytes.equals(readFileSync(path("alone.png")))).toBe(true);
    const keys = [one, twin].map(({ job }) => `samsr/jobs/${job}/result`);
    expect([...s3.objects.keys()].sort()).toEqual([...keys].sort());
    for (const { job } of [one, twin]) {
      expect((await fetch(`${server.address}/v1/jobs/${job}`, { method: "DELETE" })).status).toBe(204);
    }
    expect([...s3.objects.keys()]).toEqual([]);
  }, 60_000);

  it("take a command's pictures by it", async () => {
    const words = [...command, "-o", path("by-queue.png"), "--queue", processes.queue, "--store", store];
    expect(await samsr(words, { env: s3.env })).toMatchObject({ code: 0, stderr: "" });
    expect(readFileSync(path("by-queue.png")).equals(readFileSync(path("alone.png")))).toBe(true);
    expect([...s3.objects.keys()]).toEqual([]);
  }, 60_000);
});
