/** What routes are given. */
import type { Jobs } from "../jobs/jobs.js";
import type { JobStore } from "../jobs/store.js";
import type { ApiKey, KeyScope } from "../keys.js";
import type { Metrics } from "../metrics.js";
import type { ServeSettings } from "../settings.js";
import type { Models } from "./asked.js";

export interface ServerParts {
  readonly settings: ServeSettings;
  readonly jobs: Jobs;
  readonly store: JobStore;
  readonly models: Models;
  /** None: whoever reaches the server may do everything. */
  readonly keys: readonly ApiKey[];
  readonly metrics: Metrics;
  readonly version: string;
}

declare module "fastify" {
  interface FastifyRequest {
    /** The name of the key that asks. */
    owner: string;
  }
  interface FastifyContextConfig {
    /** What the key must allow; left out, none is needed. */
    scope?: KeyScope;
  }
}
