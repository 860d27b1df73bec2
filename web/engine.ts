/**
 * The queue's work: while one photo is in the network the next is decoded and the last is encoded, each in a
 * worker, so that the page itself only shows what they tell.
 */
import { once } from "../src/base/promises.js";
import {
  createUpscaler,
  type DeviceTrial,
  defaultThreads,
  type ModelSource,
  type PageFormat,
  type PagePicture,
  pageFormatLike,
  startPictureThread,
  tryDevices,
  type WebUpscaler,
} from "../src/web/index.js";
import { type FileItem, leftOf, lineOf, resultName, shareOf } from "./item.js";
import type { KeptModel } from "./models.js";
import type { Engine, EngineEvents } from "./page.js";
import { words } from "./words.js";

export interface Settings {
  readonly scale: number;
  readonly masks: "regions" | "network" | "none";
  readonly format: "same" | PageFormat;
  readonly quality?: number;
  readonly seed: number;
  /** 0 is faithful, 1 sharp; left out where the model's own is wanted. */
  readonly detail?: number;
  readonly device: "auto" | "cpu" | "webgpu";
  /** A model that the visitor gave; left out for the bundled one. */
  readonly model?: KeptModel;
}

export interface OwnEngineEvents extends EngineEvents<FileItem> {
  settings(): Settings;
  /** A line about the device, and the times of those that were tried. */
  device(line: string, trials: readonly DeviceTrial[]): void;
  /** The model's own detail; undefined where it has no ends to choose between. */
  detail(standard: number | undefined): void;
}

export interface OwnEngine extends Engine<FileItem> {
  readonly threads: number;
  /** The address of a picture of how many regions cover each pixel of a photo. */
  semantics(item: FileItem): Promise<string>;
}

/** A model's files as an upscaler takes them. */
const filesOf = ({ files }: KeptModel) => (files.length === 1 ? files[0]! : files);

/** Where the server has ONNX Runtime's files. */
const RUNTIME = "ort/";

