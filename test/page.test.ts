/**
 * The page as visitors have it: built, served, and driven in Chromium, which is skipped where there is none.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Page } from "playwright-core";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createRaster, decode, encode } from "../src/image/index.js";
import * as o from "../src/onnx/index.js";
import { chromium } from "./fixtures/chromium.js";
import { buildPage, reach, type ServedPage, serious, servePage } from "./fixtures/page.js";
import { tinyNetwork, writeSmallModel } from "./fixtures/small-model.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-page-"));
const LONG = 120_000;

/** A small photo-like picture, so that a test takes one tile. */
async function picture(seed: number, side = 24): Promise<{ name: string; mimeType: string; buffer: Buffer }> {
  const raster = createRaster(side, side, 3);
  for (let i = 0; i < raster.data.length; i++) raster.data[i] = 128 + 100 * Math.sin((i * (seed + 1)) / 40);
  const buffer = Buffer.from(await encode(raster, { format: "png" }));
  return { name: `picture${seed}.png`, mimeType: "image/png", buffer };
}

const states = (page: Page) =>
  page.locator("#queue li").evaluateAll((rows) => rows.map((row) => row.classList[0]));
const ended = (page: Page, count: number) =>
  page.waitForFunction(
    (n) => document.querySelectorAll("#queue li:is(.done, .failed, .cancelled)").length >= n,
    count,
    { timeout: LONG },
  );

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

