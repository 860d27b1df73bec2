/**
 * The road from published files to the paper's tables at full size: files of random weights in the published
 * names and shapes, `models add`, and `benchmark tables --preset published` on folders of pictures.
 *
 *     npm run build && npx tsc -p bench
 *     node bench/dist/bench/published.js OUT FOLDER... [-- more words of benchmark tables]
 *
 * Everything is kept in OUT, so the same command goes on where it was stopped. Peak memory and time are of
 * the process that measures.
 */
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { safetensorsPieces } from "../src/checkpoints/index.js";
import { SAM_VIT_B } from "../src/networks/index.js";
import { SEGMENT_ANYTHING } from "../src/networks/segment-anything/index.js";
import { type Scope, trainableScope } from "../src/nn/index.js";
import { lazily, NETWORKS } from "./full-size.js";

const words = process.argv.slice(2);
const split = words.indexOf("--");
const [out, ...folders] = split < 0 ? words : words.slice(0, split);
const more = split < 0 ? [] : words.slice(split + 1);
if (out === undefined || folders.length === 0) {
  process.stderr.write("published: expected OUT FOLDER... [-- more words of benchmark tables]\n");
  process.exit(2);
}

/** Everything that a published file of Segment Anything holds. */
const segmentAnything = (p: Scope) => SEGMENT_ANYTHING.parameters(p, { config: SAM_VIT_B });

/** Writes random weights of a network, if they are not there yet. */
async function write(file: string, network: (p: Scope) => unknown): Promise<string> {
  const path = join(out, file);
  if (existsSync(path)) return path;
  const { scope, parameters } = trainableScope();
  network(scope);
  const tensors = new Map(parameters().map(({ name, shape }, i) => [name, lazily(shape, i)]));
  await pipeline(Readable.from(safetensorsPieces(tensors)), createWriteStream(`${path}.part`));
  renameSync(`${path}.part`, path);
  return path;
}

/** Runs the command. @returns its exit code, seconds, and the most memory that it had, in GB */
async function samsr(...args: readonly string[]) {
  const begun = performance.now();
  const main = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, ...args], {
    stdio: "inherit",
    env: { ...process.env, SAMSR_HOME: resolve(out, "home"), SAMSR_CACHE: resolve(out, "cache") },
  });
  let peak = 0;
  const look = setInterval(() => {
    try {
      const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8")) ?? [];
      peak = Math.max(peak, Number(kilobytes ?? 0) / 2 ** 20);
    } catch {
      // It is gone, or this is no Linux.
    }
  }, 500);
  const code = await new Promise<number>((done) => child.once("exit", (status) => done(status ?? 1)));
  clearInterval(look);
  return { code, seconds: (performance.now() - begun) / 1000, peak };
}

mkdirSync(out, { recursive: true });
const autoencoder = await write("autoencoder_vq_f4.safetensors", NETWORKS.autoencoder);
const denoiser = await write("SamSR_v1.safetensors", NETWORKS.denoiser);
const sam = await write("sam_vit_b.safetensors", segmentAnything);
const installed = (name: string) => existsSync(join(out, "home", "models", name));
if (!installed("samsr-v1")) {
  const added = await samsr(
    "models",
    "add",
    denoiser,
    autoencoder,
    "--name",
    "samsr-v1",
    "--method",
    "samsr",
  );
  if (added.code !== 0) process.exit(added.code);
}
if (!installed("sam-vit-b")) {
  const added = await samsr("models", "add", sam, "--name", "sam-vit-b");
  if (added.code !== 0) process.exit(added.code);
}
const { code, seconds, peak } = await samsr(
  ...["benchmark", "tables", "--data", ...folders, "--models", "samsr-v1", "--preset", "published"],
  ...["-o", join(out, "tables"), ...more],
);
process.stderr.write(`${seconds.toFixed(0)} s, at most ${peak.toFixed(2)} GB\n`);
process.exit(code);
