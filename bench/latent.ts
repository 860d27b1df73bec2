/** The published networks at full size, with random weights: one tile of 64 x 64 to 256 x 256 in one step. */
import { createRandom } from "../src/base/random.js";
import { locateWeights } from "../src/checkpoints/store/index.js";
import { crop, type Raster } from "../src/image/index.js";
import { quantise } from "../src/networks/index.js";
import { frozenScope } from "../src/nn/index.js";
import { countFlops } from "../src/onnx/flops.js";
import { input, type Value } from "../src/onnx/index.js";
import { createGraphSession, floatTensor } from "../src/runtime/index.js";
import { createUpscaler, type UpscaleInfo } from "../src/upscale/index.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { tileInputs } from "../src/upscale/tile-inputs.js";
import { FULL_SIZE, writeFullSizeModel } from "./full-size.js";
import { createMatMul } from "./matmul.js";
import { gigaflops, takeTurns, zip } from "./measure.js";
import { squarePicture } from "./picture.js";
import { type Bench, figure } from "./report.js";

const SIDE = 64;

export const bench: Bench = async ({ threads, rounds = 5 }) => {
  const { folder, parameters, remove } = await writeFullSizeModel();
  const picture: Raster = crop(await squarePicture(), { x: 0, y: 0, width: SIDE, height: SIDE });
  const upscaler = await createUpscaler({ model: folder, device: "cpu", threads });
  const infos: UpscaleInfo[] = [];
  const enlarge = async () => infos.push((await upscaler.upscale(picture, { masks: "none" })).info);
  await enlarge();
  const peak = process.resourceUsage().maxRSS / 1024;

  const parts = await partsOf(folder);
  const codes = await createQuantiser(parts.quantise, folder, threads);
  const matmul = await createMatMul(threads);
  const times = await takeTurns(
    { total: enlarge, quantise: codes.run, matmul: matmul.run },
    { rounds, warmUp: 1 },
  );
  await upscaler.close();
  await codes.release();
  await matmul.release();
  remove();

  const matmulRate = zip((ms) => gigaflops(matmul.flops, ms), times.matmul);
  const stages = (["encode", "network", "decode"] as const).flatMap((name) => {
    const ms = infos.slice(-rounds).map(({ milliseconds }) => milliseconds[name]);
    const { products } = countFlops([parts[name]]);
    const rate = zip((t) => gigaflops(products, t), ms);
    return [
      figure(name, "ms", ms),
      figure(`${name}, products by taps`, "GFLOP", products / 1e9),
      figure(`${name}, products by taps`, "GFLOP/s", rate),
      figure(
        `${name} to MatMul`,
        "ratio",
        zip((a, b) => a / b, rate, matmulRate),
      ),
    ];
  });
  return {
    about:
      `${SIDE} x ${SIDE} to ${4 * SIDE} x ${4 * SIDE} in one step without masks, ${(parameters / 1e6).toFixed(1)} M ` +
      `random parameters, ${threads} threads. Products are counted as the taps of every convolution; what is ` +
      "computed is fewer.",
    figures: [
      figure("pixels to pixels", "ms", times.total),
      figure(
        "pixels to pixels to MatMul 1024",
        "ratio",
        zip((a, b) => a / (b / 4), times.total, times.matmul),
      ),
      figure("loading, at the first tile", "ms", infos[0].milliseconds.load),
      ...stages,
      figure("nearest codes alone (part of decode)", "ms", times.quantise),
      figure("MatMul 1024, same rounds", "GFLOP/s", matmulRate),
      figure("peak memory, load and first tile", "MB", peak),
      figure("peak memory of the process", "MB", process.resourceUsage().maxRSS / 1024),
    ],
  };
};

/** The graphs of the parts, for counting, and of the nearest codes alone. */
async function partsOf(folder: string) {
  const scopes = {
    denoiser: frozenScope((await locateWeights(`${folder}/${FULL_SIZE.weights.denoiser}`)).tensors),
    autoencoder: frozenScope((await locateWeights(`${folder}/${FULL_SIZE.weights.autoencoder}`)).tensors),
  };
  const kind = kindOf(FULL_SIZE);
  const tensors = tileInputs(kind, { width: SIDE, height: SIDE });
  const stages = kind.onePass.map(({ timed, weights, build }): [string, Value] => [
    timed,
    build(scopes[weights as keyof typeof scopes], tensors),
  ]);
  const { autoencoder } = FULL_SIZE;
  const z = input("z", [1, autoencoder.latentChannels, SIDE, SIDE]);
  return {
    ...(Object.fromEntries(stages) as Record<"encode" | "network" | "decode", Value>),
    quantise: quantise(scopes.autoencoder, autoencoder, z).quantised,
  };
}

async function createQuantiser(quantised: Value, folder: string, threads: number) {
  const options = { device: "cpu", threads, spinning: false, weightsFolder: folder } as const;
  const session = await createGraphSession({ quantised }, options);
  const z = floatTensor(quantised.shape);
  createRandom(1).normals(z.data);
  return { run: () => session.run({ z }), release: () => session.release() };
}
