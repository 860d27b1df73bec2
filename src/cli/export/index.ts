/** The words of `samsr export`. */
import type { Command } from "commander";
import { COEFFICIENTS } from "../../diffusion/pixelwise-options.js";
import { choice, detail, real, type Surroundings, size, variant } from "../options.js";
import type { ExportArguments } from "./run.js";

const exportHelp = `
The file has all of the single step, for any ONNX runtime and pictures of one size (any; they are padded
inside):

  lq      [1, 3, H, W]    the small picture, RGB from 0 to 1
  noise   [1, C, H, W]    normal numbers of mean 0 and variance 1; C is 48 for models of pixels, 3 for models of latents
  weight  [1, 1, H, W]    W, from 0 to 1: how many masks cover a pixel, over the most that cover any; 0 for no masks
  hr      [1, 3, 4H, 4W]  the large picture, RGB from 0 to 1

Its metadata say model, licence, variant, eta-scale, coefficients, the kind of noise and kappa. A large
picture needs much memory: samsr upscale cuts it into tiles, one file does not.

Examples:
  samsr export samsr-tiny --size 128x192 -o tiny.onnx
  samsr export my-samsr --size 64x64 --precision float16 -o samsr.onnx`;

export function defineExport(program: Command, { interrupts, done }: Surroundings): void {
  program
    .command("export")
    .summary("make an ONNX file of a model's single step")
    .description(
      "Makes one self-contained ONNX file of an installed model: from a small picture to a large one.",
    )
    .argument("<model>", "an installed model, a model's folder, or a file of weights")
    .requiredOption("--size <HxW>", "height and width of the small picture", size)
    .requiredOption("-o, --out <file>", "the ONNX file")
    .addOption(choice("--precision <name>", "of the weights in the file", ["float32", "float16"], "float32"))
    .addOption(variant())
    .addOption(detail())
    .option("--eta-scale <m>", "m of equation 9 (default: the model's)", real)
    .addOption(choice("--coefficients <names>", "what follows weight (default: the model's)", COEFFICIENTS))
    .option("--kappa <n>", "strength of the noise (default: the model's)", real)
    .option("--overwrite", "replace a file that exists")
    .option("--json", "print one JSON document about the result")
    .option("--quiet", "print nothing but errors")
    .addHelpText("after", exportHelp)
    .action(async (model: string, options: ExportArguments) => {
      const { exportCommand } = await import("./run.js");
      done(await exportCommand(model, options, interrupts.signal));
    });
}