export function createEngine(events: OwnEngineEvents): OwnEngine {
  const waiting: FileItem[] = [];
  const pictures = startPictureThread();
  const threads = defaultThreads();
  // Once for all photos; a trial that failed is made again for the next.
  const trials = once(() => tryDevices({ threads, runtime: RUNTIME }));
  let opened: { key: string; upscaler: Promise<WebUpscaler> } | undefined;
  let running: Promise<void> | undefined;
  let ahead: { item: FileItem; picture: Promise<PagePicture> } | undefined;

  const update = (item: FileItem, change: Partial<FileItem>) => {
    Object.assign(item, change);
    events.changed(item);
  };

  async function fastest(): Promise<"cpu" | "webgpu"> {
    events.device(words.trying, []);
    const found = await trials();
    return (
      found.find(({ available, milliseconds }) => available && milliseconds !== undefined)?.device ?? "cpu"
    );
  }

  /** The upscaler of these settings; another model or device ends the last one. */
  async function upscalerFor({ device, model }: Settings): Promise<WebUpscaler> {
    // One of the same name may have come in its place.
    const files = model?.files.map(({ name, lastModified }) => `${name} ${lastModified}`) ?? [];
    const key = [device, ...files].join("/");
    if (opened?.key === key) return opened.upscaler;
    const last = opened;
    const open = async () => {
      await last?.upscaler.then((upscaler) => upscaler.close()).catch(() => {});
      const chosen = device === "auto" ? await fastest() : device;
      const source: ModelSource = model ? filesOf(model) : "models/samsr-tiny/";
      const upscaler = await createUpscaler({
        model: source,
        device: chosen,
        threads,
        runtime: RUNTIME,
        onChange(change) {
          events.note(change);
          void showDevice();
        },
      });
      const showDevice = async () =>
        events.device(words.chip(upscaler.device, threads), (await trials.begun()) ?? []);
      await showDevice();
      return upscaler;
    };
    const upscaler = open();
    opened = { key, upscaler };
    upscaler.catch(() => {
      if (opened?.upscaler === upscaler) opened = undefined;
    });
    return upscaler;
  }

  const decode = (item: FileItem) => pictures.call("decode", { file: item.file, name: item.file.name });

  /** The pixels of a photo, which may have been read while the last was in the network. */
  async function pixelsOf(item: FileItem): Promise<PagePicture> {
    const early = ahead?.item === item ? ahead.picture : undefined;
    if (early) ahead = undefined;
    return early ?? decode(item);
  }

  function readAhead(): void {
    const next = waiting[0];
    if (!next || ahead) return;
    ahead = { item: next, picture: decode(next) };
    ahead.picture.catch(() => {});
  }

  /** Takes one photo through the network. @returns what is left to do: encoding */
  async function enlarge(item: FileItem, abort: AbortController): Promise<() => Promise<void>> {
    const began = performance.now();
    const update = updaterOf(item, abort);
    update({ state: "working", line: words.reading, share: 0 });
    const settings = events.settings();
    const picture = await pixelsOf(item);
    abort.signal.throwIfAborted();
    update({ line: words.starting });
    const upscaler = await upscalerFor(settings);
    abort.signal.throwIfAborted();
    readAhead();
    const { scale, masks, seed, detail } = settings;
    events.detail(upscaler.detail);
    const started = performance.now();
    const { raster } = await upscaler.upscale(
      picture.raster,
      {
        scale,
        ...(upscaler.diffuses && { masks, seed }),
        ...(upscaler.detail !== undefined && detail !== undefined && { detail }),
      },
      {
        signal: abort.signal,
        onProgress(progress) {
          const share = shareOf(progress);
          const seconds = (performance.now() - started) / 1000;
          update({ share, line: lineOf(progress) + leftOf(share, seconds) });
        },
      },
    );
    return async () => {
      update({ share: 0.97, line: words.encoding });
      const format = settings.format === "same" ? pageFormatLike(picture.metadata.format) : settings.format;
      const options = {
        format,
        metadata: picture.metadata,
        ...(settings.quality && { quality: settings.quality }),
      };
      // Handed over, not copied: copying tens of megabytes would stall the page.
      const transfer = [raster.data.buffer as ArrayBuffer];
      const encoded = await pictures.call("encode", { raster, options }, { transfer });
      abort.signal.throwIfAborted();
      const file = new File([encoded.file], resultName(item.name, `x${scale}`, format), {
        type: encoded.file.type,
      });
      const { width, height } = picture.raster;
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      if (item.result?.address) URL.revokeObjectURL(item.result.address);
      update({
        state: "done",
        share: 1,
        line: words.done(words.size(width, height), words.size(raster.width, raster.height), seconds),
        result: { file, address: URL.createObjectURL(file) },
        warnings: [...picture.warnings, ...encoded.warnings],
        abort: undefined,
      });
    };
  }

  /** Changes a photo for as long as this piece of work is its own, and was not given up. */
  const updaterOf = (item: FileItem, abort: AbortController) => (change: Partial<FileItem>) => {
    if (item.abort === abort) update(item, change);
  };

  const failed = (item: FileItem, abort: AbortController) => (error: unknown) => {
    const line = error instanceof Error ? error.message : String(error);
    updaterOf(item, abort)({ state: "failed", line, share: 0, abort: undefined });
  };

  async function run(): Promise<void> {
    let encoding: Promise<void> = Promise.resolve();
    for (let item = waiting.shift(); item; item = waiting.shift()) {
      const one = item;
      const abort = new AbortController();
      one.abort = abort;
      const encode = await enlarge(one, abort).catch(failed(one, abort));
      // One result at a time waits to be written, so memory stays that of two photos.
      await encoding;
      encoding = encode ? encode().catch(failed(one, abort)) : Promise.resolve();
    }
    await encoding;
  }

  return {
    threads,
    add(items) {
      waiting.push(...items);
      for (const item of items) update(item, { state: "waiting", line: words.waiting, share: 0 });
      running ??= run().finally(() => {
        running = undefined;
      });
    },
    cancel(item) {
      const at = waiting.indexOf(item);
      if (at >= 0) waiting.splice(at, 1);
      if (ahead?.item === item) ahead = undefined;
      item.abort?.abort();
      if (item.state === "done" || item.state === "failed") return;
      update(item, { state: "cancelled", line: words.cancelled, share: 0, abort: undefined });
    },
    async semantics(item) {
      if (!item.semantics) {
        const { raster } = await decode(item);
        const image = await pictures.call("coverage", { raster });
        const canvas = new OffscreenCanvas(image.width, image.height);
        canvas.getContext("2d")!.putImageData(image, 0, 0);
        item.semantics = URL.createObjectURL(await canvas.convertToBlob());
      }
      return item.semantics;
    },
    get busy() {
      return running !== undefined;
    },
  };
}
