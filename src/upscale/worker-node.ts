/** The worker thread of an upscaler in Node: a model of the store, whose weights stay in their file. */
import type { UpscalingModel } from "../checkpoints/index.js";
import type { InstalledModel } from "../checkpoints/store/index.js";
import { chooseDevice, loadBackend } from "../runtime/devices.js";
import type { Device } from "../runtime/index.js";
import { openNetworks } from "../semantics/sources/installed.js";
import { openKeptSessions } from "./kept-sessions.js";
import { kindOf } from "./kinds/index.js";
import { findPart, findUpscalingModel } from "./model.js";
import { type OpenedModel, serveUpscaler } from "./serve-upscaler.js";
import { createSessions } from "./sessions.js";

interface OpenArguments {
  readonly model: InstalledModel<UpscalingModel>;
  readonly device: Device | "auto";
  readonly threads?: number;
  readonly sam?: string;
  readonly coverage?: string;
  readonly cache?: boolean;
}

/** What `open` will be called with, as far as it is known before the model is found. */
export interface ExpectedArguments extends Omit<OpenArguments, "model"> {
  /** Name of an installed model, the folder of one, or a file of weights. */
  readonly model: string;
}

/** The model that was opened before it was asked for, and the arguments that it is for. */
let ahead: Promise<{ readonly args: string; readonly opened: OpenedModel } | undefined> | undefined;

/** The arguments as a text, which tells whether two are the same. */
const textOf = ({ model, device, threads, sam, coverage, cache }: OpenArguments) =>
  JSON.stringify([model, device, threads, sam, coverage, cache]);

async function open(args: OpenArguments): Promise<OpenedModel> {
  const { model, threads, sam, coverage, cache } = args;
  const backend = await loadBackend(undefined, args.device);
  const device = await chooseDevice(args.device, backend);
  const of = { name: model.description.name, kind: kindOf(model.description) };
  const weights = (part: string, detail?: number) => findPart(model, part, detail);
  const kept = device === "cpu" && cache !== false ? await openKeptSessions(model, backend) : undefined;
  const sessions = createSessions(of, weights, { device, threads }, kept);
  await sessions.check();
  return { sessions, networks: openNetworks({ sam, coverage, cache, device, threads }), device };
}

async function openAhead(expected: ExpectedArguments) {
  const args = { ...expected, model: await findUpscalingModel(expected.model) };
  const opened = await open(args);
  await opened.sessions.begin();
  return { args: textOf(args), opened };
}

async function openOnce(args: OpenArguments): Promise<OpenedModel> {
  const found = await ahead;
  ahead = undefined;
  if (found?.args === textOf(args)) return found.opened;
  await found?.opened.sessions.release();
  return open(args);
}

export const functions = serveUpscaler(openOnce, async (expected?: ExpectedArguments) => {
  // What fails here fails again, and is told, where the model is opened.
  if (expected) ahead = openAhead(expected).catch(() => undefined);
  await ahead;
});
