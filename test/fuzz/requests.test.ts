/**
 * Hostile requests to `samsr serve`, by a client with a key of its own: each gets a right status, or none.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRandom, type Random } from "../../src/base/random.js";
import { drawing, samsr, temporaryFolder } from "../fixtures/cli.js";
import { type Serving, serving } from "../fixtures/server.js";
import { writeSmallModel } from "../fixtures/small-model.js";
import { countOf } from "./fuzz.js";

const SEED = Number(process.env.SAMSR_FUZZ_SEED ?? 1);
const folder = temporaryFolder();
const { path } = folder;
const model = writeSmallModel();
let server: Serving;
let picture: Buffer;
let victim: string;
const keys = { victim: "", attacker: "" };
/** What belongs to the victim: its job's id, and its picture's name. */
const SECRET = "secret-name.jpg";

beforeAll(async () => {
  picture = await drawing({ width: 16, height: 12 }).jpeg().toBuffer();
  for (const name of ["victim", "attacker"] as const) {
    const { stdout, stderr } = await samsr(["serve", "--new-key", name, "--scopes", "submit,read"]);
    writeFileSync(path("keys.yaml"), stdout, { flag: "a" });
    keys[name] = stderr.trim().split(" ").at(-1)!;
  }
  server = await serving([
    ...["--model", model, "--threads", "1", "--data", path("data"), "--keys", path("keys.yaml")],
    ...["--body-limit", "1", "--pixel-limit", "10000", "--stall-seconds", "3", "--log", "error"],
  ]);
  const form = new FormData();
  form.set("picture", new Blob([new Uint8Array(picture)]), SECRET);
  const headers = { authorization: `Bearer ${keys.victim}`, prefer: "wait=60" };
  const response = await fetch(`${server.address}/v1/upscale`, { method: "POST", body: form, headers });
  expect(response.status).toBe(200);
  victim = response.headers.get("samsr-job")!;
}, 60_000);
afterAll(async () => {
  await server.stop("SIGKILL");
  folder.remove();
  rmSync(model, { recursive: true, force: true });
}, 60_000);

interface Attack {
  readonly bytes: Buffer;
  /** The statuses that are right; 0 is a connection that was closed without a word. */
  readonly right: readonly number[];
  /** Closes its end behind them. */
  readonly ends?: boolean;
}

const pick = <T>(random: Random, from: readonly T[]): T => from[random.integer(from.length)]!;
const word = (random: Random, most = 30) =>
  Array.from({ length: 1 + random.integer(most) }, () => String.fromCharCode(33 + random.integer(94))).join(
    "",
  );

function request(
  line: string,
  body: Uint8Array = Buffer.alloc(0),
  headers: readonly string[] = [],
  key = keys.attacker,
): Buffer {
  const has = (name: string) => headers.some((one) => one.toLowerCase().startsWith(name));
  const head = [
    ...[
      `${line} HTTP/1.1`,
      "host: localhost",
      "connection: close",
      `authorization: Bearer ${key}`,
      ...headers,
    ],
    ...(body.length > 0 && !has("content-length") ? [`content-length: ${body.length}`] : []),
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

/** A few bytes changed, taken out, doubled or cut off. */
function mutated(random: Random, bytes: Buffer): Buffer {
  let out = Buffer.from(bytes);
  for (let i = 1 + random.integer(6); i > 0 && out.length > 8; i--) {
    const at = random.integer(out.length);
    switch (random.integer(4)) {
      case 0:
        out[at] = random.integer(256);
        break;
      case 1:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + 1 + random.integer(40))]);
        break;
      case 2:
        out = Buffer.concat([out.subarray(0, at), out.subarray(random.integer(at + 1))]);
        break;
      default:
        out = out.subarray(0, at + 1);
    }
  }
  return out;
}

/** Near the victim's key, but never it: a change may change nothing. */
function wrongKey(random: Random): string {
  const key = mutated(random, Buffer.from(keys.victim))
    .toString("latin1")
    .replace(/[\r\n\0]/g, "");
  return key.trim() === keys.victim ? `${keys.victim}x` : key;
}

