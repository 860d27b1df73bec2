/**
 * What `models pull` makes of files that are wrong, in this process; test/fuzz/pulls.test.ts has many at
 * once.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { addModel, pullModel, storeFolder } from "../src/checkpoints/store/index.js";
import { serveFile, startServer, type TestServer } from "./fixtures/servers.js";
import { smallCheckpoint } from "./fixtures/small-latent-model.js";

const root = mkdtempSync(join(tmpdir(), "samsr-pull-"));
let vq: string;
let unet: Uint8Array;
beforeAll(() => {
  vq = join(root, "vq.safetensors");
  writeFileSync(vq, smallCheckpoint("autoencoder"));
  unet = smallCheckpoint("denoiser", "pth");
});
let served: Uint8Array;
let server: TestServer;
let other: TestServer;
beforeAll(async () => {
  server = await startServer((request, response) => serveFile(served)(request, response));
  other = await startServer((request, response) => serveFile(unet, { etag: '"other"' })(request, response));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await Promise.all([server.close(), other.close()]);
  rmSync(root, { recursive: true });
});
let count = 0;
beforeEach(async () => {
  vi.stubEnv("SAMSR_HOME", join(root, String(count++)));
  await addModel([vq], { name: "vq" });
});

const pull = (from: string, more = {}) =>
  pullModel("sinsr-v1", { from, network: { pause: 5, patience: 1000 }, ...more });
const downloads = () => readdirSync(join(storeFolder(), ".downloads"));
const description = () => JSON.parse(readFileSync(join(storeFolder(), "sinsr-v1", "model.json"), "utf8"));

async function refusal(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(SamsrError);
  return (error as Error).message;
}

describe("a download that is damaged, of a model without a published sum", () => {
  it.each<[string, (file: Uint8Array) => Uint8Array]>([
    ["is no checkpoint", () => Buffer.from("nothing of the kind")],
    ["is cut off", (file) => file.subarray(0, file.length - 1000)],
    // Its outline is whole; that the numbers are wrong, their checksum tells when they are read.
    [
      "has a wrong number in it",
      (file) => file.map((byte, i) => (i === file.length >> 1 ? byte ^ 64 : byte)),
    ],
  ])("and %s, is not kept, and the next pull fetches anew", async (_, damaged) => {
    served = damaged(unet);
    expect(await refusal(pull(`${server.url}/SinSR_v1.pth`))).toMatch(/it was thrown away$/);
    expect(downloads()).toEqual([]);
    // From the same address, repaired meanwhile, and from another one.
    const requests = server.requests.length;
    served = unet;
    await pull(`${server.url}/SinSR_v1.pth`);
    expect(server.requests).toHaveLength(requests + 1);
    await pull(`${other.url}/`, { overwrite: true });
    expect(description().source).toBe(`${other.url}/SinSR_v1.pth`);
    expect(downloads()).toEqual([]);
  });

  it("that lies there from an earlier run is not believed", async () => {
    const file = join(storeFolder(), ".downloads", "SinSR_v1.pth");
    served = unet;
    for (const [place, content] of [
      [file, "damaged"],
      [`${file}.part`, "damaged"],
    ]) {
      const missing = await refusal(pull(`http://127.0.0.1:9/nothing.pth`));
      expect(missing).toMatch(/it refuses connections/);
      writeFileSync(place, content);
      await pull(`${server.url}/SinSR_v1.pth`, { overwrite: true });
      expect(downloads()).toEqual([]);
      rmSync(join(storeFolder(), "sinsr-v1"), { recursive: true });
    }
  });
});

describe("a whole download", () => {
  it("stays for another try when not the file is to blame", async () => {
    served = unet;
    const requests = server.requests.length;
    rmSync(join(storeFolder(), "vq"), { recursive: true });
    expect(await refusal(pull(`${server.url}/SinSR_v1.pth`))).toMatch(/needs an autoencoder; first/);
    expect(downloads().sort()).toEqual(["SinSR_v1.pth", "SinSR_v1.pth.part.json"]);
    await addModel([vq], { name: "vq" });
    await pull(`${server.url}/SinSR_v1.pth`);
    expect(server.requests.slice(requests).map(({ range }) => range)).toEqual([
      undefined,
      `bytes=${unet.length}-`,
    ]);
    expect(downloads()).toEqual([]);
  });

  it("is not begun when its model could not be added", async () => {
    served = unet;
    const requests = server.requests.length;
    await pull(`${server.url}/SinSR_v1.pth`);
    const path = join(storeFolder(), "sinsr-v1", "model.json");
    writeFileSync(path, "{");
    expect(await refusal(pull(`${server.url}/SinSR_v1.pth`))).toMatch(/is installed already; --overwrite/);
    expect(server.requests).toHaveLength(requests + 1);
  });
});

describe("an address", () => {
  it("with a query is asked with it, and told without", async () => {
    served = unet;
    await pull(`${server.url}/SinSR_v1.pth?signature=secret#part`);
    expect(server.requests.at(-1)!.path).toBe("/SinSR_v1.pth?signature=secret");
    expect(description().source).toBe(`${server.url}/SinSR_v1.pth`);
    served = Buffer.from("damaged");
    const message = await refusal(pull(`${server.url}/SinSR_v1.pth?signature=secret`, { overwrite: true }));
    expect(message).not.toContain("secret");
    expect(existsSync(join(storeFolder(), "sinsr-v1", "model.json"))).toBe(true);
  });

  it.each(["http://me:secret@127.0.0.1:1/a.pth", "https://me@127.0.0.1/", "ftp://me:secret@host/x"])(
    "such as %s is refused, and its secret not said",
    async (from) => {
      const message = await refusal(pull(from));
      expect(message).toMatch(/user name or password are not taken|expected the address/);
      expect(message).not.toMatch(/secret|me@/);
    },
  );

  it("that leads on to one with a password is refused", async () => {
    const leading = await startServer(
      (_, response) => void response.writeHead(302, { location: "http://me:secret@127.0.0.1:1/x" }).end(),
    );
    const message = await refusal(pull(`${leading.url}/a.pth`));
    expect(message).toMatch(/redirected to an address with a user name or password$/);
    expect(message).not.toContain("secret");
    await leading.close();
  });
});
