import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readCheckpoint, readSafetensors, writeSafetensors } from "../src/checkpoints/index.js";
import { PUBLISHED } from "../src/checkpoints/store/index.js";
import { COVERAGE_TINY, coverageNetwork } from "../src/networks/index.js";
import { type StateDict, trainableScope } from "../src/nn/index.js";
import { input, sizeOf } from "../src/onnx/index.js";
import { having } from "./fixtures/authors-config.js";
import { drawing, samsr, start, temporaryFolder } from "./fixtures/cli.js";
import { serveFile, startProxy, startServer } from "./fixtures/servers.js";
import { hasShared, sharedPath } from "./shared.js";

const folder = temporaryFolder();
afterAll(folder.remove);
let count = 0;
/** A data folder for each test. */
let home: string;
beforeEach(() => {
  home = folder.path(`home${count++}`, "x").slice(0, -2);
});
const store = (...parts: string[]) => [home, "models", ...parts].join("/");
const stored = () => (existsSync(store()) ? readdirSync(store()).sort() : []);
const json = (path: string) => JSON.parse(readFileSync(path, "utf8"));

/** Runs `samsr models` with the test's data folder. */
async function models(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await samsr(["models", ...words], { env: { SAMSR_HOME: home } });
  return { code, stdout: stdout.toString(), stderr };
}

/** What is said of a server that anybody on the way could speak for. */
const overHttp =
  /^samsr: http:\/\/127\.0\.0\.1:\d+\/\S+: over http, anybody on the way could change the file, .*\n/;

async function refusal(...words: string[]): Promise<string> {
  const { code, stderr: said } = await models(...words);
  const stderr = said.replace(overHttp, "");
  expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
  expect(stderr).not.toContain("bug in samsr");
  expect(code).toBe(1);
  return stderr;
}

