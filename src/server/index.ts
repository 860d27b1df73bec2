/**
 * A server: pictures come in by HTTP, wait on disk, are enlarged in processes of their own, and are fetched.
 * `serve` puts the parts together; `http/` is what clients see, `jobs/` what is kept, `runner/` where
 * pictures are enlarged. Nothing here is loaded by any other command.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../base/errors.js";
import { LockedError, whileLocked } from "../base/lock.js";
import { createApp } from "./http/app.js";
import { openModels } from "./http/asked.js";
import { openJobs } from "./jobs/jobs.js";
import { openJobStore } from "./jobs/store.js";
import { type ApiKey, readKeys } from "./keys.js";
import { createMetrics } from "./metrics.js";
import { QUEUE_PACKAGES, withPackages } from "./packages.js";
import type { Executor } from "./runner/executor.js";
import { createPool } from "./runner/pool.js";
import type { ServeSettings } from "./settings.js";
import type { Bucket } from "./store/bucket.js";

const LOOPBACK = ["127.0.0.1", "::1", "localhost"];

/**
 * Serves until the signal aborts, and then until the work under way is done or its time is over.
 * @param listening told the address once requests are answered
 * @throws SamsrError for settings that make no sense, a folder in use, a port that is taken
 */
export async function serve(
  settings: ServeSettings,
  options: { version: string; signal: AbortSignal; listening: (address: string) => void },
): Promise<void> {
  const { data, host } = settings;
  const keys = settings.keys === undefined ? [] : await readKeys(settings.keys);
  if (keys.length === 0 && !settings.open && !LOOPBACK.includes(host)) {
    throw new SamsrError(
      `host ${host} can be reached from other machines: name a file of keys, or say open to serve without`,
    );
  }
  await mkdir(data, { recursive: true, mode: 0o700 });
  try {
    await whileLocked(join(data, "server.lock"), { what: data, doing: "served" }, undefined, () =>
      run(settings, keys, options),
    );
  } catch (error) {
    if (!(error instanceof LockedError)) throw error;
    throw new SamsrError(`${data} is in use by another server; name another folder for this one`);
  }
}

/** Processes of this machine, or workers that share a queue. */
async function openExecutor(settings: ServeSettings): Promise<Executor> {
  if (settings.queue === undefined) return createPool(settings);
  const { createRemote } = await withPackages(QUEUE_PACKAGES, () => import("./queue/remote.js"));
  return createRemote(settings, "jobs");
}

/** Opens the bucket in which pictures lie, where there is one. */
async function openBucket({ store, queue }: ServeSettings): Promise<Bucket | undefined> {
  if (store === undefined) return undefined;
  if (queue === undefined)
    throw new SamsrError("a store goes with a queue, whose workers fetch pictures there");
  const { openStore } = await withPackages(QUEUE_PACKAGES, () => import("./queue/exchange.js"));
  return openStore(store);
}

async function run(
  settings: ServeSettings,
  keys: readonly ApiKey[],
  { version, signal, listening }: Parameters<typeof serve>[1],
): Promise<void> {
  const models = openModels(settings.model);
  await models.find(settings.model);
  const store = await openJobStore(settings.data, await openBucket(settings));
  const executor = await openExecutor(settings);
  const metrics = createMetrics(() => ({ ...jobs.facts(), memory: executor.memory() }));
  const jobs = await openJobs(store, executor, settings, metrics.over);
  const app = await createApp({ settings, jobs, store, models, keys, metrics, version });
  try {
    listening(await app.listen({ host: settings.host, port: settings.port }));
  } catch (error) {
    await jobs.drain(0);
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? "another program listens there" : message;
    throw new SamsrError(`cannot listen on ${settings.host}:${settings.port}: ${why}; choose another port`);
  }
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  await jobs.drain(settings.drainSeconds);
  await app.close();
}
