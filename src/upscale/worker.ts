/**
 * The worker thread of an upscaler in Node: the sessions live here, and jobs are done one after the other.
 */
import { createQueue } from "../base/promises.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import type { InstalledModel } from "../checkpoints/store/index.js";
import type { Raster } from "../image/raster.js";
import { chooseDevice, loadBackend } from "../runtime/devices.js";
import { type CallContext, type Device, serveThread } from "../runtime/index.js";
import { type OpenNetworks, openNetworks } from "../semantics/sources/installed.js";
import { enlarge } from "./enlarge.js";
import { kindOf } from "./kinds/index.js";
import { findWeights } from "./model.js";
import { createSessions, type Sessions } from "./sessions.js";
import type { ResolvedSettings } from "./settings.js";

let opened: { sessions: Sessions; networks: OpenNetworks; device: Device } | undefined;

/** Two jobs at once would only share the cores, and need the memory of both. */
const inTurn = createQueue();

export const functions = serveThread({
  /** Reads the model and settles on a device. */
  async open(args: {
    model: InstalledModel<UpscalingModel>;
    device: Device | "auto";
    threads?: number;
    sam?: string;
    coverage?: string;
    cache?: boolean;
  }) {
    const { model, threads, sam, coverage, cache } = args;
    const device = await chooseDevice(args.device, await loadBackend(undefined, args.device));
    const of = { name: model.description.name, kind: kindOf(model.description) };
    const sessions = createSessions(of, (part) => findWeights(model, part), { device, threads });
    await sessions.check();
    opened = { sessions, networks: openNetworks({ sam, coverage, cache, device, threads }), device };
    return { device };
  },

  upscale: (args: { raster: Raster; settings: ResolvedSettings }, context: CallContext) =>
    inTurn(async () => {
      const { sessions, networks, device } = opened!;
      const result = await enlarge(args.raster, args.settings, sessions, device, {
        ...context,
        ...networks,
      });
      return context.transfer(result, [result.raster.data.buffer as ArrayBuffer]);
    }),

  close: () =>
    inTurn(async () => {
      await opened?.sessions.release();
      await opened?.networks.release();
    }),
});