describe("samsr models", () => {
  it("lists bundled models where there is no store, and tells of it", async () => {
    const { code, stdout } = await models();
    expect(code).toBe(0);
    expect(stdout).toMatch(/^samsr-tiny\n.*\n {2}licence: .*\n {2}bundled, /m);
    expect(stdout).toContain(`The store is ${store()}.`);
    expect(existsSync(home)).toBe(true);
    expect(stored()).toEqual([]);
  });

  it("shows what a model is and costs, and its card", async () => {
    const people = await models("show", "samsr-tiny");
    const programs = await models("show", "samsr-tiny", "--json");
    expect(people.stdout).toMatch(/^samsr-tiny\n {2}what: /);
    expect(people.stdout).toMatch(/parameters: +student 5,676,462, sharp 5,676,462, teacher 5,676,462/);
    expect(people.stdout).toMatch(
      /work: +\d+(\.\d+)? GFLOP for a tile of 64 x 64 to 256 x 256, counted on the graph/,
    );
    expect(people.stdout).toMatch(/memory: +at least .* MB for that, estimated/);
    expect(people.stdout).toContain("## What it is");
    const facts = JSON.parse(programs.stdout);
    expect(facts).toMatchObject({ name: "samsr-tiny", place: "bundled", config: { modelChannels: 64 } });
    expect(facts.card).toContain("# samsr-tiny");
    expect(facts.parts[0]).toMatchObject({ part: "student", parameters: 5_676_462 });
  });

  it("measures a model when asked", async () => {
    const words = ["models", "show", "samsr-tiny", "--measure", "--json"];
    // In a process of its own, since it says how much memory that has held.
    const { stdout, stderr } = await start(words, { env: { SAMSR_HOME: home } }).finished;
    expect(stderr).toBe("");
    const { measured, memory } = JSON.parse(stdout.toString());
    expect(measured.seconds).toBeGreaterThan(0);
    // What is estimated as the least is less than what the process has held.
    expect(measured.bytes).toBeGreaterThan(memory);
    expect(await refusal("show", "nothing", "--measure")).toMatch(/no model "nothing"/);
  });

  it("refuses what it does not know in one line", async () => {
    const { code, stderr } = await models("samsr-tiny");
    expect(stderr).toBe(
      "samsr: unknown command 'models samsr-tiny'; \"samsr models show samsr-tiny\" shows a model\n",
    );
    expect(code).toBe(2);
    expect(await refusal("show", "nothing")).toMatch(
      /no model "nothing": expected .* \(coverage-tiny, samsr-tiny\)/,
    );
  });

  it("keeps listing when one is damaged, and says which and why", async () => {
    mkdirSync(store("half-added"), { recursive: true });
    mkdirSync(store("not-json"));
    writeFileSync(store("not-json", "model.json"), "{");
    mkdirSync(store("no-weights"));
    const tiny = json("models/samsr-tiny/model.json");
    writeFileSync(store("no-weights", "model.json"), JSON.stringify(tiny));
    mkdirSync(store(".adding-1-abc"));
    const { code, stdout } = await models();
    expect(code).toBe(0);
    expect(stdout).toMatch(/half-added\n {2}DAMAGED: .*half-added\/model\.json is missing/);
    expect(stdout).toMatch(/not-json\n {2}DAMAGED: .*not JSON/);
    expect(stdout).toMatch(/no-weights\n.*\n.*\n.*MISSING student\.safetensors, teacher\.safetensors/);
    expect(stdout).not.toContain(".adding");
    expect(await refusal("show", "half-added")).toMatch(
      /the model half-added is damaged: .*model\.json is missing/,
    );
    expect(await refusal("show", "not-json")).toMatch(/not-json\/model\.json: not JSON/);
    const shown = await models("show", "no-weights");
    expect(shown.code).toBe(1);
    expect(shown.stdout).toMatch(/student\.safetensors: there is no such file/);
    expect((await models("remove", "half-added", "not-json", "no-weights")).code).toBe(0);
    // A number that some process of the machine has: its work is left alone.
    expect(stored()).toEqual([".adding-1-abc"]);
  });

  it("finds stored models after the bundled ones, and says when the store is no folder", async () => {
    mkdirSync(store(), { recursive: true });
    cpSync("models/samsr-tiny", store("mine"), { recursive: true });
    cpSync("models/samsr-tiny", store("samsr-tiny"), { recursive: true });
    const { stdout } = await models("--json");
    expect(
      JSON.parse(stdout).map(({ name, place }: { name: string; place: string }) => [name, place]),
    ).toEqual([
      ["coverage-tiny", "bundled"],
      ["samsr-tiny", "bundled"],
      ["mine", "stored"],
    ]);
    rmSync(store(), { recursive: true });
    writeFileSync(store(), "");
    expect(await refusal()).toMatch(/home\d+\/models cannot be read: a part of its path is not a directory/);
  });
});

const reference = (name: string) => sharedPath("reference", name, "checkpoint.pth");

