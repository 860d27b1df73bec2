/**
 * The inner half of an upscaler, in its worker thread: a model that was opened, and jobs that are done one
 * after the other. Node's worker and a browser's differ only in how they open a model.
 */
import { createQueue } from "../base/promises.js";
import type { Raster } from "../image/raster.js";
import { loadBackend } from "../runtime/devices.js";
import { native } from "../runtime/gate.js";
import { type CallContext, type Device, serveThread } from "../runtime/index.js";
import type { SourceNetworks } from "../semantics/index.js";
import { type EnlargedRaster, enlarge } from "./enlarge.js";
import type { Sessions } from "./sessions.js";
import type { ResolvedSettings } from "./settings.js";

/** A model that is ready for pictures. */
interface OpenedModel {
  readonly sessions: Sessions;
  /** What masks may ask. */
  readonly networks: SourceNetworks & { release(): Promise<void> };
  readonly device: Device;
}

/** What the thread of an upscaler answers to. */
export interface UpscalerFunctions<A> {
  /** Loads what runs networks, ahead of the model; it may be left out. */
  load(args?: undefined): Promise<void>;
  /** Opens the model; called once, before all else. */
  open(args: A): Promise<{ device: Device }>;
  upscale(
    args: { raster: Raster; settings: ResolvedSettings },
    context: CallContext,
  ): Promise<EnlargedRaster>;
  /** Frees the sessions, after the jobs under way. */
  close(args?: undefined): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: as ThreadFunctions has it
  [name: string]: (args: any, context: CallContext) => unknown;
}

/** Serves an upscaler in this worker thread; call it once, at the top of the worker's module. */
export function serveUpscaler<A>(open: (args: A) => Promise<OpenedModel>): UpscalerFunctions<A> {
  let opened: OpenedModel | undefined;
  // Two jobs at once would only share the cores, and need the memory of both.
  const inTurn = createQueue();
  return serveThread<UpscalerFunctions<A>>({
    load: async () => void (await native(() => loadBackend())),
    async open(args) {
      opened = await open(args);
      return { device: opened.device };
    },
    upscale: ({ raster, settings }, context) =>
      inTurn(async () => {
        const { sessions, networks, device } = opened!;
        const result = await enlarge(raster, settings, sessions, device, { ...context, ...networks });
        const moments = result.trace ?? [];
        const rasters = [result.raster, ...moments.flatMap(({ x, x0 }) => (x0 ? [x, x0] : [x]))];
        const buffers = rasters.map(({ data }) => data.buffer as ArrayBuffer);
        return context.transfer(result, buffers);
      }),
    close: () =>
      inTurn(async () => {
        await opened?.sessions.release();
        await opened?.networks.release();
      }),
  });
}
