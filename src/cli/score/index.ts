/** The words of `samsr score`. */
import { type Command, Option } from "commander";
import { metricsHelp } from "../metric-options.js";
import {
  addMethodOptions,
  limit,
  model,
  niqeModel,
  type Surroundings,
  whole,
  withPresetSeed,
} from "../options.js";
import type { ScoreArguments } from "./run.js";

const scoreHelp = () => `
Every photo is made small by one stated degradation, enlarged again by each method, and compared with what
it was, by PSNR and SSIM of the luma or the metrics that are named; 4 pixels of border are left out by those
that take a border. What a method has over bicubic is counted photo by photo, with its standard error. The
first metric ranks.

Methods: bicubic (always there), bicubic-catmull-rom, and samsr, sinsr and resshift, with a number of steps
where it is not their own, as in resshift-1. One step of samsr and sinsr is the student's, everything else
the teacher's.

${metricsHelp()}

In JSON, null stands for a number that is infinite or unknown.

Examples:
  samsr score photos --limit 20 --crop 256
  samsr score photos --methods samsr,resshift-15 --pictures strips --markdown > scores.md`;

export function defineScore(program: Command, { interrupts, done }: Surroundings): void {
  const command = program
    .command("score")
    .summary("measure methods on photos")
    .description("Measures how well methods bring back photos that were made small, and ranks them.")
    .argument("<folders...>", "folders of photos, subfolders included")
    .addOption(model())
    .option("--methods <names>", "separated by commas (default: bicubic,samsr,sinsr,resshift-1,resshift-15)")
    .option("--metrics <names>", "separated by commas, or all", "psnr,ssim")
    .addOption(niqeModel())
    .addOption(limit())
    .option("--crop <n>", "only a square of this side from the centre of each photo", whole(32));
  addMethodOptions(command)
    .option("--pictures <folder>", "write strips to look at: input, results, original")
    .option("--strips <n>", "how many of them", whole(1), 8)
    .option("--overwrite", "replace strips that exist")
    .addOption(new Option("--json", "print one JSON document").conflicts("markdown"))
    .option("--markdown", "print the table in Markdown")
    .option("--quiet", "print nothing but the table and errors")
    .addHelpText("after", scoreHelp)
    .action(async (folders: string[], options: ScoreArguments, self: Command) => {
      const { scoreCommand } = await import("./run.js");
      done(await scoreCommand(folders, withPresetSeed(options, self), interrupts.signal));
    });
}
