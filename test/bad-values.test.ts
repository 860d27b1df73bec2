/**
 * Every function of the entries, with each of its arguments replaced by what a caller without types may have
 * there instead: the refusal is a SamsrError of one line, no raw TypeError and no silence.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as samsr from "samsr";
import * as evaluate from "samsr/evaluate";
import * as image from "samsr/image";
import * as train from "samsr/train";
import * as web from "samsr/web";
import { afterAll, beforeAll, expect, it } from "vitest";
import { photoLike } from "./fixtures/pictures.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-values-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  writeFileSync(join(folder, "in.png"), await samsr.encode(raster, { format: "png" }));
});

/** What an argument may be, and what it must not be. */
interface Argument {
  readonly good: unknown;
  readonly bad: readonly unknown[];
}

const ANYTHING = [null, 7, "text", [], new ArrayBuffer(8), () => 1] as const;
const PLAIN = [undefined, null, Number.NaN, [], {}, new ArrayBuffer(8), () => 1] as const;

const raster = photoLike(16, 16);
const set = { width: 2, height: 2, masks: [new Uint8Array(4)] };
async function* pages() {
  yield raster;
}

const options = (good: object = {}): Argument => ({ good, bad: [...ANYTHING, { sclae: 2 }] });
const object = (good: unknown, ...bad: unknown[]): Argument => ({
  good,
  bad: [undefined, ...ANYTHING, {}, ...bad],
});
const list = (good: readonly unknown[]): Argument => ({ good, bad: [...PLAIN, 7, [7], [null]] });
const path = (good = join(folder, "none")): Argument => ({ good, bad: [...PLAIN, 7, ""] });
const word = (good: string): Argument => ({ good, bad: [...PLAIN, 7, "nonsense"] });
const number = (good: number): Argument => ({ good, bad: [...PLAIN, "7", -1] });
const anything: Argument = { good: undefined, bad: [] };
const picture: Argument = {
  good: join(folder, "in.png"),
  bad: [...PLAIN.filter((value) => !(value instanceof ArrayBuffer)), 7, new URL("https://x.org/a.png")],
};
const pixels = object(raster, { ...raster, data: new Float32Array(768) }, { ...raster, width: 1.5 });

const whole = (good: number): Argument => ({ good, bad: [...number(good).bad, 1.5] });
const region: Argument = {
  good: { x: 0, y: 0, width: 2, height: 2 },
  bad: [null, 7, [], {}, { x: 0, y: 0, width: 0, height: 2 }, { x: 0.5, y: 0, width: 2, height: 2 }],
};
const planes = object(new Float32Array(12), new Float32Array(11), new Uint8Array(12));
const sizes = (good: object) => object(good, { ...good, width: 1.5 }, { ...good, height: 0 });
/** What no list may be, which may be empty. */
const REST = PLAIN.filter((value) => !Array.isArray(value));
const metrics: Argument = { good: ["psnr"], bad: [...REST, 7, [7], [null], [undefined], ["prsn"]] };
const measurer = { metrics: ["psnr"], measure: async () => [] };
const BYTES: Argument = {
  good: new Uint8Array(1),
  bad: [...PLAIN.filter((v) => typeof v !== "function"), 7],
};
const border: Argument = { good: {}, bad: [...ANYTHING, { broder: 2 }, { border: "2" }, { border: -1 }] };

const FILES = {
  decode: [picture, options()],
  encode: [pixels, options({ format: "png" })],
  encodePages: [object(pages()), options({ format: "tiff" })],
  encodeToFile: [pixels, path(join(folder, "out.png")), options({ format: "png", overwrite: true })],
  encodingLosses: [object(raster), options({ format: "png" })],
  holdsPages: [word("png"), anything],
  openPicture: [picture, options()],
  recognise: [object(new Uint8Array(8))],
  recogniseFile: [path()],
  createRaster: [number(2), number(2), number(3), { good: 8, bad: [null, 7, "8"] }],
};

