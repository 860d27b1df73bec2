/** The words that `samsr models pull` and `samsr metrics pull` share. */
import type { Command } from "commander";

export interface PullArguments {
  readonly from?: string;
  readonly overwrite?: boolean;
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const help = `
HTTPS_PROXY, HTTP_PROXY and NO_PROXY are obeyed. SAMSR_MIRROR is as --from.
An interrupted download goes on where it stopped.`;

/**
 * Adds the options of {@link PullArguments} to a command, and their help.
 * @param names the help's first line: what can be named
 * @param them "it" or "them", of what is fetched
 */
export function withPullWords(command: Command, names: string, them: string): Command {
  return command
    .option(
      "--from <url>",
      "another address: of the file, or ending in / of a folder with the published names",
    )
    .option("--overwrite", `fetch ${them} again`)
    .option("--json", "print one JSON document")
    .option("--quiet", "print nothing but errors")
    .addHelpText("after", `\n${names}${help}`);
}
