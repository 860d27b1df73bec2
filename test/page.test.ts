/**
 * The page as visitors have it: built, served, and driven in Chromium, which is skipped where there is none.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { unzipSync } from "fflate";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { decode } from "../src/image/index.js";
import * as o from "../src/onnx/index.js";
import { chromium } from "./fixtures/chromium.js";
import {
  BUNDLED,
  buildPage,
  ended,
  pictureFile,
  reach,
  type ServedPage,
  serious,
  servePage,
  states,
  until,
  upscalers,
} from "./fixtures/page.js";
import { writeDirectModel } from "./fixtures/small-model.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-page-"));
const LONG = 120_000;

const picture = (seed: number, side = 24) => pictureFile(`picture${seed}.png`, side, seed);

/** Waits until a model is the one that is chosen. */
const chosen = (page: Page, model: string) =>
  until(page, (name) => document.querySelector<HTMLSelectElement>("[name=model]")!.value === name, model);

/** Downloads the result that is shown. @returns the share of values over `levels` apart from the command's */
async function apart(page: Page, input: string, levels: number, ...words: string[]): Promise<number> {
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Download", exact: true }).click(),
  ]);
  const name = basename(input, ".png");
  expect(download.suggestedFilename()).toBe(`${name}_x4.png`);
  const [here, there] = [join(folder, `${name}-page.png`), join(folder, `${name}-command.png`)];
  await download.saveAs(here);
  execFileSync(process.execPath, ["dist/cli/main.js", "upscale", input, "-o", there, ...words]);
  const [a, b] = [(await decode(here)).raster, (await decode(there)).raster];
  expect([a.width, a.height, a.channels]).toEqual([b.width, b.height, b.channels]);
  return a.data.filter((v, i) => Math.abs(v - b.data[i]!) > levels).length / a.data.length;
}

/** The GPU is taken away, once that is told, as soon as something of a picture is to come back from it. */
const LOSE_GPU = `let device;
  const { requestDevice } = GPUAdapter.prototype;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    return (device = await requestDevice.apply(this, args));
  };
  const { mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = function (...args) {
    if (globalThis.lose) device.destroy();
    return mapAsync.apply(this, args);
  };`;

/** What a worker says is kept back, once that is told: the photo that it has stays in work. */
const HOLD = `const { postMessage } = globalThis;
  globalThis.postMessage = (...args) => {
    if (!globalThis.hold) postMessage(...args);
  };`;

let built: string;
beforeAll(async () => {
  built = await buildPage();
}, LONG);
afterAll(() => {
  for (const made of [folder, built]) rmSync(made, { recursive: true, force: true });
});

