/**
 * The page in Chromium on WASM: squares in turns with Node, and with UpscalerJS's models in the same page; a
 * photo of 1,000 x 750 with the page's long tasks and memory; what a cancel takes; 50 photos in a queue.
 * UpscalerJS is installed into a temporary folder for this, which takes a network; without one it is left
 * out.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { extname, join, normalize } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";
import { build } from "vite";
import { encode, type Raster } from "../src/image/index.js";
import { createUpscaler } from "../src/upscale/index.js";
import { takeTurns, zip } from "./measure.js";
import { grainyPicture, ROOT } from "./picture.js";
import { type Bench, type Figure, figure } from "./report.js";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};

/** UpscalerJS's packages, at the versions that figures were taken with. */
const UPSCALER_JS = [
  "upscaler@1.0.0",
  "@upscalerjs/default-model@1.0.0",
  "@upscalerjs/esrgan-medium@1.0.0",
  "@tensorflow/tfjs@4.11.0",
];

/** Its models: what their script calls them, and where script and weights lie. */
const MODELS = {
  "default model (x 2)": [
    "DefaultUpscalerJSModel",
    "@upscalerjs/default-model/dist/umd/index.min.js",
    "@upscalerjs/default-model/models/model.json",
  ],
  "esrgan-medium (x 4)": [
    "ESRGANMedium4x",
    "@upscalerjs/esrgan-medium/dist/umd/models/esrgan-medium/src/x4/index.min.js",
    "@upscalerjs/esrgan-medium/models/x4/model.json",
  ],
} as const;

const SCRIPTS = ["@tensorflow/tfjs/dist/tf.min.js", "upscaler/dist/browser/umd/upscaler.min.js"];

export const bench: Bench = async ({ threads, rounds = 5 }) => {
  await build({ configFile: join(ROOT, "web/vite.config.ts"), logLevel: "error" });
  const packages = mkdtempSync(join(tmpdir(), "samsr-bench-page-"));
  const server = await serve({ "/npm/": `${packages}/node_modules/`, "/": `${ROOT}/web/dist/` });
  const browser = await chromium.launch({
    executablePath: process.env.SAMSR_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-dev-shm-usage"],
  });
  try {
    const figures = [
      ...(await squares(browser, server.address, threads, rounds)),
      ...(await upscalerJs(browser, server.address, packages)),
      ...(await largePhoto(browser, server.address)),
      ...(await cancels(browser, server.address, rounds)),
      ...(await queue(browser, server.address)),
    ];
    const about = `The page on WASM in Chromium ${browser.version()}, in turns with Node, ${threads} threads.`;
    return { about, figures };
  } finally {
    await browser.close();
    server.close();
    rmSync(packages, { recursive: true, force: true });
  }
};

/** Squares of three sizes, pixels to pixels, in turns with Node. */
async function squares(
  browser: Browser,
  address: string,
  threads: number,
  rounds: number,
): Promise<Figure[]> {
  const node = await createUpscaler({ model: `${ROOT}/models/samsr-tiny`, device: "cpu", threads });
  const page = await blank(browser, address);
  await page.evaluate(async (threads) => {
    const { createUpscaler } = await import(new URL("samsr.js", location.href).href);
    const options = { model: "models/samsr-tiny/", runtime: "ort/", device: "cpu", threads };
    Object.assign(globalThis, { upscaler: await createUpscaler(options) });
  }, threads);
  const figures: Figure[] = [];
  for (const side of [128, 256, 512]) {
    const picture = await grainyPicture(side, side);
    await give(page, picture);
    const times = await takeTurns(
      {
        node: () => node.upscale(picture),
        page: () =>
          page.evaluate(async () => {
            const { upscaler, picture } = globalThis as unknown as {
              upscaler: { upscale(picture: unknown): Promise<unknown> };
              picture: unknown;
            };
            await upscaler.upscale(picture);
          }),
      },
      { rounds, warmUp: 1 },
    );
    figures.push(
      figure(`${side} x ${side} in the page`, "ms", times.page),
      figure(`${side} x ${side} in Node`, "ms", times.node),
      figure(
        `${side} x ${side}, page to Node`,
        "ratio",
        zip((a, b) => a / b, times.page, times.node),
      ),
    );
  }
  await page.close();
  await node.close();
  return figures;
}

