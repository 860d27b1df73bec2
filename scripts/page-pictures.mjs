/**
 * node scripts/page-pictures.mjs FOLDER: pictures of the page as visitors see it (empty, compared, with
 * semantics, settings, at work; on a phone, in the dark), after "npm run web" has built it. Chromium is
 * needed (SAMSR_CHROMIUM names another).
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import sharp from "sharp";
import { preview } from "vite";

const [folder = "page-pictures"] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });
const server = await preview({ configFile: "web/vite.config.ts", logLevel: "error", preview: { port: 0 } });
const address = `http://127.0.0.1:${server.httpServer.address().port}/`;
const executablePath = process.env.SAMSR_CHROMIUM ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

/** One that takes a while, one that is none, and one that waits. */
const more = [
  { name: "harbour, larger.png", mimeType: "image/png", buffer: await larger() },
  { name: "letter.jpg", mimeType: "image/jpeg", buffer: Buffer.from("not a picture at all") },
  { name: "harbour, the whole series of the summer.png", mimeType: "image/png", buffer: await larger() },
];

function larger() {
  return sharp("examples/harbour.png").resize({ width: 640 }).toBuffer();
}

async function look(name, options) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  const picture = (what) => page.screenshot({ path: join(folder, `${name}-${what}.png`) });
  await page.goto(address);
  await picture("empty");
  await page.getByRole("button", { name: "Try the example" }).click();
  await page.waitForSelector("#queue li.done", { timeout: 240_000 });
  await page.waitForTimeout(500);
  await picture("compared");
  await page.getByRole("button", { name: "Semantics" }).click();
  await page.waitForSelector("samsr-compare[overlay]");
  await page.waitForTimeout(500);
  await picture("semantics");
  await page.getByRole("button", { name: "Semantics" }).click();
  await page.locator("#settings summary").click();
  await page.locator("#settings").scrollIntoViewIfNeeded();
  await picture("settings");
  await page.locator("#settings summary").click();
  await page.locator("#files").setInputFiles(more);
  await page.locator("#queue li.working .open").click({ timeout: 240_000 });
  await page.locator("#queue li.working .state", { hasText: /Tile [1-9]/ }).waitFor({ timeout: 240_000 });
  await page.locator("#queue").scrollIntoViewIfNeeded();
  await picture("working");
  await page.close();
}

await look("desktop", {});
await look("dark", { colorScheme: "dark" });
await look("phone", {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
});
await browser.close();
await server.close();
