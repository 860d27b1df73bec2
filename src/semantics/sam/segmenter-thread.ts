/**
 * A segmenter in a thread of its own, so that the caller's stays free while the network runs. For Node only.
 */
import type { Raster } from "../../image/raster.js";
import { startThread } from "../../runtime/index.js";
import type { SamOptions } from "./options.js";
import type { Segmenter, SegmenterOptions } from "./segmenter.js";
import type { functions } from "./segmenter-worker.js";
import type { FindContext, Generated } from "./types.js";

/** A segmenter in a thread of its own. */
interface ThreadedSegmenter extends Segmenter {
  /**
   * Finds the masks of a picture, which is copied into the thread.
   * @param picture 8-bit RGB
   * @param context.signal aborting rejects at once; the thread stops after the batch of points under way
   */
  masksOf(
    picture: Raster,
    options?: SamOptions,
    context?: Pick<FindContext, "progress"> & { readonly signal?: AbortSignal },
  ): Promise<Generated>;
  /** Frees the network and ends the thread. */
  release(): Promise<void>;
}

/** Starts a segmenter's thread. Release it when done; an idle one does not keep the process alive. */
export function startSegmenter(options: SegmenterOptions = {}): ThreadedSegmenter {
  const thread = startThread<typeof functions>(new URL("./segmenter-worker.js", import.meta.url));
  const opening = thread.call("open", options);
  opening.catch(() => {});
  return {
    async masksOf(picture, samOptions, context = {}) {
      await opening;
      const onProgress = (value: unknown) => context.progress?.(value as { done: number; total: number });
      return thread.call("masksOf", { picture, options: samOptions }, { signal: context.signal, onProgress });
    },
    async release() {
      await thread.call("close", undefined).catch(() => {});
      await thread.close();
    },
  };
}
