/** The words of `samsr masks`. */
import type { Command } from "commander";
import { device, pixelLimit, type Surroundings, seed, threads, variant } from "../options.js";
import { samOption, samOptions } from "../sam-options.js";
import type { MasksArguments } from "./arguments.js";

const masksHelp = `
Writes into OUT, for several inputs into a folder in it for each:
  sheet.png           the photo, its masks, coverage, weight and noise side by side
  masks-1.png, ...    the masks, from wholes to their parts, each in a colour of its own over the photo
  coverage.png        how many masks cover a pixel, dark to bright
  weight.png          that over its maximum
  noise.png           three of the 48 channels of the noise that the network starts from; grey is 0
  semantics.json      figures
  masks/              every mask as a picture; "samsr upscale --masks OUT" takes them

--json prints an array with bbox (x, y, width, height), area, input and file of every mask, and of those of
Segment Anything predicted_iou, stability_score and point too. Their boxes, order and scores are those of
its public mask generator on the picture as it is; with --enlarged on its bicubic enlargement by 4, as in
samsr upscale. Masks of Segment Anything are kept in a cache (SAMSR_CACHE, or the platform's place for
caches; 256 MiB at most).

Examples:
  samsr masks photo.jpg -o semantics
  samsr masks a.jpg b.jpg c.jpg -o semantics --model sam_vit_b_01ec64.pth
  samsr masks photo.jpg -o semantics --masks sam --points 16 --json
  samsr masks photo.jpg -o semantics --masks masks/ --variant release`;

export function defineMasks(program: Command, { interrupts, done }: Surroundings): void {
  const command = program
    .command("masks")
    .summary("look at the semantics of pictures")
    .description("Draws what the method knows of pictures: masks, coverage, weight and noise, as PNGs.")
    .argument("<inputs...>", "files, folders, patterns, or - for standard input")
    .requiredOption("-o, --out <folder>", "where the PNGs go")
    .option("--masks <masks>", "regions, network, sam, or a path as in samsr upscale (default: regions)")
    .option(
      "--model <name>",
      "which Segment Anything: an installed model or a checkpoint (default: the installed one)",
    )
    .option("--coverage <model>", "the coverage network of --masks network (default: coverage-tiny)")
    .addOption(seed())
    .addOption(variant("paper"))
    .addOption(device())
    .addOption(threads())
    .option("--overwrite", "replace files that exist")
    .option("--recursive", "take subfolders too, and keep their structure")
    .addOption(pixelLimit())
    .option("--json", "print one JSON document about the masks")
    .option("--quiet", "print nothing but errors");
  for (const option of samOptions()) command.addOption(option);
  command
    .addOption(samOption("--enlarged", "look at the bicubic enlargement by 4"))
    .addOption(samOption("--no-cache", "neither take masks from the cache nor keep them there"))
    .addHelpText("after", masksHelp)
    .action(async (inputs: string[], options: MasksArguments) => {
      const { masksCommand } = await import("./run.js");
      done(await masksCommand(inputs, options, interrupts.signal));
    });
}