/** Leaves a raster in the page. */
async function give(page: Page, { width, height, data }: Raster): Promise<void> {
  const base64 = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
  await page.evaluate(
    ([base64, width, height]) => {
      const data = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
      Object.assign(globalThis, { picture: { width, height, channels: 3, data } });
    },
    [base64, width, height] as const,
  );
}

/** UpscalerJS's models on 128 x 128, by the backend that it chooses; nothing where it cannot be installed. */
async function upscalerJs(browser: Browser, address: string, folder: string): Promise<Figure[]> {
  try {
    const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-save", "--loglevel=error"];
    execFileSync("npm", ["install", "--prefix", folder, ...flags, ...UPSCALER_JS], { stdio: "ignore" });
  } catch {
    console.error("UpscalerJS cannot be installed here; it is left out.");
    return [];
  }
  const figures: Figure[] = [];
  const png = Buffer.from(await encode(await grainyPicture(128, 128), { format: "png" })).toString("base64");
  for (const [name, [global, script, weights]] of Object.entries(MODELS)) {
    const page = await blank(browser, address);
    for (const path of [...SCRIPTS, script]) await page.addScriptTag({ url: `${address}npm/${path}` });
    const { backend, times } = await page.evaluate(
      async ([global, path, png]) => {
        // biome-ignore lint/suspicious/noExplicitAny: scripts of others, without types here
        const { tf, Upscaler, [global]: model } = globalThis as any;
        await tf.ready();
        const own = typeof model === "function" ? model(tf) : model;
        const upscaler = new Upscaler({ model: { ...own, path } });
        const image = new Image();
        image.src = `data:image/png;base64,${png}`;
        await image.decode();
        const times: number[] = [];
        for (let round = -1; round < 3; round++) {
          const start = performance.now();
          const large = await upscaler.upscale(image, { output: "tensor" });
          await large.data();
          large.dispose();
          if (round >= 0) times.push(performance.now() - start);
        }
        return { backend: String(tf.getBackend()), times };
      },
      [global, `${address}npm/${weights}`, png] as const,
    );
    figures.push(figure(`128 x 128, UpscalerJS's ${name}, ${backend}`, "ms", times));
    await page.close();
  }
  return figures;
}

/** A photo of 1,000 x 750 in the page itself. */
async function largePhoto(browser: Browser, address: string): Promise<Figure[]> {
  const page = await open(browser, address);
  const memory = watchMemory();
  const large = await photo(1000, 750, "large.png");
  // What the page does while it loads is another matter.
  await page.evaluate(() => {
    (globalThis as unknown as { longTasks: number[] }).longTasks.length = 0;
  });
  const began = performance.now();
  await hand(page, [large]);
  await ended(page, 1);
  const milliseconds = performance.now() - began;
  const most = memory.end();
  const long = await page.evaluate(() => (globalThis as unknown as { longTasks: number[] }).longTasks);
  await page.close();
  return [
    figure("1,000 x 750, file to file in the page", "s", milliseconds / 1000),
    figure("tasks of the page over 50 ms meanwhile", "tasks", long.length),
    figure("the longest of them", "ms", Math.max(0, ...long)),
    figure("most memory of the page's process", "MB", most / 1e6),
  ];
}

/** Cancels, at least: of fewer the slowest tells little. */
const CANCELS = 10;

/** From a press on Cancel until the row says so, and until the worker in the middle of its tile has ended. */
async function cancels(browser: Browser, address: string, rounds: number): Promise<Figure[]> {
  const page = await open(browser, address);
  const rows: number[] = [];
  const workers: number[] = [];
  for (let round = 0; round < Math.max(rounds, CANCELS); round++) {
    await hand(page, [await photo(600, 450, `given-up-${round}.png`)]);
    await page.locator("#queue li.working .state", { hasText: "Tile" }).waitFor({ timeout: 120_000 });
    // Somewhere in a tile, which takes seconds.
    await page.waitForTimeout(100 + 40 * round);
    const taken = await page.evaluate(async () => {
      const row = document.querySelector("#queue li.working")!;
      const { terminate } = Worker.prototype;
      const ended = new Promise<number>((resolve) => {
        Worker.prototype.terminate = function () {
          terminate.call(this);
          Worker.prototype.terminate = terminate;
          resolve(performance.now());
        };
      });
      const start = performance.now();
      row.querySelector<HTMLButtonElement>(".small")!.click();
      while (!row.classList.contains("cancelled")) await new Promise((done) => setTimeout(done, 5));
      return { row: performance.now() - start, worker: (await ended) - start };
    });
    rows.push(taken.row);
    workers.push(taken.worker);
  }
  await page.close();
  return [
    figure("cancel while a tile is computed, until its row says so", "ms", rows),
    figure("the slowest of these", "ms", Math.max(...rows)),
    figure("until the worker of that tile has ended", "ms", workers),
    figure("the slowest of these", "ms", Math.max(...workers)),
  ];
}

