/** The words of `samsr compare`. */
import type { Command } from "commander";
import { metricsHelp } from "../metric-options.js";
import { addMethodOptions, limit, model, niqeModel, type Surroundings, withPresetSeed } from "../options.js";
import type { CompareArguments } from "./run.js";

const compareHelp = () => `
Enlarges every picture of the folders by every method, and writes OUT/METHOD/PICTURE.png, OUT/scores.md,
OUT/scores.json and OUT/index.html, a page that needs nothing but the pictures beside it: all results in
rows, and any two under a slider.

Methods: bicubic, bicubic-catmull-rom, samsr, sinsr, resshift, with a number of steps where it is not their
own, as in resshift-1. --with adds results that another program made of the same pictures, under the same
names. With --ref, the originals, metrics that compare are measured too; a picture too small for one that
does not has none.

${metricsHelp()}

Examples:
  samsr compare photos -o comparison
  samsr compare photos --methods bicubic,samsr,resshift-15 --with other=results/ -o comparison
  samsr compare small --ref originals --methods bicubic,samsr -o comparison`;

export function defineCompare(program: Command, { interrupts, done }: Surroundings): void {
  const command = program
    .command("compare")
    .summary("run several methods, and make a page of the results")
    .description("Enlarges pictures by several methods; writes the results, a table and a page to look at.")
    .argument("<folders...>", "folders of pictures to enlarge, subfolders included")
    .requiredOption("-o, --out <folder>", "where everything goes")
    .option(
      "--methods <names>",
      "separated by commas (default: bicubic,samsr,sinsr; of a latent model, its own)",
    )
    .option("--with <name=folder...>", "results of another program, four times as large")
    .option("--ref <folder>", "the originals, under the same names (endings may differ)")
    .option("--metrics <names>", "separated by commas, or all (default: those that need no weights)")
    .addOption(niqeModel())
    .addOption(limit("pictures"))
    .addOption(model());
  addMethodOptions(command)
    .option("--overwrite", "replace files that exist")
    .option("--quiet", "print nothing but the table and errors")
    .addHelpText("after", compareHelp)
    .action(async (folders: string[], options: CompareArguments, self: Command) => {
      const { compareCommand } = await import("./run.js");
      done(await compareCommand(folders, withPresetSeed(options, self), interrupts.signal));
    });
}
