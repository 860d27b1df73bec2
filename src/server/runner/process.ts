/**
 * The process in which pictures are decoded, enlarged and encoded, so that what a decoder does to its process
 * it does to one picture. Started by pool.ts with its settings as its one argument. It goes the command's way
 * from file to file; while the network has one picture, the next may be decoded.
 */
import { describe } from "../../base/describe.js";
import { SamsrError } from "../../base/errors.js";
import { openPicture } from "../../image/index.js";
import {
  createUpscaler,
  type Progress,
  type UpscaleOptions,
  type Upscaler,
  upscaleToFile,
} from "../../upscale/index.js";
import { decodingOf, encodingOf, settingsOf } from "../../upscale/words.js";
import { bytesOfFile } from "../jobs/store.js";
import type { FromRunner, RunnerSettings, Task, ToRunner } from "./protocol.js";

const settings = JSON.parse(process.argv[2] ?? "{}") as RunnerSettings;

/** Milliseconds between two words on progress. */
const PAUSE = 100;

/** The model that is loaded; another one takes its place. */
let loaded: { readonly model: string; readonly upscaler: Promise<Upscaler> } | undefined;

const running = new Map<string, AbortController>();

function tell(message: FromRunner): void {
  process.send?.(message);
}

function upscalerFor(model: string): Promise<Upscaler> {
  if (loaded?.model === model) return loaded.upscaler;
  retire();
  const { threads, device } = settings;
  const upscaler = createUpscaler({ model, threads, device });
  upscaler.catch(retire);
  loaded = { model, upscaler };
  return upscaler;
}

/** Ends the process when what it is at is done. */
function retire(): void {
  void loaded?.upscaler.then((upscaler) => upscaler.close()).catch(() => {});
  loaded = undefined;
}

async function run({ id, input, output, name, asked }: Task): Promise<void> {
  const begun = performance.now();
  const controller = new AbortController();
  running.set(id, controller);
  const { signal } = controller;
  let told = 0;
  let begunUpscaling = false;
  const onProgress = (progress: Progress) => {
    begunUpscaling = true;
    if (performance.now() - told < PAUSE) return;
    told = performance.now();
    tell({ kind: "progress", id, progress });
  };
  try {
    const picture = await openPicture(input, {
      ...decodingOf({ ...settings, tolerant: asked.tolerant }),
      ...{ name, signal },
    });
    const options: UpscaleOptions = {
      ...{ ...settingsOf(asked), ...encodingOf(asked), masks: asked.masks, format: asked.format },
      ...{ upscaler: await upscalerFor(asked.model), onProgress, signal },
    };
    const { width, height, format, pages, warnings } = await upscaleToFile(picture, output, {
      ...options,
      overwrite: true,
    });
    const milliseconds = Math.round(performance.now() - begun);
    const bytes = await bytesOfFile(output);
    tell({ kind: "done", id, result: { width, height, format, pages, bytes, warnings, milliseconds } });
  } catch (error) {
    // It may be the thread that failed, and the next picture shall not suffer for it.
    if (begunUpscaling && !signal.aborted) retire();
    const status = error instanceof SamsrError ? 422 : 500;
    tell({ kind: "failed", id, problem: { status, detail: describe(error) } });
  } finally {
    running.delete(id);
  }
}

process.on("message", (message: ToRunner) => {
  if (message.kind === "run") void run(message.task);
  else running.get(message.id)?.abort(new SamsrError("it was cancelled"));
});
// Whoever started it is gone, and a thread inside native code must not keep it.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
// A terminal's Ctrl-C reaches it too; its server says when it is to end.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
