/** The worker thread of an upscaler in Node: a model of the store, whose weights stay in their file. */
import type { UpscalingModel } from "../checkpoints/index.js";
import type { InstalledModel } from "../checkpoints/store/index.js";
import { chooseDevice, loadBackend } from "../runtime/devices.js";
import type { Device } from "../runtime/index.js";
import { openNetworks } from "../semantics/sources/installed.js";
import { openKeptSessions } from "./kept-sessions.js";
import { kindOf } from "./kinds/index.js";
import { findPart } from "./model.js";
import { serveUpscaler } from "./serve-upscaler.js";
import { createSessions } from "./sessions.js";

interface OpenArguments {
  readonly model: InstalledModel<UpscalingModel>;
  readonly device: Device | "auto";
  readonly threads?: number;
  readonly sam?: string;
  readonly coverage?: string;
  readonly cache?: boolean;
}

export const functions = serveUpscaler(async (args: OpenArguments) => {
  const { model, threads, sam, coverage, cache } = args;
  const backend = await loadBackend(undefined, args.device);
  const device = await chooseDevice(args.device, backend);
  const of = { name: model.description.name, kind: kindOf(model.description) };
  const weights = (part: string, detail?: number) => findPart(model, part, detail);
  const kept = device === "cpu" && cache !== false ? await openKeptSessions(model, backend) : undefined;
  const sessions = createSessions(of, weights, { device, threads }, kept);
  await sessions.check();
  return { sessions, networks: openNetworks({ sam, coverage, cache, device, threads }), device };
});
