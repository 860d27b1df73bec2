/** A segmenter in a thread of its own, so that the caller's stays free while the network runs. For Node only. */
import type { Raster } from "../../image/raster.js";
import { startThread } from "../../runtime/index.js";
import type { SamOptions } from "./options.js";
import type { SegmenterOptions } from "./segmenter.js";
import type { functions } from "./segmenter-worker.js";
import type { Generated } from "./types.js";

export interface ThreadedSegmenter {
  /**
   * @param picture 8-bit RGB; copied
   * @param run.signal rejects at once; the thread stops after the batch of points under way
   */
  masksOf(
    picture: Raster,
    options?: SamOptions,
    run?: { onProgress?: (value: { done: number; total: number }) => void; signal?: AbortSignal },
  ): Promise<Generated>;
  close(): Promise<void>;
}

/** Close it when done; an idle one does not keep the process alive. */
export function startSegmenter(options: SegmenterOptions = {}): ThreadedSegmenter {
  const thread = startThread<typeof functions>(new URL("./segmenter-worker.js", import.meta.url));
  const opening = thread.call("open", options);
  opening.catch(() => {});
  return {
    async masksOf(picture, samOptions, { onProgress, signal } = {}) {
      await opening;
      const report = onProgress && ((value: unknown) => onProgress(value as { done: number; total: number }));
      return thread.call("masksOf", { picture, options: samOptions }, { signal, onProgress: report });
    },
    async close() {
      await thread.call("close", undefined).catch(() => {});
      await thread.close();
    },
  };
}
