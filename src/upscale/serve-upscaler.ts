/**
 * The inner half of an upscaler, in its worker thread: a model that was opened, and jobs that are done one
 * after the other. Node's worker and a browser's differ only in how they open a model.
 */
import { createQueue } from "../base/promises.js";
import type { Raster } from "../image/raster.js";
import type { RowsSink } from "../image/tiles.js";
import { loadBackend } from "../runtime/devices.js";
import { native } from "../runtime/gate.js";
import { type CallContext, type Device, serveThread } from "../runtime/index.js";
import type { SourceNetworks } from "../semantics/index.js";
import { type EnlargedRaster, type EnlargementFacts, enlarge, enlargeInRows } from "./enlarge.js";
import type { Sessions } from "./sessions.js";
import type { ResolvedSettings } from "./settings.js";

/** A model that is ready for pictures. */
export interface OpenedModel {
  readonly sessions: Sessions;
  /** What masks may ask. */
  readonly networks: SourceNetworks & { release(): Promise<void> };
  readonly device: Device;
}

/**
 * Bytes of rows that may wait for who takes them, more than what one row of tiles makes of a photo of 8
 * megapixels: the network goes on while they are written, and waits where it is the faster.
 */
const MOST_BYTES_WAITING = 2 ** 25;

/** What the thread of an upscaler answers to. */
export interface UpscalerFunctions<A, Ahead = undefined> {
  /** Loads what runs networks, and what `ahead` loads, before the model is opened; it may be left out. */
  load(args: Ahead): Promise<void>;
  /** Opens the model; called once, before all else. */
  open(args: A): Promise<{ device: Device }>;
  upscale(
    args: { raster: Raster; settings: ResolvedSettings },
    context: CallContext,
  ): Promise<EnlargedRaster>;
  /** Hands over the rows of the result as rasters one below the other. */
  upscaleInRows(
    args: { raster: Raster; settings: ResolvedSettings },
    context: CallContext,
  ): Promise<EnlargementFacts>;
  /** Answers when all jobs before it have ended. */
  idle(args?: undefined): Promise<void>;
  /** Frees the sessions, after the jobs under way. */
  close(args?: undefined): Promise<void>;
  // biome-ignore lint/suspicious/noExplicitAny: as ThreadFunctions has it
  [name: string]: (args: any, context: CallContext) => unknown;
}

/**
 * Serves an upscaler in this worker thread; call it once, at the top of the worker's module.
 * @param ahead does what can be done before the model is opened
 */
export function serveUpscaler<A, Ahead = undefined>(
  open: (args: A) => Promise<OpenedModel>,
  ahead?: (args: Ahead) => Promise<void>,
): UpscalerFunctions<A, Ahead> {
  let opened: OpenedModel | undefined;
  // Two jobs at once would only share the cores, and need the memory of both.
  const inTurn = createQueue();
  return serveThread<UpscalerFunctions<A, Ahead>>({
    async load(args) {
      await native(() => loadBackend());
      await ahead?.(args);
    },
    async open(args) {
      opened = await open(args);
      return { device: opened.device };
    },
    upscale: ({ raster, settings }, context) =>
      inTurn(async () => {
        const { sessions, networks, device } = opened!;
        const result = await enlarge(raster, settings, sessions, device, { ...context, ...networks });
        return context.transfer(result, [bufferOf(result.raster), ...buffersOf(result)]);
      }),
    upscaleInRows: ({ raster, settings }, context) =>
      inTurn(async () => {
        const { sessions, networks, device } = opened!;
        const { onRows, allTaken } = handingOver(
          { width: sessions.kind.scale * raster.width, channels: raster.channels },
          context,
        );
        const of = { ...context, ...networks };
        const result = await enlargeInRows(raster, settings, sessions, device, of, onRows);
        await allTaken();
        return context.transfer(result, buffersOf(result));
      }),
    idle: () => inTurn(async () => {}),
    close: () =>
      inTurn(async () => {
        await opened?.sessions.release();
        await opened?.networks.release();
      }),
  });
}

/** Makes what hands rows over to the caller, and tells when it has them all. */
function handingOver(
  { width, channels }: Pick<Raster, "width" | "channels">,
  context: CallContext,
): { readonly onRows: RowsSink; allTaken(): Promise<unknown> } {
  const waiting: { readonly bytes: number; readonly taken: Promise<void> }[] = [];
  let bytesWaiting = 0;
  return {
    async onRows(_, rows) {
      const data = rows.slice();
      const part: Raster = { width, height: data.length / (width * channels), channels, data };
      waiting.push({ bytes: data.byteLength, taken: context.handOver(part, [bufferOf(part)]) });
      bytesWaiting += data.byteLength;
      while (bytesWaiting > MOST_BYTES_WAITING) {
        const { bytes, taken } = waiting.shift()!;
        await taken;
        bytesWaiting -= bytes;
      }
      await context.checkpoint();
    },
    allTaken: () => Promise.all(waiting.map(({ taken }) => taken)),
  };
}

function bufferOf({ data }: Raster): ArrayBuffer {
  return data.buffer as ArrayBuffer;
}

function buffersOf({ trace = [] }: EnlargementFacts): ArrayBuffer[] {
  return trace.flatMap(({ x, x0 }) => (x0 ? [x, x0] : [x])).map(bufferOf);
}
