/** The main job on a small picture: 128 x 128 to 512 x 512 in one step, with the bundled model. */

import { loadModelWeights } from "../src/checkpoints/store/index.js";
import { encode } from "../src/image/index.js";
import { frozenScope } from "../src/nn/index.js";
import { countFlops } from "../src/onnx/flops.js";
import { createUpscaler, type UpscaleInfo, upscale } from "../src/upscale/index.js";
import { kindOf } from "../src/upscale/kinds/index.js";
import { findUpscalingModel } from "../src/upscale/model.js";
import { tileInputs } from "../src/upscale/tile-inputs.js";
import { createMatMul } from "./matmul.js";
import { gigaflops, takeTurns, zip } from "./measure.js";
import { ROOT, squarePicture } from "./picture.js";
import { type Bench, figure } from "./report.js";

/** Bundled models are looked for beside the compiled package, and this is compiled to another place. */
const MODEL = `${ROOT}/models/samsr-tiny`;

export const bench: Bench = async ({ threads, rounds = 25 }) => {
  const picture = await squarePicture();
  const png = await encode(picture, { format: "png" });
  const upscaler = await createUpscaler({ model: MODEL, device: "cpu", threads });
  const matmul = await createMatMul(threads);
  const infos: UpscaleInfo[] = [];
  const fileInfos: UpscaleInfo[] = [];
  const times = await takeTurns(
    {
      pixels: async () => infos.push((await upscaler.upscale(picture)).info),
      file: async () => fileInfos.push((await upscale(png, { upscaler, format: "png" })).info),
      matmul: matmul.run,
    },
    { rounds },
  );
  await upscaler.close();
  await matmul.release();

  const [width, height] = infos[0].tile;
  const flops = infos[0].tiles * (await flopsOfTile({ width, height }));
  // The first were for warming up.
  const part = (name: keyof UpscaleInfo["milliseconds"], of = infos) =>
    of.slice(-rounds).map(({ milliseconds }) => milliseconds[name]);
  const network = part("network");
  const rate = zip((ms) => gigaflops(flops, ms), network);
  const matmulRate = zip((ms) => gigaflops(matmul.flops, ms), times.matmul);
  const outside = (inside: number, all: number) => 100 * (1 - inside / all);
  const large = `${4 * picture.width} x ${4 * picture.height}`;
  return {
    about:
      `${picture.width} x ${picture.height} to ${large} with samsr-tiny in one step, ${threads} threads, ` +
      `${infos[0].tiles} tile of ${width} x ${height}, model and session loaded.`,
    figures: [
      figure("pixels to pixels", "ms", times.pixels),
      figure("of it the network", "ms", network),
      figure("of it regions", "ms", part("masks")),
      figure("of it noise and weights", "ms", part("noise")),
      figure("of it blending and rounding", "ms", part("blend")),
      figure("outside the network", "%", zip(outside, network, times.pixels)),
      figure("PNG file to PNG file", "ms", times.file),
      figure("outside the network, files", "%", zip(outside, part("network", fileInfos), times.file)),
      figure("products of the network", "GFLOP", flops / 1e9),
      figure("network", "GFLOP/s", rate),
      figure("MatMul 1024, same rounds", "GFLOP/s", matmulRate),
      figure(
        "network to MatMul",
        "ratio",
        zip((a, b) => a / b, rate, matmulRate),
      ),
    ],
  };
};

async function flopsOfTile(size: { width: number; height: number }): Promise<number> {
  const model = await findUpscalingModel(MODEL);
  const kind = kindOf(model.description);
  const outputs = kind.onePass.map(async ({ weights, build }) =>
    build(frozenScope(await loadModelWeights(model, weights!)), tileInputs(kind, size)),
  );
  return countFlops(await Promise.all(outputs)).products;
}
