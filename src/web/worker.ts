/** The worker thread of an upscaler in a page. */
import type { UpscalingModel } from "../checkpoints/index.js";
import { chooseDevice, loadBackend } from "../runtime/devices.js";
import type { Device } from "../runtime/index.js";
import { useRuntimeFiles } from "../runtime/runtime-files.js";
import { kindOf } from "../upscale/kinds/index.js";
import { serveUpscaler } from "../upscale/serve-upscaler.js";
import { createSessions } from "../upscale/sessions.js";
import { createPageCoverage, type PageModel, weightsOf } from "./model.js";

/** What the worker is opened with. */
export interface OpenArguments {
  readonly model: PageModel<UpscalingModel>;
  readonly device: Device | "auto";
  readonly threads: number;
  /** The folder of a coverage network. */
  readonly coverage: string;
  /** The folder of ONNX Runtime's files. */
  readonly runtime?: string;
}

export const functions = serveUpscaler(async (args: OpenArguments) => {
  const { model, threads, coverage } = args;
  useRuntimeFiles(args.runtime);
  const device = await chooseDevice(args.device, await loadBackend(undefined, args.device));
  const of = { name: model.description.name, kind: kindOf(model.description) };
  const { detail } = kindOf(model.description);
  const files = detail && new Map<string, Promise<Blob>>();
  const weights = (part: string, at?: number) => weightsOf(model, part, at, files);
  const sessions = createSessions(of, weights, { device, threads });
  await sessions.check();
  return { sessions, networks: createPageCoverage(coverage, { device, threads }), device };
});