describe.skipIf(!hasShared)("samsr models add and remove", () => {
  const [unet, vq, sam] = ["swin-unet-small", "vq-f4-small", "sam-small"].map((name) =>
    hasShared ? reference(name) : "",
  );

  it("makes one model of a denoiser and an autoencoder, whichever comes first, every number as it was", async () => {
    const { code, stdout, stderr } = await models("add", vq, unet, "--name", "pair", "--method", "sinsr");
    expect([stderr, code]).toEqual(["", 0]);
    expect(stdout).toMatch(/^pair: a latent-denoiser, [\d.]+ MB, in .*pair\n$/);
    expect(readdirSync(store("pair")).sort()).toEqual([
      "autoencoder.safetensors",
      "denoiser.safetensors",
      "model.json",
    ]);
    expect(json(store("pair", "model.json"))).toMatchObject({
      network: "latent-denoiser",
      schedule: { steps: 15, power: 0.3, kappa: 2, minNoiseLevel: 0.04, etasEnd: 0.99 },
      m: 0.2,
      variant: "release",
      method: "sinsr",
      weights: { denoiser: "denoiser.safetensors", autoencoder: "autoencoder.safetensors" },
    });
    for (const [file, path] of [
      ["denoiser", unet],
      ["autoencoder", vq],
    ]) {
      const original = await readCheckpoint(path);
      const kept = readSafetensors(readFileSync(store("pair", `${file}.safetensors`))).tensors;
      expect(contents(kept)).toEqual(contents(original));
    }
    expect((await models("show", "pair")).stdout).toMatch(/work: .*encoder .*single step .*decoder/);
    // And it enlarges.
    await drawing({ width: 20, height: 12 }).png().toFile(folder.path("tiny.png"));
    const words = ["upscale", folder.path("tiny.png"), "-o", folder.path("pair.png"), "--model", "pair"];
    expect((await samsr(words, { env: { SAMSR_HOME: home } })).stderr).toBe("");
    expect(await sharp(folder.path("pair.png")).metadata()).toMatchObject({ width: 80, height: 48 });
  });

  it("takes the autoencoder that is installed, and keeps it from being taken away", async () => {
    expect(await refusal("add", unet, "--name", "alone")).toMatch(
      /needs an autoencoder, and none that fits is installed; give its file too, or first "samsr models pull vq-f4"/,
    );
    expect(stored()).toEqual([]);
    await models("add", vq, "--name", "vq");
    expect((await models("add", unet, "--name", "alone")).code).toBe(0);
    expect(json(store("alone", "model.json")).weights.autoencoder).toBe("../vq/autoencoder.safetensors");
    expect((await models("show", "vq")).stdout).toMatch(/used by: +alone/);

    await models("add", vq, "--name", "vq2");
    expect(await refusal("add", unet, "--name", "second")).toMatch(
      /several installed autoencoders fit \(vq, vq2\); choose one with --autoencoder NAME/,
    );
    expect(await refusal("add", unet, "--name", "second", "--autoencoder", "pair")).toMatch(
      /those that fit: vq, vq2/,
    );
    expect((await models("add", unet, "--name", "second", "--autoencoder", "vq2")).code).toBe(0);

    expect(await refusal("remove", "vq")).toMatch(
      /alone uses the weights of vq; remove that first, or give --force/,
    );
    expect(await refusal("add", vq, "--name", "vq", "--overwrite")).toMatch(
      /vq cannot be replaced: alone use/,
    );
    const { stdout } = await models("remove", "vq", "--force");
    expect(stdout).toMatch(/^removed vq: .*; alone cannot run without it\n$/);
    expect(stored()).toEqual(["alone", "second", "vq2"]);
    expect((await models("show", "alone")).code).toBe(1);
    expect(await refusal("remove", "samsr-tiny")).toMatch(/comes with samsr and cannot be removed/);
    expect(await refusal("remove", "../home0")).toMatch(/no model "\.\.\/home0"/);
  });

  it("adds Segment Anything, and half precision as half", async () => {
    expect((await models("add", sam, "--name", "masks")).code).toBe(0);
    expect(json(store("masks", "model.json"))).toMatchObject({
      network: "segment-anything",
      weights: { sam: "sam.safetensors" },
    });
    expect((await models("show", "masks")).stdout).toMatch(
      /for a picture of 128 x 128 and 64 points \(image-encoder .*mask-decoder/,
    );
    const half = folder.path("half.safetensors");
    writeFileSync(half, writeSafetensors(await readCheckpoint(vq), { precision: "float16" }));
    expect((await models("add", half)).code).toBe(0);
    expect(readFileSync(store("half", "autoencoder.safetensors")).length).toBeLessThan(
      readFileSync(vq).length * 0.6,
    );
    const kept = readSafetensors(readFileSync(store("half", "autoencoder.safetensors"))).tensors;
    expect(contents(kept)).toEqual(contents(await readCheckpoint(half)));
  });

  it("takes the schedule of the authors' configuration, and refuses weights that it is not about", async () => {
    const yaml = folder.path("authors.yaml");
    writeFileSync(yaml, having("kappa", "1.5"));
    const other = folder.path("other.yaml");
    writeFileSync(other, having("swin_depth", "4"));
    expect(
      (await models("add", unet, vq, "--name", "own", "--config", yaml, "--variant", "paper")).code,
    ).toBe(0);
    expect(json(store("own", "model.json"))).toMatchObject({ schedule: { kappa: 1.5 }, variant: "paper" });
    expect(await refusal("add", unet, vq, "--name", "x", "--config", other)).toMatch(
      /other\.yaml: model\.params\.swin_depth is 4, but the checkpoint .* has 2/,
    );
    expect(await refusal("add", vq, "--config", folder.path("none.yaml"))).toMatch(
      /none\.yaml: there is no such file/,
    );
    expect(stored()).toEqual(["own"]);
  });

  it("adds a coverage network", async () => {
    const { scope, parameters } = trainableScope();
    coverageNetwork(scope, COVERAGE_TINY, input("image", [1, 3, 32, 32]));
    const weights = parameters().map(
      ({ name, shape }) => [name, { shape, data: new Float32Array(sizeOf(shape)).fill(0.1) }] as const,
    );
    const file = folder.path("coverage.safetensors");
    writeFileSync(file, writeSafetensors(new Map(weights)));
    expect((await models("add", file)).code).toBe(0);
    const { stdout, code } = await models("show", "coverage", "--json");
    expect(code).toBe(0);
    const parameterCount = weights.reduce((sum, [, { data }]) => sum + data.length, 0);
    expect(JSON.parse(stdout)).toMatchObject({
      network: "coverage-network",
      config: COVERAGE_TINY,
      parts: [{ part: "network", parameters: parameterCount }],
    });
  });

  it("replaces a model only when asked, and never leaves a broken one", async () => {
    await models("add", vq, "--name", "mine");
    const before = readdirSync(store("mine"));
    expect(await refusal("add", sam, "--name", "mine")).toMatch(
      /a model mine is installed already; --overwrite/,
    );
    const damaged = folder.path("damaged.pth");
    const bytes = readFileSync(sam);
    bytes.fill(0, bytes.length >> 1, (bytes.length >> 1) + 4000);
    writeFileSync(damaged, bytes);
    await refusal("add", damaged, "--name", "mine", "--overwrite");
    expect(readdirSync(store("mine"))).toEqual(before);
    expect((await models("show", "mine")).code).toBe(0);
    expect((await models("add", sam, "--name", "mine", "--overwrite")).code).toBe(0);
    expect(readdirSync(store("mine"))).toHaveLength(2);
    expect((await models("show", "mine")).stdout).toContain("segment-anything");
    expect(stored()).toEqual(["mine"]);
  });

  it("refuses a name that is none or a bundled model's", async () => {
    expect(await refusal("add", vq, "--name", "../up")).toMatch(/is no name for a model/);
    expect(await refusal("add", vq, "--name", "samsr-tiny")).toMatch(/comes with samsr; choose another name/);
    expect(stored()).toEqual([]);
  });

  it("refuses files that are nothing, or do not go together, and leaves nothing behind", async () => {
    const text = folder.path("text.pth");
    writeFileSync(text, "hello");
    const other = folder.path("other.safetensors");
    writeFileSync(other, writeSafetensors(new Map([["a", { shape: [1], data: Float32Array.of(1) }]])));
    expect(await refusal("add", text)).toMatch(/text\.pth: not a PyTorch checkpoint/);
    expect(await refusal("add", other)).toMatch(/holds no network that samsr knows/);
    expect(await refusal("add", folder.path("absent.pth"))).toMatch(/there is no such file/);
    expect(await refusal("add", vq, vq)).toMatch(/each hold the VQ autoencoder; add them one by one/);
    expect(await refusal("add", sam, vq)).toMatch(/is Segment Anything, a model by itself/);
    expect(await refusal("add", "models/samsr-tiny/student.safetensors")).toMatch(
      /"samsr train bundle" makes a model/,
    );
    expect(stored()).toEqual([]);
    rmSync(home, { recursive: true });
    writeFileSync(home, "");
    expect(await refusal("add", vq)).toMatch(
      /home\d+\/models cannot be read: a part of its path is not a directory/,
    );
  });

  it("without space leaves nothing behind", async () => {
    // A link to a device that is always full stands where the weights would be written.
    expect(existsSync("/dev/full")).toBe(true);
    mkdirSync(store(), { recursive: true });
    const { addModel } = await import("../src/checkpoints/store/index.js");
    process.env.SAMSR_HOME = home;
    try {
      const linked = (progress: { stage: string }) => {
        const [work] = readdirSync(store()).filter((name) => name.startsWith(".adding"));
        if (progress.stage === "read") symlinkSync("/dev/full", store(work, "model.json"));
      };
      await expect(addModel([vq], { name: "full", onProgress: linked })).rejects.toThrow(
        /full cannot be written: no space is left/,
      );
    } finally {
      delete process.env.SAMSR_HOME;
    }
    expect(stored()).toEqual([]);
  });

  it("upscale says what a model without pictures is", async () => {
    await models("add", vq, "--name", "vq");
    await drawing().png().toFile(folder.path("small.png"));
    const words = ["upscale", folder.path("small.png"), "-o", folder.path("large.png"), "--model", "vq"];
    const { code, stderr } = await samsr(words, { env: { SAMSR_HOME: home } });
    expect(stderr).toMatch(/^samsr: the model vq is a vq-autoencoder: it enlarges no pictures/);
    expect(code).toBe(1);
  });
});

describe.skipIf(!hasShared)("samsr models pull", () => {
  let unet: Buffer;
  let vq: Buffer;
  beforeAll(() => {
    unet = readFileSync(reference("swin-unet-small"));
    vq = readFileSync(reference("vq-f4-small"));
  });
  /** A mirror whose files are the small networks of the tests. */
  const mirror = (served: (path: string) => Uint8Array | undefined) =>
    startServer((request, response) => {
      const file = served(request.url!);
      if (file) serveFile(file)(request, response);
      else response.writeHead(404).end();
    });

  it("lists what can be fetched, with licences and what is known of each file", async () => {
    const { stdout } = await models("pull");
    for (const [name, { url, licence }] of Object.entries(PUBLISHED)) {
      for (const word of [name, url, licence]) expect(stdout).toContain(word);
    }
    expect(stdout).toContain("no SHA-256 stated");
    for (const { sha256 } of Object.values(PUBLISHED)) {
      if (sha256 !== undefined) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    }
  });

  it("fetches a denoiser, adds it, and clears away; again it does nothing", async () => {
    await models("add", reference("vq-f4-small"), "--name", "vq");
    const server = await mirror(() => unet);
    const from = `${server.url}/any.pth`;
    const { code, stdout, stderr } = await models("pull", "sinsr-v1", "--from", from);
    expect([stderr.replace(overHttp, "-"), code]).toEqual(["-", 0]);
    expect(stderr).toMatch(/and no SHA-256 of it is known\n$/);
    expect(stdout).toMatch(/^sinsr-v1: [\d.]+ MB, in .*; licence: CC BY-NC-SA 4\.0/);
    expect(json(store("sinsr-v1", "model.json"))).toMatchObject({
      method: "sinsr",
      source: from,
      weights: { autoencoder: "../vq/autoencoder.safetensors" },
    });
    expect(readdirSync(store(".downloads"))).toEqual([]);
    expect((await models("pull", "sinsr-v1", "--from", from)).stdout).toMatch(/is installed already/);
    expect(server.requests.length).toBe(1);
    const anew = await models("pull", "sinsr-v1", "--from", from, "--overwrite", "--quiet");
    expect([anew.stderr, anew.code]).toEqual(["", 0]);
    expect(server.requests.length).toBe(2);
    await server.close();
  });

  it("refuses a file that is another network or another size, and does not keep it", async () => {
    const server = await mirror((path) =>
      path === "/SinSR_v1.pth" ? vq : path === "/sam_vit_b_01ec64.pth" ? unet : undefined,
    );
    const from = `${server.url}/`;
    expect(await refusal("pull", "sinsr-v1", "--from", from)).toMatch(
      /SinSR_v1\.pth: holds a vq-autoencoder, expected a swin-unet; it was thrown away/,
    );
    expect(await refusal("pull", "sam-vit-b", "--from", from)).toMatch(
      /expected 375042383: it is another file/,
    );
    expect(await refusal("pull", "samsr-v1", "--from", from)).toMatch(/answers 404/);
    expect(await refusal("pull", "samsr-v1", "--from", "nowhere")).toMatch(/nowhere: expected the address/);
    expect(await refusal("pull", "everything")).toMatch(
      /is no published model; samsr can fetch .*samsr-v1, samsr-v2/,
    );
    expect(stored().filter((name) => !name.startsWith("."))).toEqual([]);
    await server.close();
  });

  it("without a network says which host, and what to do", async () => {
    const proxy = await startProxy();
    await proxy.close();
    const env = {
      SAMSR_HOME: home,
      HTTPS_PROXY: proxy.url,
      https_proxy: proxy.url,
      NO_PROXY: "",
      no_proxy: "",
    };
    const { code, stderr } = await samsr(["models", "pull", "sam-vit-b"], { env });
    expect(stderr).toMatch(
      /^samsr: sam_vit_b_01ec64\.pth was not fetched: cannot reach dl\.fbaipublicfiles\.com \(a proxy is set\): .*; or fetch https:\/\/dl\.fb.* in another way and run "samsr models add FILE"\n$/,
    );
    expect(code).toBe(1);
  });

  it("stops at Ctrl-C, keeps what has come, says so, and goes on from there", async () => {
    await models("add", reference("vq-f4-small"), "--name", "vq");
    const half = unet.length >> 1;
    let slow = true;
    const server = await startServer((request, response) => {
      if (!slow) return serveFile(unet)(request, response);
      response.writeHead(200, { "content-length": unet.length, etag: '"one"' });
      response.write(unet.subarray(0, half));
    });
    const words = ["models", "pull", "samsr-v1"];
    const env = { SAMSR_HOME: home, SAMSR_MIRROR: `${server.url}/` };
    const { child, finished } = start(words, { env });
    const part = store(".downloads", "SamSR_v1.pth.part");
    while (!existsSync(part) || readFileSync(part).length < half) await new Promise((r) => setTimeout(r, 20));
    child.kill("SIGINT");
    const { code, stderr } = await finished;
    expect(stderr).toMatch(
      /^samsr: http:.*\nsamsr: interrupted\nsamsr: [\d.]+ MB are kept in .*part; the same command goes on/,
    );
    expect(code).toBe(130);
    expect(readdirSync(store(".downloads")).sort()).toEqual(["SamSR_v1.pth.part", "SamSR_v1.pth.part.json"]);
    slow = false;
    expect((await samsr(words, { env })).code).toBe(0);
    expect(server.requests[1].range).toBe(`bytes=${half}-`);
    expect(stored()).toEqual([".downloads", "samsr-v1", "vq"]);
    await server.close();
  });
});

/** Names, shapes and every bit of the numbers, quick to compare. */
function contents(tensors: StateDict): string[] {
  return [...tensors].map(([name, { shape, data }]) => {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return `${name} [${shape}] ${createHash("sha256").update(bytes).digest("hex")}`;
  });
}
