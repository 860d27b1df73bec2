/** The words of `samsr metrics` and its subcommands. */
import type { Command } from "commander";
import { type PullArguments, withPullWords } from "../models/pull-words.js";
import type { Surroundings } from "../options.js";
import { UsageError } from "../report.js";
import type { AddMetricsArguments } from "./add.js";

const help = `
Weights of metrics lie beside the models: in SAMSR_HOME/metrics where that is set, else
~/.local/share/samsr/metrics on Linux. Their licences are their authors'.`;

const pullNames = `NAME is a metric, or one of its files of weights as "samsr metrics list" calls it.`;

export function defineMetrics(program: Command, { interrupts, done }: Surroundings): void {
  const metrics = program
    .command("metrics")
    .summary("list metrics, and add or fetch their weights")
    .description("Lists the metrics and the published weights that they need; the subcommands install these.")
    .addHelpText("after", help);

  metrics
    .command("list", { isDefault: true })
    .description("list the metrics, their weights, and where these are published")
    .allowExcessArguments()
    .option("--json", "print one JSON document")
    .action(async (options: { json?: boolean }, { args: words }: Command) => {
      if (words.length > 0) throw new UsageError(`unknown command 'metrics ${words[0]}'`);
      const { listMetricsCommand } = await import("./list.js");
      done(await listMetricsCommand(options));
    });

  metrics
    .command("add")
    .description(
      "add published weights (.pth, .pt, TorchScript, .safetensors); what each is, its tensors tell",
    )
    .argument("<files...>", "files of weights, each by itself")
    .option("--as <name>", "which weights a file holds, where its tensors and its name leave that open")
    .option("--overwrite", "replace what is installed")
    .option("--json", "print one JSON document")
    .option("--quiet", "print nothing but errors")
    .action(async (files: string[], options: AddMetricsArguments) => {
      const { addMetricsCommand } = await import("./add.js");
      done(await addMetricsCommand(files, options, interrupts));
    });

  const pull = metrics
    .command("pull")
    .description("fetch the weights of metrics from where their authors publish them")
    .argument("<names...>", "metrics, or files of weights");
  withPullWords(pull, pullNames, "them").action(async (names: string[], options: PullArguments) => {
    const { pullMetricsCommand } = await import("./pull.js");
    done(await pullMetricsCommand(names, options, interrupts));
  });
}
