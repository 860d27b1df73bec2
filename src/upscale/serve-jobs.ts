/** Jobs of a thread: pictures that are enlarged there one after the other, whichever thread runs networks. */
import type { createQueue } from "../base/promises.js";
import type { UpscalingModel } from "../checkpoints/description.js";
import type { Raster } from "../image/raster.js";
import type { RowsSink } from "../image/tiles.js";
import type { CallContext, ThreadFunctions } from "../runtime/index.js";
import type { SourceNetworks } from "../semantics/index.js";
import { type EnlargedRaster, type EnlargementFacts, enlarge, enlargeInRows } from "./enlarge.js";
import type { Runner } from "./runner.js";
import type { ResolvedSettings } from "./settings.js";

/** A picture that is to be enlarged. */
export interface Job {
  readonly raster: Raster;
  readonly settings: ResolvedSettings;
}

/** A picture that is to be enlarged in a thread that has no networks. */
export interface LentJob extends Job {
  readonly model: UpscalingModel;
  readonly device: string;
  /** One end of a channel, at whose other end networks are lent. */
  readonly lent: MessagePort;
}

/** What a thread answers to that does jobs. */
export interface JobFunctions<J extends Job> extends ThreadFunctions {
  upscale(job: J, context: CallContext): Promise<EnlargedRaster>;
  /** Hands over the rows of the result as rasters one below the other. */
  upscaleInRows(job: J, context: CallContext): Promise<EnlargementFacts>;
}

/** What a job's walk is given beside the picture. */
interface Opened {
  readonly runner: Runner;
  readonly networks: SourceNetworks;
  readonly device: string;
  /** Frees what the walk has; it is called when that has ended. */
  close?(): void;
}

/**
 * Bytes of rows that may wait for who takes them, more than what one row of tiles makes of a photo of 8
 * megapixels: the network goes on while they are written, and waits where it is the faster.
 */
const MOST_BYTES_WAITING = 2 ** 25;

/** Makes the functions of jobs. @param openFor opens what a job needs, in its turn */
export function serveJobs<J extends Job>(
  inTurn: ReturnType<typeof createQueue>,
  openFor: (job: J, context: CallContext) => Opened,
): JobFunctions<J> {
  const walk = <T>(job: J, context: CallContext, work: (opened: Opened) => Promise<T>) =>
    inTurn(async () => {
      const opened = openFor(job, context);
      try {
        return await work(opened);
      } finally {
        opened.close?.();
      }
    });
  return {
    upscale: (job, context) =>
      walk(job, context, async ({ runner, networks, device }) => {
        const of = { ...context, ...networks };
        const result = await enlarge(job.raster, job.settings, runner, device, of);
        return context.transfer(result, [bufferOf(result.raster), ...buffersOf(result)]);
      }),
    upscaleInRows: (job, context) =>
      walk(job, context, async ({ runner, networks, device }) => {
        const { raster, settings } = job;
        const { onRows, allTaken } = handingOver(
          { width: runner.kind.scale * raster.width, channels: raster.channels },
          context,
        );
        const result = await enlargeInRows(
          raster,
          settings,
          runner,
          device,
          { ...context, ...networks },
          onRows,
        );
        await allTaken();
        return context.transfer(result, buffersOf(result));
      }),
  };
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
