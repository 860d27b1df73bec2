/** What the command line of `samsr serve` says, already of the right types. */
import type { ServeSaid } from "../../server/settings.js";

export interface ServeArguments extends ServeSaid {
  readonly config?: string;
  readonly newKey?: string;
  readonly scopes?: string;
  readonly schema?: boolean;
}