function form(random: Random): Buffer {
  const names = ["../../../etc/passwd", "a\\..\\b.png", "\u0000.jpg", "x".repeat(500), word(random)];
  const field = pick(random, ["seed", "scale", "__proto__", "constructor", word(random).replace(/"/g, "")]);
  return Buffer.concat([
    Buffer.from(`--b\r\ncontent-disposition: form-data; name="${field}"\r\n\r\n${word(random)}\r\n`),
    Buffer.from(`--b\r\ncontent-disposition: form-data; name="p"; filename="${pick(random, names)}"\r\n\r\n`),
    ...[picture, Buffer.from("\r\n--b--\r\n")],
  ]);
}

const REFUSED = [400, 413, 415, 422];

const attacks: Readonly<Record<string, (random: Random) => Attack>> = {
  "a broken form": (random) => ({
    bytes: request(`POST /v1/${pick(random, ["upscale", "batches"])}`, mutated(random, form(random)), [
      `content-type: multipart/form-data; boundary=${pick(random, ["b", "", "c", "b".repeat(90)])}`,
    ]),
    right: [202, ...REFUSED],
  }),
  "a broken picture": (random) => ({
    bytes: request("POST /v1/upscale?masks=none", mutated(random, picture)),
    right: [200, 413, 415, 422],
  }),
  "a length that lies": (random) => {
    const less = random.integer(2) === 0;
    const length = less ? random.integer(picture.length) : picture.length + 1 + random.integer(5000);
    return {
      bytes: request("POST /v1/upscale?masks=none", picture, [`content-length: ${length}`]),
      right: less ? [200, ...REFUSED] : [0, 400],
      ends: !less,
    };
  },
  "a length that is none": (random) => ({
    bytes: request("POST /v1/upscale", picture, [
      `content-length: ${pick(random, ["-1", "1e3", "0x10", "9".repeat(40), "5, 6", "NaN"])}`,
    ]),
    right: [400, 413],
  }),
  "a bomb": (random) => {
    const png = Buffer.from("89504e470d0a1a0a0000000d4948445200000000000000000806000000", "hex");
    png.writeUInt32BE(200 + random.integer(2 ** 31), 16);
    png.writeUInt32BE(200 + random.integer(2 ** 31), 20);
    return { bytes: request("POST /v1/upscale", Buffer.concat([png, Buffer.alloc(5000)])), right: [413] };
  },
  "a path": (random) => {
    const tricks = ["..", "%2e%2e", "..%2f..%2fjob.json", "%00", "~", "etc/passwd", "%ff", "server.lock"];
    const steps = Array.from({ length: 1 + random.integer(5) }, () => pick(random, tricks));
    const line = `GET /v1/${pick(random, ["jobs", "batches", "upscale"])}/${steps.join("/")}`;
    return { bytes: request(line), right: [400, 404, 414] };
  },
  "another's job": (random) => {
    const method = pick(random, ["GET", "DELETE"]);
    const part = pick(random, ["", "/result", "/events"]);
    const known = random.integer(2) === 0 ? [] : [`if-none-match: "${word(random).replace(/"/g, "")}"`];
    return {
      bytes: request(`${method} /v1/jobs/${victim}${part}`, Buffer.alloc(0), known),
      right: [method === "DELETE" && part !== "" ? 405 : 404],
    };
  },
  "a method that is none": (random) => ({
    bytes: request(
      `${pick(random, ["PUT", "PATCH", "OPTIONS", "TRACE", "PROPFIND"])} /v1/${pick(random, ["jobs", "upscale", "models"])}`,
    ),
    right: [405],
  }),
  "a key that is none": (random) => ({
    bytes: request(`GET /v1/jobs/${victim}/result`, undefined, [], wrongKey(random)),
    right: [400, 401],
  }),
  "a huge header": (random) => ({
    bytes: request("GET /v1/jobs", undefined, [`x: ${"y".repeat(17_000 + random.integer(50_000))}`]),
    right: [0, 431],
  }),
  "a wrong type": (random) => ({
    bytes: request("POST /v1/upscale", picture, [
      `content-type: ${pick(random, ["text/html", "application/json", "multipart/mixed", "application/xml"])}`,
    ]),
    right: [415],
  }),
  "a wrong word": (random) => ({
    bytes: request(
      `POST /v1/upscale?${pick(random, ["seed", "scale", "model", "masks", "format", "out", "__proto__"])}=${encodeURIComponent(`-${word(random)}`)}`,
      picture,
    ),
    right: [422],
  }),
  "no request at all": (random) => ({
    bytes: Buffer.from(Array.from({ length: 1 + random.integer(300) }, () => random.integer(256))),
    right: [0, 400],
    ends: true,
  }),
};

/** A sender that stops in the middle, of which each takes three seconds. */
const slow = (random: Random): Attack => ({
  bytes: request("POST /v1/upscale", picture).subarray(0, -1 - random.integer(picture.length - 1)),
  right: [0, 408],
});

function send({ bytes, ends }: Attack): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(server.address).port), "127.0.0.1");
    let said = "";
    socket.setTimeout(60_000, () => socket.destroy());
    socket.on("data", (chunk) => (said += chunk.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(said));
    socket.write(bytes);
    if (ends) socket.end();
  });
}

const count = countOf(60);

it(`${count} hostile requests bring down nothing, learn nothing, and get right answers`, async () => {
  const kinds = Object.entries(attacks);
  const wrong: string[] = [];
  const statuses = new Map<string, number>();
  const memory = () =>
    Number(/VmRSS:\s*(\d+)/.exec(readFileSync(`/proc/${server.child.pid}/status`, "utf8"))?.[1]) / 1024;
  const before = process.platform === "linux" ? memory() : 0;
  let next = 0;
  const attack = async () => {
    for (let i = next++; i < count; i = next++) {
      const random = createRandom(SEED, i);
      const [kind, make] = i % 60 === 59 ? (["a slow sender", slow] as const) : kinds[i % kinds.length]!;
      const one = make(random);
      const said = await send(one);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(said)?.[1] ?? 0);
      statuses.set(`${kind}: ${status}`, (statuses.get(`${kind}: ${status}`) ?? 0) + 1);
      const leaks = said.includes(SECRET) || said.includes(folder.path("data")) || /\n {4}at /.test(said);
      if (!one.right.includes(status) || leaks)
        wrong.push(`${kind}, request ${i} of seed ${SEED}: ${said.slice(0, 400)}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, attack));
  if (process.env.SAMSR_FUZZ) console.log(statuses);
  expect([server.errors().replace(/.*listening on .*\n/, ""), wrong.slice(0, 5)]).toEqual(["", []]);

  const headers = { authorization: `Bearer ${keys.victim}` };
  expect((await fetch(`${server.address}/v1/jobs/${victim}/result`, { headers })).status).toBe(200);
  expect((await fetch(`${server.address}/v1/health`)).status).toBe(200);
  const left = () => execFileSync("find", [path("data", "incoming"), "-type", "f"]).toString();
  while (left() !== "") await new Promise((resolve) => setTimeout(resolve, 100));
  if (process.platform === "linux") expect(memory() - before).toBeLessThan(300);
}, 1_800_000);
