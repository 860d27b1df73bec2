/** The words of `samsr evaluate`. */
import { type Command, Option } from "commander";
import { metricsHelp } from "../metric-options.js";
import { device, niqeModel, type Surroundings, threads, whole } from "../options.js";
import type { EvaluateArguments } from "./run.js";

const evaluateHelp = () => `
${metricsHelp()}

Metrics that compare need originals of the same names in the folder of --ref. NIQE's figures compare only
between the same --niqe-model: the default was fitted by this project to 400 photos, the authors' published
niqe_pris_params.npz is read too.

Examples:
  samsr evaluate --pred results --ref originals --metrics psnr,ssim,lpips
  samsr evaluate --pred results --ref originals --metrics all --json
  samsr evaluate --pred ours theirs --metrics niqe --niqe-model niqe_pris_params.npz --markdown`;

export function defineEvaluate(program: Command, { interrupts, done }: Surroundings): void {
  program
    .command("evaluate")
    .summary("measure folders of results")
    .description("Measures pictures that exist already, against originals or by themselves.")
    .requiredOption("--pred <folders...>", "folders of results, subfolders included")
    .option("--ref <folder>", "the originals, under the same names (endings may differ)")
    .option("--metrics <names>", "separated by commas, or all (default: those that need no weights)")
    .option("--border <n>", "pixels left out along every edge, by metrics that take a border", whole(0), 4)
    .addOption(niqeModel())
    .addOption(device())
    .addOption(threads())
    .addOption(new Option("--json", "print one JSON document").conflicts(["markdown", "csv"]))
    .addOption(new Option("--csv", "print a line for each picture").conflicts("markdown"))
    .option("--markdown", "print the table in Markdown")
    .option("--quiet", "print nothing but the table and errors")
    .addHelpText("after", evaluateHelp)
    .action(async (options: EvaluateArguments) => {
      const { evaluateCommand } = await import("./run.js");
      done(await evaluateCommand(options, interrupts.signal));
    });
}