describe.skipIf(!chromium)("the page", () => {
  let served: ServedPage;
  beforeAll(async () => {
    served = await servePage(built);
  }, LONG);
  afterAll(() => served?.close());

  it("gives the picture that the command gives, asks no other host", {
    timeout: 2 * LONG,
  }, async () => {
    const example = join(folder, "harbour.png");
    await sharp("examples/harbour.png").extract({ left: 96, top: 40, width: 32, height: 24 }).toFile(example);
    const { page, context, strangers } = await served.open({
      instead: { ...BUNDLED, "example.png": example },
      settings: {},
      allCores: true,
    });
    await page.getByRole("button", { name: "Try the example" }).click();
    await ended(page, 1);
    expect(await states(page)).toEqual(["done"]);
    expect(await apart(page, example, 1)).toBeLessThan(0.001);
    expect(strangers).toEqual([]);
    const devtools = await context.newCDPSession(page);
    const { installabilityErrors: reasons } = await devtools.send("Page.getInstallabilityErrors");
    // A context of a test is a private window, which installs nothing.
    expect(reasons.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito")).toEqual([]);
  });

  it("comes to the same on WebGPU, by a driver without a GPU, and goes on in WASM where that is lost", {
    timeout: 2 * LONG,
  }, async () => {
    // All of the time goes into compiling shaders. What they compute of the package's networks is
    // upscale.test's.
    const model = writeDirectModel();
    onTestFinished(() => rmSync(model, { recursive: true }));
    const instead = { "models/samsr-tiny/": model };
    const { page } = await served.open({ gpu: true, instead, inWorkers: LOSE_GPU });
    await page.locator("#settings summary").click();
    await page.locator("[name=device]").selectOption("webgpu");
    const small = await picture(1);
    const path = join(folder, small.name);
    writeFileSync(path, small.buffer);
    await page.locator("#files").setInputFiles(path);
    await ended(page, 1);
    expect(await page.locator("#queue li .state").textContent()).toMatch(/^24\s×\s24 to 96\s×\s96 in/);
    expect(await page.locator("#device").textContent()).toBe("WebGPU");
    expect(await apart(page, path, 2, "--model", model)).toBe(0);
    for (const worker of page.workers()) await worker.evaluate(() => Reflect.set(globalThis, "lose", true));
    await page.locator("#files").setInputFiles([await picture(2)]);
    await ended(page, 2);
    expect(await states(page)).toEqual(["done", "done"]);
    expect(await page.locator("#note").textContent()).toBe("the GPU was lost; the work goes on in WASM");
    expect(await page.locator("#device").textContent()).toMatch(/^WASM/);
  });

  it("is used by the keyboard alone, stops no screen reader, zips results, asks before it is left", {
    timeout: LONG,
  }, async () => {
    const { page } = await served.open({ inWorkers: HOLD });
    await page.evaluate(() => Reflect.deleteProperty(globalThis, "showSaveFilePicker"));
    expect(await serious(page), "empty").toEqual([]);
    const press = async (name: string, key = "Enter") => {
      await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
      await reach(page, name);
      await page.keyboard.press(key);
    };
    const [chooser] = await Promise.all([page.waitForEvent("filechooser"), press("Choose photos")]);
    await chooser.setFiles([await picture(1)]);
    await ended(page, 1);
    await upscalers(page)[0]!.evaluate(() => Reflect.set(globalThis, "hold", true));
    await page.locator("#files").setInputFiles([await picture(2)]);
    await page.waitForSelector("#queue li:nth-child(2).working");
    expect(await serious(page), "working").toEqual([]);
    await press("Cancel: picture2.png");
    await page.waitForSelector("#queue li:nth-child(2).cancelled");
    expect(await states(page)).toEqual(["done", "cancelled"]);
    await press("Before | After", "ArrowLeft");
    expect(await page.locator("samsr-compare").getAttribute("position")).toBe("48");
    for (const key of ["+", "1", "0", "Home"]) await page.keyboard.press(key);
    expect(await page.locator("samsr-compare").getAttribute("position")).toBe("0");
    expect(await serious(page), "compared").toEqual([]);
    const [download] = await Promise.all([page.waitForEvent("download"), press("Download")]);
    expect(download.suggestedFilename()).toBe("picture1_x4.png");
    await press("Settings");
    // Without motion, or colours are looked at on their way.
    await page.emulateMedia({ colorScheme: "dark", reducedMotion: "reduce" });
    expect(await serious(page), "dark").toEqual([]);
    await press("Remove: picture2.png");
    await press("Clear");
    expect(await states(page)).toEqual([]);

    // Where it cannot write to files it makes a zip of results.
    const one = await picture(3);
    await page.locator("#files").setInputFiles([one, one]);
    await ended(page, 2);
    const [zip] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download all (zip)" }).click(),
    ]);
    expect(zip.suggestedFilename()).toBe("samsr.zip");
    const files = unzipSync(readFileSync(await zip.path()));
    expect(Object.keys(files)).toEqual(["picture3_x4.png", "picture3_x4 (2).png"]);
    for (const bytes of Object.values(files)) {
      expect((await decode(bytes)).raster).toMatchObject({ width: 96, height: 96 });
    }

    // It asks before it is left with work to do.
    const asked = page.waitForEvent("dialog");
    await upscalers(page)[0]!.evaluate(() => Reflect.set(globalThis, "hold", true));
    await page.locator("#files").setInputFiles([await picture(4)]);
    await page.waitForSelector("#queue li.working");
    await page.close({ runBeforeUnload: true });
    expect((await asked).type()).toBe("beforeunload");
    await (await asked).dismiss();
  });

  it("is a script for pages without a bundler too", { timeout: LONG }, async () => {
    const small = await picture(3);
    const file = join(folder, "plain.png");
    writeFileSync(file, small.buffer);
    const { page } = await served.open({ path: "plain.html", instead: { "example.png": file } });
    await until(page, () => document.querySelector("#line")!.textContent === "96 x 96", undefined);
  });

  it("is a package for pages with one", { timeout: LONG }, async () => {
    const outDir = join(built, "with-vite");
    onTestFinished(() => rmSync(outDir, { recursive: true }));
    const root = "examples/vite";
    const config = { configFile: `${root}/vite.config.ts`, root, base: "./", logLevel: "error" } as const;
    await build({ ...config, build: { outDir } });
    // What the example asks to be put beside it, by the server, whose headers its threads need.
    symlinkSync(resolve("node_modules/onnxruntime-web/dist"), join(outDir, "ort"));
    symlinkSync(join(built, "models"), join(outDir, "models"));
    const { page } = await served.open({ path: "with-vite/index.html" });
    await page.locator("input").setInputFiles([await picture(3)]);
    await until(
      page,
      () => document.querySelector("samsr-compare")!.shadowRoot!.querySelector("img")!.naturalWidth === 96,
      undefined,
    );
  });

  it("finds out how an ONNX file of somebody else's takes pictures; keeps a dropped one till told to forget", {
    timeout: LONG,
  }, async () => {
    const { page } = await served.open();
    const lq = o.input("lq", [1, 3, 64, 64]);
    const weights = Float32Array.from({ length: 36 }, (_, i) => Number(i % 3 === Math.floor(i / 12)));
    const hr = o.pixelShuffle(o.conv(lq, o.constant(weights, [12, 3, 1, 1])), 2);
    const file = { name: "twice.onnx", mimeType: "", buffer: Buffer.from(o.toModel({ hr }).bytes) };
    await page.locator("#settings summary").click();
    await page.locator("#model-file").setInputFiles([file]);
    await chosen(page, "twice.onnx");
    await page.locator("[name=scale]").selectOption("2");
    await page.locator("#files").setInputFiles([await picture(2)]);
    await ended(page, 1);
    const lines = () => page.locator("#queue li .state").allTextContents();
    expect((await lines())[0]).toMatch(/^24\s×\s24 to 48\s×\s48 in/);

    const damaged = { name: "mine.safetensors", mimeType: "", buffer: Buffer.from("{}{}{}{}{}{}{}") };
    await page.locator("#model-file").setInputFiles([damaged]);
    await chosen(page, "mine.safetensors");
    await page.locator("#files").setInputFiles([await picture(2)]);
    await ended(page, 2);
    expect((await lines())[1]).toMatch(/^mine\.safetensors/);
    await page.reload();
    await page.locator("#settings summary").click();
    await page.getByRole("button", { name: /^Remove mine/ }).click();
    await page.getByRole("button", { name: /^Remove twice/ }).click();
    await until(page, () => document.querySelectorAll("[name=model] option").length === 1, undefined);
  });

  it("takes both files of an ncnn network, at work with another, and goes on when they are removed", {
    timeout: LONG,
  }, async () => {
    const { page } = await served.open();
    await page.locator("#files").setInputFiles([await picture(1, 64)]);
    await page.waitForSelector("#queue li.working");
    const dropped = await page.evaluateHandle(() => {
      const transfer = new DataTransfer();
      const text = `7767517
3 3
Input        in    0 1 data
Convolution  conv  1 1 data big 0=12 1=1 5=0 6=36
PixelShuffle out   1 1 big output 0=2`;
      // A tag of four bytes says that numbers of 32 bits follow: each colour to four places.
      const numbers = new Float32Array(37);
      for (let out = 0; out < 12; out++) numbers[1 + 3 * out + Math.floor(out / 4)] = 1;
      transfer.items.add(new File([numbers], "twice.bin"));
      transfer.items.add(new File([text], "twice.param"));
      return transfer;
    });
    await page.locator("#stage").dispatchEvent("drop", { dataTransfer: dropped });
    await chosen(page, "twice.param");
    expect(await states(page)).toEqual(["working"]);
    await page.locator("#settings summary").click();
    await page.locator("[name=scale]").selectOption("2");
    await page.locator("#files").setInputFiles([await picture(2)]);
    await ended(page, 2);
    const lines = () => page.locator("#queue li .state").allTextContents();
    expect((await lines())[0]).toMatch(/^64\s×\s64 to 256\s×\s256 in/);
    expect((await lines())[1]).toMatch(/^24\s×\s24 to 48\s×\s48 in/);
    await page.locator("#files").setInputFiles([await picture(3, 192), await picture(4)]);
    await page.waitForSelector("#queue li:nth-child(3).working");
    await page.getByRole("button", { name: /^Remove twice\.param, 0\.0 MiB/ }).click();
    await until(page, () => document.querySelectorAll("[name=model] option").length === 1, undefined);
    await ended(page, 4);
    await page.getByRole("button", { name: /^picture1\.png/ }).click();
    for (let i = 0; i < 2; i++) {
      await page.getByRole("button", { name: "Enlarge again" }).click();
      await page.getByRole("button", { name: "Cancel: picture1.png" }).click();
    }
    await page.getByRole("button", { name: "Enlarge again" }).click();
    await ended(page, 4);
    expect(await states(page)).toEqual(["done", "done", "done", "done"]);
    expect((await lines())[0]).toMatch(/^64\s×\s64 to 128\s×\s128 in/);
  });

  it("works without the server from the second visit on", { timeout: LONG }, async () => {
    const { page, strangers } = await served.open({ serviceWorker: true });
    await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
    await page.waitForFunction(() =>
      caches.keys().then(async ([name]) => (await (await caches.open(name!)).keys()).length >= 15),
    );
    await served.stopServer();
    await page.reload();
    await page.locator("#files").setInputFiles([await picture(1)]);
    await ended(page, 1);
    expect(await states(page)).toEqual(["done"]);
    expect(strangers).toEqual([]);
  });
});

describe("what a page loads", () => {
  it("is small, and has nothing of training or Node", async () => {
    const output = bundled();
    const packed = output.reduce((sum, code) => sum + gzipSync(code).length, 0);
    expect(packed).toBeLessThan(300 * 1024);
    for (const code of output) {
      expect(code).not.toMatch(/\bsharp\b.*libvips|onnxruntime-node|createTrainer|new AdamW/);
    }
  });
});

/** Our code of the page, without ONNX Runtime's and what pages without a bundler load. */
function bundled(): string[] {
  const files = readdirSync(built, { recursive: true, encoding: "utf8" });
  const ours = files.filter((file) => file.endsWith(".js") && !/ort\.|^samsr|^plain\./.test(file));
  expect(ours.length).toBeGreaterThan(2);
  return ours.map((file) => readFileSync(join(built, file), "utf8"));
}
