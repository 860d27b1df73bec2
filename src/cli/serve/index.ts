/** The words of `samsr serve`. */
import type { Command } from "commander";
import { SERVE_WORDS } from "../../server/settings.js";
import { described, type Surroundings } from "../options.js";
import type { ServeArguments } from "./arguments.js";

const serveHelp = `
Every option can also be a variable of the environment (--body-limit: SAMSR_BODY_LIMIT) or a field of the
YAML file that --config names (bodyLimit). The command line counts first, then the environment, then the
file.

It listens on this machine alone unless --host says otherwise, and then wants --keys, a file of API keys.
SIGTERM lets the pictures under way end, a second one stops at once. What was accepted goes on at the next
start.

Examples:
  samsr serve
  curl --data-binary @photo.jpg "http://localhost:8080/v1/upscale?seed=7&format=png" -o large.png
  samsr serve --new-key shop >> keys.yaml
  samsr serve --host 0.0.0.0 --keys keys.yaml`;

export function defineServe(program: Command, { interrupts, done }: Surroundings): void {
  const command = program
    .command("serve")
    .summary("enlarge pictures over HTTP")
    .description("Serves samsr over HTTP: pictures in, enlarged pictures or jobs out.");
  for (const [name, one] of Object.entries(SERVE_WORDS)) command.addOption(described(name, one));
  command
    .option("--config <file>", "settings by name, in YAML")
    .option("--schema", "print the JSON Schema of that file, and end")
    .option("--new-key <name>", "print a new API key on standard error and its entry for --keys, and end")
    .option("--scopes <names>", "what the new key allows: submit, read, metrics (default: all)")
    .addHelpText("after", serveHelp)
    .action(async (options: ServeArguments) => {
      const { serveCommand } = await import("./run.js");
      done(await serveCommand(options, interrupts));
    });
}
