/**
 * The upscalers that a batch is divided between. Two threads of a network wait for each other at each of its
 * layers, which is much of the time where pictures are small: two networks of half of the threads each make
 * more of them. A picture of several tiles takes all threads, and needs the memory of both.
 */
import { availableParallelism } from "node:os";
import { unlessAborted } from "../../base/abort.js";
import type { OpenedPicture } from "../../image/index.js";
import { createUpscaler, type Upscaler } from "../../upscale/index.js";
import { kindOf } from "../../upscale/kinds/index.js";
import type { UpscaleRun } from "./job.js";

/** Pictures from which on a second network is worth making. */
const ENOUGH_PICTURES = 16;

/** A picture that an upscaler has taken. */
export interface UnderWay<T> {
  /** Resolves when the upscaler may take the next one: false when it may itself be what has failed. */
  readonly freed: Promise<boolean>;
  /** Resolves when the picture is done, or has failed. */
  readonly ended: Promise<T>;
}

interface Lane {
  readonly threads?: number;
  /** Rejects where the model cannot be opened, once somebody asks. */
  upscaler: Promise<Upscaler>;
  /** Resolves when it may take a picture: of those before it one at most is still encoded. */
  free: Promise<Lane>;
  /** Resolves when the picture that it has taken last is done. */
  ended: Promise<unknown>;
}

/** Where the pictures of a batch are enlarged. */
export interface Lanes {
  /** Resolves when another picture may be taken. */
  free(): Promise<unknown>;
  /**
   * Gives a picture to an upscaler, which begins with it.
   * @throws what opening the upscaler throws; the signal's reason
   */
  give<T>(picture: OpenedPicture, begin: (upscaler: Upscaler) => UnderWay<T>): Promise<void>;
  /** Closes the upscalers, after what is under way. */
  close(): Promise<void>;
}

/** Starts loading the model for so many pictures. Its failure waits for the first of them. */
export function openLanes(batch: UpscaleRun, pictures: number): Lanes {
  const { signal } = batch;
  const threads = batch.options.threads ?? availableParallelism();
  let isDivided = pictures >= ENOUGH_PICTURES && threads > 1 && isLight(batch);
  const half = isDivided ? Math.floor(threads / 2) : undefined;
  let lanes = [openLane(batch, half)];
  const free = () => Promise.race(lanes.map((lane) => lane.free));
  const close = async () => {
    for (const { upscaler } of lanes) await upscaler.then((opened) => opened.close()).catch(() => {});
  };

  /** Opens the second lane, or leaves one, as the picture and the device want it. */
  async function arrange(picture: OpenedPicture): Promise<void> {
    if (!isDivided) return;
    if (!(await isSmall(picture, batch))) {
      // Small ones that come later are not worth a change back.
      isDivided = false;
      await Promise.all(lanes.map((lane) => lane.free));
      await close();
      lanes = [openLane(batch)];
    } else if (lanes.length === 1) {
      const { device } = await unlessAborted(lanes[0]!.upscaler, signal);
      if (device === "cpu") lanes.push(openLane(batch, half));
      else isDivided = false;
    }
  }

  return {
    free,
    async give(picture, begin) {
      await arrange(picture);
      const lane = await free();
      const upscaler = await unlessAborted(lane.upscaler, signal);
      const { freed, ended } = begin(upscaler);
      const before = lane.ended;
      lane.ended = ended;
      lane.free = freed.then(async (isSound) => {
        await before;
        if (!isSound && !signal.aborted) {
          // It may be the thread that failed, and the next picture shall not suffer for it.
          await upscaler.close().catch(() => {});
          lane.upscaler = openUpscaler(batch, lane.threads);
        }
        return lane;
      });
    },
    close,
  };
}

function openLane(batch: UpscaleRun, threads?: number): Lane {
  const lane = { threads, upscaler: openUpscaler(batch, threads), ended: Promise.resolve() };
  const open: Lane = { ...lane, free: Promise.resolve().then(() => open) };
  return open;
}

/** Starts loading the model. Its failure waits until somebody asks. */
function openUpscaler({ options, model }: UpscaleRun, threads = options.threads): Promise<Upscaler> {
  const { device, sam, coverage, cache } = options;
  const upscaler = createUpscaler({ model, device, threads, sam, coverage, cache });
  upscaler.catch(() => {});
  return upscaler;
}

/**
 * Tells whether there is memory for two of a model: it denoises pixels, and no large network finds its masks.
 */
function isLight({ model, options }: UpscaleRun): boolean {
  const { diffusion, onePass } = kindOf(model.description);
  return diffusion !== undefined && onePass.length === 1 && options.masks !== "sam";
}

/** Tells whether a picture is a single one that fits one tile. */
async function isSmall(picture: OpenedPicture, { model, options }: UpscaleRun): Promise<boolean> {
  if (picture.pages > 1) return false;
  const { width, height } = await picture.page(0);
  return width * height <= (options.tile ?? kindOf(model.description).tile) ** 2;
}
