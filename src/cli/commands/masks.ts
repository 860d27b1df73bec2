/** The words of `samsr masks`. */
import type { Command } from "commander";
import type { MasksArguments } from "../masks.js";
import { pixelLimit, type Surroundings, seed, variant } from "../options.js";

const masksHelp = `
Writes masks-1.png, masks-2.png, ... (the regions, from wholes to their parts, each in a colour of its own over
the photo), coverage.png (how many masks cover a pixel, dark to bright), weight.png (that over its maximum) and
noise.png (three of the 48 channels of the noise that the network starts from; grey is 0).

Examples:
  samsr masks photo.jpg -o semantics
  samsr masks photo.jpg -o semantics --masks masks/ --variant release`;

export function defineMasks(program: Command, { interrupts, done }: Surroundings): void {
  program
    .command("masks")
    .summary("look at the semantics of a picture")
    .description("Draws what the method knows of a picture: masks, coverage, weight and noise, as PNGs.")
    .argument("<input>", "a picture, or - for standard input")
    .requiredOption("-o, --out <folder>", "where the PNGs go")
    .option("--masks <masks>", "regions, or a path as in samsr upscale", "regions")
    .addOption(seed())
    .addOption(variant("paper"))
    .option("--overwrite", "replace files that exist")
    .addOption(pixelLimit())
    .option("--json", "print one JSON document about the masks")
    .option("--quiet", "print nothing but errors")
    .addHelpText("after", masksHelp)
    .action(async (input: string, options: MasksArguments) => {
      const { masksCommand } = await import("../masks.js");
      done(await masksCommand(input, options, interrupts.signal));
    });
}