beforeAll(buildPage, LONG);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(!chromium)("the page", () => {
  let served: ServedPage;
  beforeAll(async () => {
    served = await servePage();
  }, LONG);
  afterAll(() => served?.close());

  it("gives the picture that the command gives, asks no other host", {
    timeout: 2 * LONG,
  }, async () => {
    const { page, strangers } = await served.open();
    await page.getByRole("button", { name: "Try the example" }).click();
    await ended(page, 1);
    expect(await states(page)).toEqual(["done"]);
    expect(await apart(page, "examples/harbour.png", 1)).toBeLessThan(0.001);
    expect(strangers).toEqual([]);
  });

  it("comes to the same on WebGPU, by a driver without a GPU", { timeout: 2 * LONG }, async () => {
    // Most of the time goes into compiling shaders, of which this network has the same kinds, but fewer.
    const model = writeSmallModel(tinyNetwork);
    onTestFinished(() => rmSync(model, { recursive: true }));
    const { page } = await served.open({ gpu: true, instead: { "models/samsr-tiny/": model } });
    await page.locator("#settings summary").click();
    await page.locator("[name=device]").selectOption("webgpu");
    const small = await picture(1);
    const path = join(folder, small.name);
    writeFileSync(path, small.buffer);
    await page.locator("#files").setInputFiles(path);
    await ended(page, 1);
    expect(await page.locator("#queue li .state").textContent()).toMatch(/^24 × 24 to 96 × 96 in/);
    expect(await page.locator("#device").textContent()).toBe("WebGPU");
    expect(await apart(page, path, 2, "--model", model)).toBe(0);
  });

  it("says of each awkward file what is wrong with it, and does the others", { timeout: LONG }, async () => {
    const { page } = await served.open();
    const good = await picture(1);
    const huge = Buffer.from(good.buffer);
    huge.writeUInt32BE(20_000, 16);
    huge.writeUInt32BE(5001, 20);
    const cmyk = await sharp(good.buffer).toColourspace("cmyk").jpeg().toBuffer();
    const files = [
      { ...good, name: "cut.png", buffer: good.buffer.subarray(0, 60) },
      { name: "words.png", mimeType: "image/png", buffer: Buffer.from("not a picture at all") },
      { name: "empty.jpg", mimeType: "image/jpeg", buffer: Buffer.alloc(0) },
      { ...good, name: "huge.png", buffer: huge },
      {
        name: "drawing.svg",
        mimeType: "image/svg+xml",
        buffer: Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"),
      },
      { name: "cmyk.jpg", mimeType: "image/jpeg", buffer: cmyk },
      good,
    ];
    await page.locator("#files").setInputFiles(files);
    await ended(page, files.length);
    const lines = await page.locator("#queue li .state").allTextContents();
    expect(lines[0]).toMatch(/^cut\.png cannot be decoded/);
    expect(lines[1]).toMatch(/^words\.png is no picture/);
    expect(lines[2]).toMatch(/^empty\.jpg is empty/);
    expect(lines[3]).toMatch(/^huge\.png has 20000 x 5001 pixels/);
    expect(lines[4]).toMatch(/^drawing\.svg is an SVG drawing/);
    expect(await states(page)).toEqual(["failed", "failed", "failed", "failed", "failed", "done", "done"]);
    await page.getByRole("button", { name: /^cmyk\.jpg/ }).click();
    expect(await page.locator("#note").textContent()).toContain("is CMYK");
    for (const line of lines) expect(line).not.toMatch(/\n|undefined|TypeError/);
  });

  it("is used by the keyboard alone, gives up at once, and has nothing that a screen reader stumbles over", {
    timeout: LONG,
  }, async () => {
    const { page } = await served.open();
    expect(await serious(page)).toEqual([]);
    await reach(page, "Try the example");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#queue li.working");
    await reach(page, "Cancel: harbour.png");
    const pressed = Date.now();
    await page.keyboard.press("Enter");
    await page.waitForSelector("#queue li.cancelled");
    expect(Date.now() - pressed).toBeLessThan(3000);
    expect(await serious(page)).toEqual([]);
    await page.evaluate(() => {
      (document.activeElement as HTMLElement).blur();
    });
    await reach(page, "Before | After");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Home");
    expect(await page.locator("samsr-compare").getAttribute("position")).toBe("0");
    await page.keyboard.press("1");
    await page.keyboard.press("0");
  });

  it("is a script for pages without a bundler too", { timeout: LONG }, async () => {
    const small = await picture(3);
    const file = join(folder, "plain.png");
    writeFileSync(file, small.buffer);
    const { page } = await served.open({ path: "plain.html", instead: { "example.png": file } });
    await page.waitForFunction(() => document.querySelector("#line")!.textContent === "96 x 96", undefined, {
      timeout: LONG,
    });
  });

  it("finds out how an ONNX file of somebody else's takes pictures, and uses it", {
    timeout: LONG,
  }, async () => {
    const { page } = await served.open();
    const lq = o.input("lq", [1, 3, 64, 64]);
    const weights = Float32Array.from({ length: 36 }, (_, i) => Number(i % 3 === Math.floor(i / 12)));
    const hr = o.pixelShuffle(o.conv(lq, o.constant(weights, [12, 3, 1, 1])), 2);
    const file = { name: "twice.onnx", mimeType: "", buffer: Buffer.from(o.toModel({ hr }).bytes) };
    await page.locator("#settings summary").click();
    await page.locator("#model-file").setInputFiles([file]);
    await page.waitForFunction(
      () => document.querySelector<HTMLSelectElement>("[name=model]")!.value === "twice.onnx",
    );
    await page.locator("[name=scale]").selectOption("2");
    await page.locator("#files").setInputFiles([await picture(2)]);
    await ended(page, 1);
    expect(await page.locator("#queue li .state").textContent()).toMatch(/^24 × 24 to 48 × 48 in/);
  });

  it("keeps a model that is dropped, and forgets it when told", { timeout: LONG }, async () => {
    const { page } = await served.open();
    await page.locator("#settings summary").click();
    const damaged = { name: "mine.safetensors", mimeType: "", buffer: Buffer.from("{}{}{}{}{}{}{}") };
    await page.locator("#model-file").setInputFiles([damaged]);
    await page.waitForFunction(
      () => document.querySelector<HTMLSelectElement>("[name=model]")!.value === "mine.safetensors",
    );
    await page.locator("#files").setInputFiles([await picture(2)]);
    await ended(page, 1);
    expect(await page.locator("#queue li .state").textContent()).toMatch(/^mine\.safetensors/);
    await page.reload();
    await page.locator("#settings summary").click();
    await page.getByRole("button", { name: /^Remove mine/ }).click();
    await page.waitForFunction(() => document.querySelectorAll("[name=model] option").length === 1);
  });

  it("works without the server from the second visit on", { timeout: LONG }, async () => {
    const { page, strangers } = await served.open();
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
  const files = readdirSync("web/dist", { recursive: true, encoding: "utf8" });
  const ours = files.filter((file) => file.endsWith(".js") && !/ort\.|^samsr|^plain\./.test(file));
  expect(ours.length).toBeGreaterThan(2);
  return ours.map((file) => readFileSync(join("web/dist", file), "utf8"));
}
