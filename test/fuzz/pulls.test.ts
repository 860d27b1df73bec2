/**
 * One model pulled by several processes of several containers at once, which are killed at random moments.
 */
import { spawn } from "node:child_process";
import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createRandom } from "../../src/base/random.js";
import { addModel, findModel, loadModelWeights, storeFolder } from "../../src/checkpoints/store/index.js";
import { startServer, type TestServer } from "../fixtures/servers.js";
import { smallCheckpoint, smallLatentWeights } from "../fixtures/small-latent-model.js";
import { countOf } from "./fuzz.js";

const ROUNDS = countOf(1, 50);
const SEED = Number(process.env.SAMSR_FUZZ_SEED ?? 1);
const CHILD = fileURLToPath(new URL("../fixtures/pull-child.mjs", import.meta.url));

const root = mkdtempSync(join(tmpdir(), "samsr-pulls-"));
const file = smallCheckpoint("denoiser", "pth");
let server: TestServer;
beforeAll(async () => {
  vi.stubEnv("SAMSR_HOME", root);
  const vq = join(root, "vq.safetensors");
  writeFileSync(vq, smallCheckpoint("autoencoder"));
  await addModel([vq], { name: "vq" });
  // Slow, so that there is a middle to be killed in.
  server = await startServer((request, response) => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const headers = { "content-length": file.length - from, etag: '"one"' };
    if (from >= file.length) {
      response.writeHead(416, { "content-range": `bytes */${file.length}`, etag: '"one"' }).end();
      return;
    }
    const range = from > 0 && { "content-range": `bytes ${from}-${file.length - 1}/${file.length}` };
    response.writeHead(from > 0 ? 206 : 200, { ...headers, ...range });
    const piece = Math.ceil(file.length / 10);
    const send = (at: number) => {
      if (response.destroyed) return;
      if (at + piece >= file.length) response.end(file.subarray(at));
      else response.write(file.subarray(at, at + piece), () => setTimeout(send, 40, at + piece));
    };
    send(from);
  });
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.close();
  rmSync(root, { recursive: true });
});

interface Puller {
  readonly overwrite?: boolean;
  /** Another container, and the number that the process has in it. */
  readonly host?: string;
  readonly pid?: number;
  /** Milliseconds after which it is killed. */
  readonly killed?: number;
}

/** @returns what it said, or undefined when it was killed before */
async function pull({ overwrite, host, pid, killed }: Puller): Promise<string | undefined> {
  const words = [
    `${server.url}/SinSR_v1.pth`,
    overwrite ? "overwrite" : "",
    ...(host ? [host, String(pid)] : []),
  ];
  const child = spawn(process.execPath, [CHILD, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
  });
  const timer = killed === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killed);
  const signal = await new Promise((resolve) => child.on("close", (_, signal) => resolve(signal)));
  clearTimeout(timer);
  return signal === null ? said.trim() : undefined;
}

/** As if two days had passed: what is of another container can be told to be left behind by nothing else. */
function letTimePass(folder: string): void {
  const then = new Date(Date.now() - 2 * 24 * 3600 * 1000);
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.startsWith(".")) continue;
    const path = join(folder, name);
    if (!lstatSync(path).isSymbolicLink()) utimesSync(path, then, then);
  }
}

it(`${ROUNDS} times, one whole model comes of it, nothing is left, and nobody's work is swept`, async () => {
  const whole = smallLatentWeights("denoiser");
  // What a process takes to begin, fetch and add: it is killed somewhere in there.
  const begun = performance.now();
  expect(await pull({})).toBe("added");
  const lifetime = Math.ceil(performance.now() - begun);
  const counts = { killed: 0, added: 0, there: 0, refused: 0 };
  for (let round = 0; round < ROUNDS; round++) {
    rmSync(join(storeFolder(), "sinsr-v1"), { recursive: true, force: true });
    const random = createRandom(SEED, round);
    const killed = () => (random.integer(2) ? random.integer(lifetime) : undefined);
    const pullers: Puller[] = [
      { killed: killed() },
      { killed: killed() },
      // A number that here is this process, and one that here is nobody.
      { killed: killed(), host: "container-a", pid: process.pid },
      { killed: killed(), host: "container-b", pid: 999_999_999 },
    ];
    for (const said of await Promise.all(pullers.map(pull))) {
      if (said === undefined) counts.killed++;
      else if (said === "added" || said === "there") counts[said]++;
      else {
        expect(said).toMatch(/^refused: .*(is being fetched by another samsr|was added meanwhile)/);
        counts.refused++;
      }
    }
    letTimePass(storeFolder());
    expect(await pull({ overwrite: true })).toBe("added");
    const model = await findModel("sinsr-v1");
    expect(model.missing).toEqual([]);
    expect(await loadModelWeights(model, "denoiser")).toEqual(whole);
    const { weights } = JSON.parse(readFileSync(join(model.folder, "model.json"), "utf8"));
    expect(readdirSync(model.folder).sort()).toEqual([weights.denoiser, "model.json"].sort());
    expect(readdirSync(storeFolder()).sort()).toEqual([".downloads", "sinsr-v1", "vq"]);
    expect(readdirSync(join(storeFolder(), ".downloads"))).toEqual([]);
  }
  if (process.env.SAMSR_FUZZ) console.log("pulls", counts);
  // In a round or two all four may have done before their time came.
  if (ROUNDS > 5) expect(counts.killed).toBeGreaterThan(0);
}, 1_800_000);
