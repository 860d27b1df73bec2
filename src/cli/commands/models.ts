/** The words of `samsr models`. */
import type { Command } from "commander";
import type { ModelsArguments } from "../models.js";
import type { Surroundings } from "../options.js";

export function defineModels(program: Command, { done }: Surroundings): void {
  program
    .command("models")
    .summary("list the installed models, or print a model's card")
    .description("Lists the installed models with their licences; with a name, prints that model's card.")
    .argument("[name]", "an installed model, or a model's folder")
    .option("--json", "print one JSON document, cards included")
    .action(async (name: string | undefined, options: ModelsArguments) => {
      const { modelsCommand } = await import("../models.js");
      done(await modelsCommand(name, options));
    });
}