const ENTRIES: Record<string, [entry: object, functions: Record<string, readonly Argument[]>]> = {
  samsr: [
    samsr,
    {
      ...FILES,
      addModel: [list([join(folder, "none.pth")]), options()],
      coverageOf: [object(set, { ...set, masks: [[1]] }, { ...set, width: 3 })],
      createUpscaler: [options()],
      findModel: [path("samsr-tiny")],
      listDevices: [],
      listModels: [],
      masksFromLabels: [object({ width: 2, height: 2, labels: new Int32Array(4) })],
      prepareMasks: [object(set), number(1), number(1), options()],
      pullModel: [word("nothing"), options()],
      readMasks: [path(), number(2), number(2), options()],
      removeModel: [path("nothing"), options()],
      segmentRegions: [object(raster), options()],
      storeFolder: [],
      upscale: [picture, options({ model: "nothing" })],
      upscaleToFile: [picture, path(join(folder, "out.png")), options({ model: "nothing" })],
    },
  ],
  "samsr/image": [
    image,
    {
      ...FILES,
      alphaPlane: [pixels, region],
      bicubicX4: [planes, whole(3), whole(2), whole(2)],
      bitDepth: [pixels],
      bleedColour: [pixels],
      checkEncodable: [sizes(raster), object({ format: "png" })],
      checkRaster: [pixels],
      checkWritable: [path(join(folder, "out.png")), options()],
      createMosaic: [
        object(image.planTiles(8, 8, { tile: 8, overlap: 0 })),
        object({ channels: 3, scale: 4, onRows: () => {} }, { channels: 3, scale: 4 }),
      ],
      crop: [pixels, { ...region, bad: [...region.bad, undefined, { x: 15, y: 0, width: 2, height: 2 }] }],
      cubic: [{ good: -0.5, bad: [...PLAIN, "7", Number.POSITIVE_INFINITY] }],
      flattenOnWhite: [pixels],
      formatLike: [word("png"), { good: 1, bad: [null, "7", 0, 1.5] }],
      formatOfName: [{ good: "a.png", bad: [...PLAIN, 7] }],
      fromTensor: [planes, sizes({ width: 2, height: 2, channels: 3 })],
      hasAlpha: [pixels],
      holdsSixteenBits: [word("png")],
      intoRaster: [pixels],
      planTiles: [whole(8), whole(8), object({ tile: 8, overlap: 0 }, { tile: 8, overlap: 5 })],
      resample: [pixels, whole(8), whole(8), options()],
      resizePlanar: [
        planes,
        sizes({ channels: 3, width: 2, height: 2 }),
        sizes({ width: 4, height: 4 }),
        options(),
      ],
      toEightBits: [pixels],
      toRgb: [pixels],
      toTensor: [pixels, region],
      writeFileAtomically: [path(join(folder, "out")), BYTES, options({ overwrite: true })],
    },
  ],
  "samsr/evaluate": [
    evaluate,
    {
      comparePicture: [
        pixels,
        { good: undefined, bad: [null, 7, {}] },
        object(new Map()),
        object({ measurer }),
      ],
      createMeasurer: [
        object({ metrics: ["psnr"] }, { metrics: ["prsn"] }, { metrics: ["psnr"], border: -1 }),
      ],
      createMethods: [
        { good: ["bicubic"], bad: [...REST, 7, [7], [null], ["none"]] },
        { good: undefined, bad: [null, 7, {}] },
        options(),
      ],
      createPristineFit: [path("photos of mine")],
      evaluateFolder: [path(folder), object({ measurer })],
      meansOf: [{ good: [new Map()], bad: [...REST, 7, [7], [null]] }, metrics],
      niqe: [pixels, object(await evaluate.readPristineModel(), { mean: [1], covariance: [1] }), border],
      psnrY: [pixels, pixels, border],
      readPristineModel: [{ ...path(), bad: path().bad.filter((value) => value !== undefined) }],
      readyMetrics: [],
      scoreMethods: [
        { good: [], bad: [...REST, 7, [7], [null]] },
        object(new Map([["bicubic", async () => raster]])),
        object({ measurer, baseline: "bicubic" }, { measurer, baseline: "none" }),
      ],
      ssimY: [pixels, pixels, border],
      writePristineModel: [object(await evaluate.readPristineModel(), { mean: [1], covariance: [1] })],
    },
  ],
  "samsr/web": [
    web,
    {
      createUpscaler: [{ ...options(), bad: [...options().bad, undefined] }],
      decodePicture: [object(new Blob([])), { good: "name", bad: [null, 7] }, options()],
      defaultThreads: [],
      detailOf: [object({})],
      encodePicture: [pixels, options({ format: "png" })],
      fromImageData: [object({ width: 1, height: 1, data: new Uint8ClampedArray(4) })],
      openModel: [options()],
      openUpscalingModel: [options()],
      pageFormatLike: [word("png")],
      startPictureThread: [],
      toImageData: [pixels],
      tryDevices: [],
    },
  ],
  "samsr/train": [
    train,
    {
      bundleCoverageModel: [path("name"), object({}, { channels: 1 }), path(), path()],
      bundleModel: [path("name"), object({ student: "a", teacher: "b" }), path(), options()],
      checkedConfig: [object(train.tinyConfig("teacher")), path("name")],
      configFor: [
        word("teacher"),
        object({ out: folder }),
        { good: () => {}, bad: [undefined, null, 7, {}] },
      ],
      configSchema: [],
      degradationNamed: [word("mild")],
      readTrainingConfig: [object("train: teacher"), path("name")],
      runConfig: [path()],
      runTraining: [object(train.tinyConfig("teacher")), options({ out: folder })],
      tinyConfig: [word("teacher")],
      writeBlend: [list(["a", "b"]), number(0.5), path(), options()],
    },
  ],
};

const shown = (value: unknown) =>
  value instanceof ArrayBuffer
    ? "an ArrayBuffer"
    : typeof value === "function"
      ? "a function"
      : (JSON.stringify(value) ?? "undefined").slice(0, 40);

it.each(Object.keys(ENTRIES))("%s refuses what its functions cannot take", async (name) => {
  const [entry, functions] = ENTRIES[name]!;
  const isPlain = (value: unknown) => typeof value === "function" && !/^class\b/.test(String(value));
  const exported = Object.entries(entry).filter(([, value]) => isPlain(value));
  expect(Object.keys(functions).sort()).toEqual(exported.map(([key]) => key).sort());
  const wrong: string[] = [];
  for (const [key, call] of exported as [string, (...args: unknown[]) => unknown][]) {
    for (const [place, { bad }] of functions[key]!.entries()) {
      for (const value of bad) {
        const args = functions[key]!.map(({ good }, i) => (i === place ? value : good));
        const error = await (async () => call(...args))().then(
          () => undefined,
          (reason) => reason,
        );
        if (error instanceof samsr.SamsrError && !error.message.includes("\n")) continue;
        wrong.push(`${key}, argument ${place} ${shown(value)}: ${error ?? "no error"}`);
      }
    }
  }
  expect(wrong).toEqual([]);
});
