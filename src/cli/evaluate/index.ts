/** The words of `samsr evaluate`. */
import { type Command, Option } from "commander";
import { type Surroundings, whole } from "../options.js";
import type { EvaluateArguments } from "./run.js";

const evaluateHelp = `
PSNR and SSIM compare with originals of the same names in the folder of --ref; both are taken on luma. NIQE needs no
originals: it tells how far the statistics of a picture lie from those of good photos, and less is better. Its
figures compare only between the same --niqe-model: the default was fitted by this project to 400 photos, the
authors' published niqe_pris_params.npz is read too.

Examples:
  samsr evaluate --pred results --ref originals --metrics psnr,ssim,niqe
  samsr evaluate --pred ours theirs --metrics niqe --niqe-model niqe_pris_params.npz --markdown`;

export function defineEvaluate(program: Command, { interrupts, done }: Surroundings): void {
  program
    .command("evaluate")
    .summary("measure folders of results")
    .description("Measures pictures that exist already: PSNR and SSIM against originals, NIQE without.")
    .requiredOption("--pred <folders...>", "folders of results, subfolders included")
    .option("--ref <folder>", "the originals, under the same names (endings may differ)")
    .option("--metrics <names>", "psnr, ssim, niqe, separated by commas (default: all that can be had)")
    .option("--border <n>", "pixels left out along every edge", whole(0), 4)
    .option("--niqe-model <file>", "what NIQE compares with, .npz or .safetensors")
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
