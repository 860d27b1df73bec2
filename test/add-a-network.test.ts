/**
 * Adding a network takes one folder and one line; then the package recognises, shows, converts and runs it.
 */
import { writeFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createRandom } from "../src/base/random.js";
import { writeSafetensors } from "../src/checkpoints/index.js";
import { samsr, temporaryFolder } from "./fixtures/cli.js";
import { buildHouse, type House } from "./fixtures/house.js";
import { photoLike } from "./fixtures/pictures.js";

const SCALE = 3;
const { path, remove } = temporaryFolder();
let house: House;
beforeAll(() => {
  house = buildHouse({
    from: "toy-network",
    into: "networks/toy",
    lines: { "networks/list.ts": 'export { TOY } from "./toy/index.js";' },
  });
}, 120_000);
afterAll(() => {
  house?.remove();
  remove();
});
const run = (...words: string[]) =>
  samsr(words, { command: house.command, env: { SAMSR_HOME: path("home") } });

/** Each large pixel is mostly its small one, and a little of the small one's neighbours. */
const random = createRandom(5);
const weight = Float32Array.from({ length: 3 * SCALE ** 2 * 27 }, (_, i) => {
  const [row, input, tap] = [Math.floor(i / 27), Math.floor((i % 27) / 9), i % 9];
  const own = row % 3 === input && tap === 4 ? 0.9 : 0;
  return own + 0.02 * (random.next() - 0.5);
});
const bias = Float32Array.from({ length: 3 * SCALE ** 2 }, () => 0.04 * random.next());
const weights = new Map([
  ["toy.weight", { shape: [3 * SCALE ** 2, 3, 3, 3], data: weight }],
  ["toy.bias", { shape: [3 * SCALE ** 2], data: bias }],
]);
const file = path("toy-x3.safetensors");

/**
 * What the network makes, [3, 3h, 3w], of a small picture [3, h, w] from 0 to 1: its definition, without a
 * graph.
 */
function expected(lq: ArrayLike<number>, width: number, height: number): Float32Array {
  const large = new Float32Array(lq.length * SCALE ** 2);
  for (let c = 0; c < 3; c++) {
    for (let y = 0; y < SCALE * height; y++) {
      for (let x = 0; x < SCALE * width; x++) {
        const row = ((y % SCALE) * SCALE + (x % SCALE)) * 3 + c;
        let sum = bias[row];
        for (let tap = 0; tap < 27; tap++) {
          const [input, i, j] = [Math.floor(tap / 9), Math.floor((tap % 9) / 3) - 1, (tap % 3) - 1];
          const [py, px] = [Math.floor(y / SCALE) + i, Math.floor(x / SCALE) + j];
          if (py < 0 || py >= height || px < 0 || px >= width) continue;
          sum += weight[row * 27 + tap] * lq[(input * height + py) * width + px];
        }
        large[(c * SCALE * height + y) * SCALE * width + x] = sum;
      }
    }
  }
  return large;
}

function largest(values: ArrayLike<number>, others: ArrayLike<number>): number {
  return Array.from(values).reduce((most, v, i) => Math.max(most, Math.abs(v - others[i])), 0);
}

it("is recognised, added and shown", async () => {
  writeFileSync(file, writeSafetensors(weights));
  const added = await run("models", "add", file);
  expect([added.stderr, added.code]).toEqual(["", 0]);
  expect(added.stdout.toString()).toMatch(/^toy-x3: a toy, /);
  const { stdout } = await run("models", "show", "toy-x3");
  expect(stdout.toString()).toMatch(/what: +the toy network, from toy-x3\.safetensors/);
  expect(stdout.toString()).toMatch(/sizes: +one convolution, to 27 channels/);
  expect(stdout.toString()).toMatch(/parameters: +network 756\n/);
  expect(stdout.toString()).toMatch(/work: +[\d.]+ GFLOP for a tile of 64 x 64 to 192 x 192/);

  const damaged = path("damaged.safetensors");
  writeFileSync(
    damaged,
    writeSafetensors(new Map([["toy.weight", { shape: [12, 3, 3, 3], data: weight.slice(0, 324) }]])),
  );
  expect((await run("models", "add", damaged)).stderr).toMatch(
    /the nearest is the toy network, but "toy\.bias" \[12\] is missing\n$/,
  );
});

it("is converted, and any runtime computes the same", async () => {
  const out = path("toy.onnx");
  expect((await run("convert", file, "-o", out, "--size", "5x7")).stderr).toBe("");
  const lq = Float32Array.from({ length: 3 * 5 * 7 }, () => random.next());
  const session = await InferenceSession.create(out, { intraOpNumThreads: 1 });
  const { hr } = await session.run({ lq: new Tensor("float32", lq, [1, 3, 5, 7]) });
  await session.release();
  expect(hr.dims).toEqual([1, 3, 15, 21]);
  expect(largest(hr.data as Float32Array, expected(lq, 7, 5))).toBeLessThan(1e-5);
});

it("enlarges a photo by its own factor, tile by tile", async () => {
  const { width, height, data } = photoLike(41, 29);
  const [small, large] = [path("small.png"), path("large.png")];
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(small);
  const words = ["upscale", small, "-o", large, "--model", "toy-x3", "--scale", String(SCALE)];
  const { code, stdout } = await run(...words, "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout.toString())).toMatchObject([
    { info: { tile: [16, 16], tiles: 15, masks: "none" } },
  ]);
  const got = await sharp(large).raw().toBuffer({ resolveWithObject: true });
  expect([got.info.width, got.info.height]).toEqual([SCALE * width, SCALE * height]);

  const planes = Float32Array.from({ length: 3 * width * height }, (_, i) => {
    const [c, p] = [Math.floor(i / (width * height)), i % (width * height)];
    return data[3 * p + c] / 255;
  });
  const due = expected(planes, width, height);
  const area = SCALE ** 2 * width * height;
  const levels = Array.from(
    got.data,
    (_, i) => 255 * Math.min(1, Math.max(0, due[(i % 3) * area + Math.floor(i / 3)])),
  );
  // Rounding, and what a tile's border lacks of its neighbours, where its weight is next to nothing.
  expect(largest(got.data, levels)).toBeLessThan(1);
});
