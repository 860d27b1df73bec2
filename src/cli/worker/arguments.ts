/** What the command line of `samsr worker` says, already of the right types. */
import type { Said } from "../../base/words.js";
import type { WORKER_WORDS } from "../../server/settings.js";

export type WorkerArguments = Said<typeof WORKER_WORDS>;
