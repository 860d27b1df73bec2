/**
 * The thread of Node in which large pictures walk, while the thread of their upscaler does nothing but run
 * networks: here is all that comes before and after these, masks, noise, confining and blending.
 */
import { createQueue } from "../base/promises.js";
import { serveThread } from "../runtime/index.js";
import { kindOf } from "./kinds/index.js";
import { runnerElsewhere } from "./runner.js";
import { type LentJob, serveJobs } from "./serve-jobs.js";

export const functions = serveThread(
  serveJobs<LentJob>(createQueue(), ({ model, device, lent }) => {
    const { runner, networks, close } = runnerElsewhere(lent, { name: model.name, kind: kindOf(model) });
    return { runner, networks, device, close: () => void close() };
  }),
);
