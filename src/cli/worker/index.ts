/** The words of `samsr worker`. */
import type { Command } from "commander";
import { WORKER_WORDS } from "../../server/settings.js";
import { described, type Surroundings } from "../options.js";
import type { WorkerArguments } from "./arguments.js";

const workerHelp = `
A worker enlarges the pictures that servers and "samsr upscale --queue" put into the queue. Any number of
them may run, on any machine that sees the folder --data as the server sees it. Every option can also be a
variable of the environment (--queue: SAMSR_QUEUE).

Example:
  samsr serve --queue redis://localhost:6379 --data /srv/samsr
  samsr worker --queue redis://localhost:6379 --data /srv/samsr`;

export function defineWorker(program: Command, { interrupts, done }: Surroundings): void {
  const command = program
    .command("worker")
    .summary("enlarge what a server's queue holds")
    .description("Takes pictures from a queue in Redis and enlarges them.");
  for (const [name, one] of Object.entries(WORKER_WORDS)) command.addOption(described(name, one));
  command.addHelpText("after", workerHelp).action(async (options: WorkerArguments) => {
    const { workerCommand } = await import("./run.js");
    done(await workerCommand(options, interrupts));
  });
}
