/** The words of `samsr degrade`. */
import { type Command, Option } from "commander";
import { choice, degradation, limit, type Surroundings, whole } from "../options.js";
import type { DegradeArguments } from "./run.js";

const degradeHelp = `
Writes OUT/hr/NAME.png and OUT/lr/NAME.png, a quarter of its sides, and OUT/degradation.json: the seed, and
of every pair what was cut out and the parameters that were drawn for it. Subfolders of folders are taken
too and kept. Pairs depend on the seed, the photo and its name below the folder: the same again, and no
others because photos were added.

Degradations:
  mild          a little blur, bicubic reduction, weak noise, JPEG of good quality
  real-esrgan   the second-order degradation of Real-ESRGAN, as ResShift, SinSR and SAMSR train with it
  bicubic       antialiased bicubic reduction and nothing else

--protocol imagenet-test makes a test set as the paper's ImageNet-Test is made: 3000 photos chosen at random
(--limit chooses fewer), the shorter side resized to 256, the centre cut out, and a milder Real-ESRGAN
degradation of its own.

"samsr train --data OUT" trains on the pairs, "samsr evaluate --ref OUT/hr" measures against the originals.

Examples:
  samsr degrade photos -o pairs --degradation real-esrgan --crop 256 --per-photo 4
  samsr degrade imagenet/val -o imagenet-test --protocol imagenet-test --seed 10000`;

export function defineDegrade(program: Command, { interrupts, done }: Surroundings): void {
  program
    .command("degrade")
    .summary("make pairs of photos and small, degraded versions")
    .description(
      "Makes photos small and bad, as training does, and writes both for whoever wants the data only.",
    )
    .argument("<inputs...>", "files, folders, patterns, or - for standard input")
    .requiredOption("-o, --out <folder>", "where hr, lr and degradation.json go")
    .addOption(degradation())
    .addOption(
      choice("--protocol <name>", "how a published test set is made", ["imagenet-test"]).conflicts([
        "degradation",
        "crop",
        "perPhoto",
      ]),
    )
    .addOption(
      new Option("--seed <n>", "the same seed gives the same pairs")
        .argParser(whole(0, 2 ** 32 - 1))
        .default(0),
    )
    .option("--crop <n>", "random squares of this side, a multiple of 4 (default: whole photos)", whole(4))
    .option("--per-photo <n>", "pairs of each photo (default: 1)", whole(1))
    .addOption(limit())
    .addOption(choice("--format <name>", "of the pictures; without loss", ["png", "tiff"], "png"))
    .option("--overwrite", "replace files that exist")
    .option("--json", "print degradation.json instead of lines")
    .option("--quiet", "print nothing but errors")
    .addHelpText("after", degradeHelp)
    .action(async (inputs: string[], options: DegradeArguments) => {
      const { degradeCommand } = await import("./run.js");
      done(await degradeCommand(inputs, options, interrupts.signal));
    });
}
