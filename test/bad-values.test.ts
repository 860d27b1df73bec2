/**
 * Every function of the entries, with each of its arguments replaced by what a caller without types may have
 * there instead: the refusal is a SamsrError of one line, no raw TypeError and no silence.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as samsr from "samsr";
import * as train from "samsr/train";
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

const ENTRIES: Record<string, [entry: object, functions: Record<string, readonly Argument[]>]> = {
  samsr: [
    samsr,
    {
      addModel: [list([join(folder, "none.pth")]), options()],
      coverageOf: [object(set, { ...set, masks: [[1]] }, { ...set, width: 3 })],
      createRaster: [number(2), number(2), number(3), { good: 8, bad: [null, 7, "8"] }],
      createUpscaler: [options()],
      decode: [picture, options()],
      encode: [pixels, options({ format: "png" })],
      encodePages: [object(pages()), options({ format: "tiff" })],
      encodeToFile: [pixels, path(join(folder, "out.png")), options({ format: "png", overwrite: true })],
      encodingLosses: [object(raster), options({ format: "png" })],
      findModel: [path("samsr-tiny")],
      holdsPages: [word("png"), anything],
      listDevices: [],
      listModels: [],
      masksFromLabels: [object({ width: 2, height: 2, labels: new Int32Array(4) })],
      openPicture: [picture, options()],
      prepareMasks: [object(set), number(1), number(1), options()],
      pullModel: [word("nothing"), options()],
      readMasks: [path(), number(2), number(2), options()],
      recognise: [object(new Uint8Array(8))],
      recogniseFile: [path()],
      removeModel: [path("nothing"), options()],
      segmentRegions: [object(raster), options()],
      storeFolder: [],
      upscale: [picture, options({ model: "nothing" })],
      upscaleToFile: [picture, path(join(folder, "out.png")), options({ model: "nothing" })],
    },
  ],
  "samsr/train": [
    train,
    {
      bundleCoverageModel: [path("name"), object({}, { channels: 1 }), path(), path()],
      bundleModel: [path("name"), object({}), object({ student: "a", teacher: "b" }), path()],
      bundledStudent: [path()],
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