/** 50 photos, handed over at once. */
async function queue(browser: Browser, address: string): Promise<Figure[]> {
  const page = await open(browser, address);
  const memory = watchMemory();
  const files = await Promise.all(Array.from({ length: 50 }, (_, i) => photo(96, 64, `photo-${i}.png`)));
  const began = performance.now();
  await hand(page, files);
  await ended(page, files.length);
  const seconds = (performance.now() - began) / 1000;
  const done = await page.locator("#queue li.done").count();
  await page.close();
  return [
    figure("50 photos of 96 x 64, all done", "s", seconds),
    figure("of them done", "photos", done),
    figure("most memory of the page's process with 50 photos", "MB", memory.end() / 1e6),
  ];
}

/** The page as visitors have it, which notes its long tasks. */
async function open(browser: Browser, address: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  await page.addInitScript(() => {
    const longTasks: number[] = [];
    Object.assign(globalThis, { longTasks });
    new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) longTasks.push(duration);
    }).observe({ type: "longtask" });
  });
  await page.goto(address);
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => {}));
  return page;
}

/** A page of the same origin with nothing in it. */
async function blank(browser: Browser, address: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${address}blank.html`);
  return page;
}

async function photo(width: number, height: number, name: string) {
  const buffer = Buffer.from(await encode(await grainyPicture(width, height), { format: "png" }));
  return { name, buffer };
}

/** Hands files to the page by their paths: bytes that the driver brings would be a long task of the page. */
async function hand(page: Page, files: readonly { name: string; buffer: Buffer }[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "samsr-bench-photos-"));
  page.once("close", () => rmSync(folder, { recursive: true }));
  const paths = files.map(({ name }) => join(folder, name));
  files.forEach(({ buffer }, i) => {
    writeFileSync(paths[i], buffer);
  });
  await page.locator("#files").setInputFiles(paths);
}

const ended = (page: Page, count: number) =>
  page.waitForFunction((n) => document.querySelectorAll("#queue li:is(.done, .failed)").length >= n, count, {
    timeout: 900_000,
  });

/** Notes the resident size of the largest renderer that this process has started, until it is ended. */
function watchMemory(): { end(): number } {
  let most = 0;
  const timer = setInterval(() => {
    const processes = new Map<number, { parent: number; renders: boolean; bytes: number }>();
    for (const name of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const [command, status] = ["cmdline", "status"].map((of) =>
          readFileSync(`/proc/${name}/${of}`, "utf8"),
        );
        const number = (of: string) => Number(new RegExp(`^${of}:\\s+(\\d+)`, "m").exec(status!)?.[1] ?? 0);
        const renders = command!.includes("--type=renderer");
        processes.set(Number(name), { parent: number("PPid"), renders, bytes: 1024 * number("VmRSS") });
      } catch {
        // It has ended meanwhile.
      }
    }
    const isOurs = (id: number): boolean =>
      id === process.pid || (processes.has(id) && isOurs(processes.get(id)!.parent));
    for (const [id, { renders, bytes }] of processes) if (renders && isOurs(id)) most = Math.max(most, bytes);
  }, 250);
  return {
    end() {
      clearInterval(timer);
      return most;
    },
  };
}

/** Serves folders by the beginning of the path, with the headers that threads need. */
async function serve(folders: Readonly<Record<string, string>>): Promise<{ address: string; close(): void }> {
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url!, "http://x").pathname);
    const [prefix, folder] = Object.entries(folders).find(([start]) => path.startsWith(start))!;
    const file = path === "/" ? "index.html" : path.slice(prefix.length);
    const body =
      file === "blank.html"
        ? "<!doctype html><title>blank</title>"
        : await readFile(join(folder, file)).catch(() => undefined);
    response.writeHead(body === undefined ? 404 : 200, {
      "content-type": TYPES[extname(file)] ?? "application/octet-stream",
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-embedder-policy": "require-corp",
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}/`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
