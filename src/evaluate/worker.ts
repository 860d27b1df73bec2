/** The thread of a measurer: one call after the other. */
import { createQueue } from "../base/promises.js";
import { type CallContext, serveThread } from "../runtime/index.js";
import { type LocalOptions, openMetrics } from "./local-measurer.js";
import type { Pair } from "./metrics/index.js";

let opened: Awaited<ReturnType<typeof openMetrics>> | undefined;

const inTurn = createQueue();

export const functions = serveThread({
  async open(options: LocalOptions) {
    opened = await openMetrics(options);
  },
  measure: (pairs: readonly Pair[], { checkpoint, progress }: CallContext) =>
    inTurn(() => opened!.measure(pairs, { checkpoint, onMetric: progress })),
  close: () => inTurn(async () => opened?.release()),
});
