import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WriteStream } from "node:tty";
import { afterEach, describe, expect, it, vi } from "vitest";
import { SamsrError } from "../base/errors.js";
import { BUNDLED } from "../checkpoints/store/index.js";
import { listModelsCommand } from "./models/list.js";
import { showCommand } from "./models/show.js";
import { createProgressBar } from "./progress.js";
import { printError } from "./report.js";
import { createReporter } from "./reporter.js";

const HOSTILE = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202ered";
const ACTS = /(?![\n\t])[\p{Cc}\p{Bidi_Control}]/u;

const folder = mkdtempSync(join(tmpdir(), "samsr-print-"));
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

/** What is written to both streams meanwhile. */
async function written(work: () => unknown): Promise<string> {
  let text = "";
  for (const name of ["stdout", "stderr"] as const) {
    vi.spyOn(process[name], "write").mockImplementation((words) => {
      text += words;
      return true;
    });
  }
  await work();
  vi.restoreAllMocks();
  return text;
}

describe("what the command prints", () => {
  it("goes through one place", () => {
    const files = readdirSync("src", { recursive: true, encoding: "utf8" });
    const writing = files.filter((file) => {
      if (!/\.ts$/.test(file) || /\.test\.ts$/.test(file)) return false;
      return /process\.std(out|err)\.write|console\.(log|error|warn|info)/.test(
        readFileSync(join("src", file), "utf8"),
      );
    });
    // Two more write nothing but words of their own: a child's answer to its parent, and that Ctrl-C has
    // come.
    expect(writing.map((file) => file.replaceAll("\\", "/")).sort()).toEqual([
      "cli/interrupt.ts",
      "cli/streams.ts",
      "runtime/backend-node.ts",
    ]);
  });

  it("has nothing in it that a terminal would act on, whatever a file is called", async () => {
    const reporter = createReporter({});
    const text = await written(() => {
      reporter.say(`${HOSTILE}.png -> ${HOSTILE}`);
      printError(new SamsrError(`${HOSTILE} is not a picture`), HOSTILE);
      printError(Object.assign(new Error("x"), { code: "EACCES", path: HOSTILE }));
      vi.stubEnv("SAMSR_DEBUG", "1");
      printError(new Error(HOSTILE));
    });
    expect(text).toContain("]0;owned");
    expect(text).not.toMatch(ACTS);
  });

  it("nor whatever a model says of itself", async () => {
    vi.stubEnv("SAMSR_HOME", folder);
    const model = join(folder, "models", "m");
    mkdirSync(model, { recursive: true });
    const description = JSON.parse(readFileSync(join(BUNDLED, "samsr-tiny", "model.json"), "utf8"));
    const words = { summary: HOSTILE, licence: HOSTILE, source: HOSTILE };
    writeFileSync(join(model, "model.json"), JSON.stringify({ ...description, ...words }));
    writeFileSync(join(model, "CARD.md"), `# A card\n\n\tof ${HOSTILE}`);
    const damaged = join(folder, "models", `bad${HOSTILE.replace(/[/\\:]/g, "")}`);
    mkdirSync(damaged);
    const text = await written(async () => {
      await listModelsCommand({});
      await showCommand("m", {});
    });
    expect(text).toContain("\n\tof \ufffd]0;owned");
    expect(text).not.toMatch(ACTS);
    const json = await written(() => showCommand("m", { json: true }));
    expect(json).not.toMatch(ACTS);
    expect(JSON.parse(json)).toMatchObject(words);
  });

  it("nor in the progress bar, but for its own codes", () => {
    let text = "";
    const stream = { isTTY: true, columns: 200, write: (words: string) => (text += words) };
    const bar = createProgressBar(stream as unknown as WriteStream, true);
    bar.file(HOSTILE, "1/2");
    bar.update({ stage: "tiles", done: 2, total: 2 });
    expect(text).toContain("owned");
    expect(text.replaceAll("\r", "").replaceAll("\x1b[K", "")).not.toMatch(ACTS);
  });
});
