/** The page of `samsr serve`, driven in Chromium, which is skipped where there is none. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { chromium } from "./fixtures/chromium.js";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import { ended, launch, openPage, reach, serious } from "./fixtures/page.js";
import { type Serving, serving } from "./fixtures/server.js";
import { writeSmallModel } from "./fixtures/small-model.js";

const LONG = 120_000;
const folder = temporaryFolder();
const { path } = folder;
const model = writeSmallModel();

describe.skipIf(!chromium)("the page of a server", () => {
  let server: Serving;
  let key: string;
  let browser: Browser;
  beforeAll(async () => {
    await drawing({ width: 32, height: 24 }).png().toFile(path("photo.png"));
    writeFileSync(path("words.png"), "not a picture at all, but longer than its format needs to be told");
    const { stdout, stderr } = await samsr(["serve", "--new-key", "visitor", "--scopes", "submit,read"]);
    writeFileSync(path("keys.yaml"), stdout);
    key = stderr.trim().split(" ").at(-1)!;
    const words = ["--model", model, "--threads", "1", "--data", path("data"), "--log", "error"];
    server = await serving([...words, "--keys", path("keys.yaml")]);
    browser = await launch();
  }, LONG);
  afterAll(async () => {
    await browser?.close();
    await server?.stop("SIGKILL");
    folder.remove();
    rmSync(model, { recursive: true, force: true });
  });

  async function open() {
    const opened = await openPage(`${server.address}/`, { browser });
    onTestFinished(opened.close);
    return opened;
  }
  const giveKey = async (page: Page, given = key) => {
    await page.getByLabel("API key").fill(given);
    await page.keyboard.press("Enter");
  };

  it("takes what is dropped, and gives what the command makes of it", { timeout: LONG }, async () => {
    const { page, strangers } = await open();
    await page.getByRole("dialog", { name: "This server asks for a key" }).waitFor();
    expect(await serious(page)).toEqual([]);
    await giveKey(page, "nonsense");
    await page.getByText("The server does not know this key.").waitFor();
    await giveKey(page);
    await page.locator("#device", { hasText: "The server is free" }).waitFor();

    const bytes = [...readFileSync(path("photo.png"))];
    const dropped = await page.evaluateHandle((data) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([new Uint8Array(data)], "photo.png", { type: "image/png" }));
      return transfer;
    }, bytes);
    await page.locator("#empty").dispatchEvent("drop", { dataTransfer: dropped });
    await ended(page, 1);
    expect(await page.locator("#queue li .state").textContent()).toMatch(/^128\s×\s96 in [\d.]+\ss$/);
    expect(await serious(page)).toEqual([]);

    await page.waitForFunction(() => {
      const images = document.querySelector("samsr-compare")!.shadowRoot!.querySelectorAll("img");
      return [...images].filter(({ naturalWidth }) => [32, 128].includes(naturalWidth)).length === 2;
    });
    await reach(page, "Before | After");
    await page.keyboard.press("Home");
    expect(await page.locator("samsr-compare").getAttribute("position")).toBe("0");

    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Download", exact: true }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("photo_x4.png");
    await download.saveAs(path("page.png"));
    const words = ["upscale", path("photo.png"), "-o", path("command.png"), "--model", model];
    expect(await samsr([...words, "--scale", "4", "--masks", "regions"])).toMatchObject({ code: 0 });
    expect(Buffer.compare(readFileSync(path("page.png")), readFileSync(path("command.png")))).toBe(0);
    expect(strangers).toEqual([]);

    // Nothing of the key is kept beyond the tab.
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(key);
    // Another visit of the tab finds the job again, and may take it away.
    await page.reload();
    await ended(page, 1);
    await page.getByRole("button", { name: "Remove: photo.png" }).click();
    await page.locator("#empty").waitFor();
    await page.reload();
    await page.locator("#device", { hasText: "The server is free" }).waitFor();
    expect(await page.locator("#queue li").count()).toBe(0);
  });

  it("says what is wrong with a file, and gives one up by the keyboard", { timeout: LONG }, async () => {
    const { page } = await open();
    await giveKey(page);
    await page.locator("#files").setInputFiles([path("words.png")]);
    await ended(page, 1);
    expect(await page.locator("#queue li .state").textContent()).toMatch(
      /^words\.png is not a picture that samsr/,
    );
    // Requests that are not answered keep the photo in the queue.
    await page.route("**/v1/upscale*", () => {});
    await page.locator("#files").setInputFiles([path("photo.png")]);
    await page.getByText("Sending").first().waitFor();
    await reach(page, "Cancel: photo.png");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#queue li.cancelled");
    expect(await serious(page)).toEqual([]);
  });
});
