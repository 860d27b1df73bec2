/**
 * The whole command on a picture of 128 x 128, a cold process each time: with its session kept and without,
 * another built tree, and a bare script that runs a network of nearly as many operations in ONNX Runtime.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "../src/image/index.js";
import { frozenScope, trainableScope } from "../src/nn/index.js";
import { input, toModel } from "../src/onnx/index.js";
import { lazily } from "./full-size.js";
import { NETWORKS } from "./one-pass-networks.js";
import { ROOT, squarePicture } from "./picture.js";
import type { Bench } from "./report.js";
import { commandsInTurns, commandsOf, usedFigures } from "./whole-commands.js";

const SIDE = 128;

/** The peer: nothing but a codec, ONNX Runtime and two loops. */
const PEER = `
const { createRequire } = require("node:module");
const from = createRequire(${JSON.stringify(join(ROOT, "package.json"))});
const [sharp, ort] = [from("sharp"), from("onnxruntime-node")];
const [, , picture, model, out, threads] = process.argv;
(async () => {
  const { data, info } = await sharp(picture).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const n = info.width * info.height;
  const x = new Float32Array(3 * n);
  for (let i = 0; i < n; i++) for (let c = 0; c < 3; c++) x[c * n + i] = data[3 * i + c] / 255;
  const options = { executionProviders: ["cpu"], intraOpNumThreads: Number(threads), logSeverityLevel: 4 };
  const session = await ort.InferenceSession.create(model, options);
  const { hr } = await session.run({ lq: new ort.Tensor("float32", x, [1, 3, info.height, info.width]) });
  const [, , height, width] = hr.dims;
  const m = height * width;
  const y = Buffer.alloc(3 * m);
  for (let i = 0; i < m; i++) {
    for (let c = 0; c < 3; c++) y[3 * i + c] = Math.max(0, Math.min(255, Math.round(hr.data[c * m + i] * 255)));
  }
  await sharp(y, { raw: { width, height, channels: 3 } }).png().toFile(out);
})();
`;

/** Writes RealESRGAN's network of 1.2 M parameters, with random weights. */
function peerModel(): Uint8Array {
  const network = NETWORKS["SRVGGNetCompact, 32 convolutions"];
  const lq = input("lq", [1, 3, SIDE, SIDE]);
  const { scope, parameters } = trainableScope();
  network(scope, lq);
  const weights = new Map(
    parameters().map(({ name, shape }, i) => [name, { shape, data: lazily(shape, i).data }] as const),
  );
  return toModel({ hr: network(frozenScope(weights), lq) }).bytes;
}

export const bench: Bench = async ({ threads, rounds = 9, beside }) => {
  const folder = mkdtempSync(join(tmpdir(), "samsr-bench-start-"));
  const at = (name: string) => join(folder, name);
  try {
    const raster = await squarePicture();
    writeFileSync(at("in.png"), await encode(raster, { format: "png" }));
    writeFileSync(at("peer.cjs"), PEER);
    writeFileSync(at("peer.onnx"), peerModel());
    const words = ["upscale", at("in.png"), "-o", at("out.png"), "--overwrite", "--quiet"];
    const commands = commandsOf(ROOT, beside);
    const command = (main: string) => [main, ...words, "--threads", String(threads)];
    const programs = {
      ...Object.fromEntries(Object.entries(commands).map(([name, main]) => [name, command(main)])),
      "samsr --no-cache": [...command(commands.samsr!), "--no-cache"],
      "a network of 1.2 M, bare": [
        at("peer.cjs"),
        at("in.png"),
        at("peer.onnx"),
        at("peer.png"),
        `${threads}`,
      ],
    };
    const runs = commandsInTurns(programs, { rounds, folder });
    const figures = Object.entries(runs).flatMap(([name, own]) => usedFigures(name, own));
    return {
      about: `${SIDE} x ${SIDE} from file to file, a cold process each, ${threads} threads.`,
      figures,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
};
