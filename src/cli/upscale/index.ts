/** The words of `samsr upscale`. */
import { type Command, Option } from "commander";
import { COEFFICIENTS } from "../../diffusion/pixelwise-options.js";
import { METHODS } from "../../diffusion/samplers/index.js";
import { NOISE_KINDS } from "../../semantics/noise-kinds.js";
import {
  choice,
  device,
  factor,
  format,
  model,
  pixelLimit,
  real,
  type Surroundings,
  seed,
  threads,
  variant,
  whole,
} from "../options.js";
import { samOption, samOptions } from "../sam-options.js";
import type { UpscaleArguments } from "./settings.js";

const upscaleHelp = `
Inputs are files, folders (their pictures), quoted patterns such as "photos/**/*.jpg", or - for standard input.
JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, HEIC and JPEG XL are read, whatever their names end in. OUT is a file for one
input; for a folder, a pattern or several inputs it is a folder, as it is when it exists or ends in a slash. "-o -" is
standard output. All pages of a TIFF and all frames of a GIF, WebP or PNG are done where the result's format has them.
What a picture or its result has lost is said on standard error, and in --json as "warnings".

--masks network predicts in one pass how many masks cover each pixel, without finding any; --coverage names a network
that "samsr train coverage" left.
--masks sam asks Segment Anything: the model that is installed, or the one that --sam names. Its masks are kept in a
cache (SAMSR_CACHE, or the platform's place for caches; 256 MiB at most), so a picture costs them once.
--masks PATH takes masks that "samsr masks" or another program made: a folder with one picture a mask (white
inside), or one picture in which each colour is a region and black is none.

Exit codes: 0 all done, 1 something failed (the others were done), 2 wrong usage, 130 interrupted.

Examples:
  samsr upscale photo.jpg -o large.png
  samsr upscale photos -o large --recursive --skip-existing
  samsr upscale "scans/*.tif" -o large/ --scale 2 --format webp --quality 90
  samsr upscale photo.jpg -o large.png --masks masks/ --seed 7
  curl -s https://example.org/photo.jpg | samsr upscale - -o - --format png > large.png`;

/** A size of the result in pixels, which stands for a scale. */
const side = (flags: string, description: string) =>
  new Option(flags, description).argParser(whole(1)).conflicts("scale");

export function defineUpscale(program: Command, { interrupts, done }: Surroundings): void {
  const command = program
    .command("upscale")
    .summary("enlarge pictures")
    .description("Enlarges pictures: files, folders, patterns, standard input.")
    .argument("<inputs...>", "files, folders, patterns, or - for standard input")
    .requiredOption("-o, --out <path>", "where results go: a file, a folder, or - for standard output")
    .addOption(model())
    .addOption(choice("--method <name>", "how to enlarge (default: the model's)", METHODS))
    .option("--steps <n>", "steps of the diffusion (default: 1; resshift: all)", whole(1))
    .addOption(seed())
    .option(
      "--scale <factor>",
      "over 0, at most 8 (default: 4): the network enlarges by 4, a resampler does the rest",
      factor,
    )
    .addOption(side("--width <n>", "pixels across, instead of a scale; the height follows"))
    .addOption(side("--height <n>", "pixels down; with --width too, the result fits into both"))
    .addOption(side("--longest <n>", "pixels of the longer side"))
    .option("--masks <masks>", "regions, network, sam, none, or a path (default: regions, for samsr)")
    .option(
      "--sam <name>",
      "which Segment Anything: an installed model or a checkpoint (default: the installed one)",
    )
    .option("--coverage <model>", "the coverage network of --masks network (default: coverage-tiny)")
    .addOption(variant())
    .option(
      "--eta-scale <m>",
      "m of equation 9: how far the diffusion follows the masks (default: the model's)",
      real,
    )
    .addOption(choice("--coefficients <names>", "what follows the masks (default: both)", COEFFICIENTS))
    .addOption(choice("--noise <kind>", "of x_T: SAM-noise or plain Gaussian (default: sam)", NOISE_KINDS))
    .option("--kappa <n>", "strength of the noise (default: the model's)", real)
    .option("--tile <n>", "side of a tile in pixels of the input", whole(1))
    .option("--overlap <n>", "how far tiles overlap, in pixels of the input", whole(0))
    .addOption(device())
    .addOption(threads())
    .option(
      "--format <name>",
      "png, jpeg, webp, avif, tiff or gif (default: by OUT, else as the input)",
      format,
    )
    .option("--quality <n>", "from 1 to 100, for jpeg, webp and avif", whole(1, 100))
    .addOption(
      new Option(
        "--lossless",
        "webp and avif without loss (default: where the input is, and no --quality)",
      ).conflicts("quality"),
    )
    .option("--density <n>", "pixels an inch that the result tells (default: as the input)", real)
    .option("--tolerant", "take damaged and truncated pictures as far as they go")
    .option("--name <pattern>", "names in a folder, such as {name}_{ext}_x{scale} (default: {name})")
    .addOption(new Option("--overwrite", "replace files that exist").conflicts("skipExisting"))
    .option("--skip-existing", "leave files that exist, and go on")
    .option("--recursive", "take subfolders too, and keep their structure")
    .addOption(pixelLimit())
    .option("--side-limit <n>", "the longest side a picture may have (default: 100000)", whole(1))
    .option("--frame-limit <n>", "the most pages or frames (default: 1000)", whole(1))
    .option("--metadata-limit <mib>", "the most profile, EXIF, XMP and texts, in MiB (default: 16)", whole(1))
    .option("--memory-limit <mib>", "the most decoded pixels, in MiB (default: 1024)", whole(1))
    .option("--json", "print one JSON document about the results")
    .option("--quiet", "print nothing but errors");
  for (const option of samOptions()) command.addOption(option);
  command
    .addOption(samOption("--no-cache", "neither take masks from the cache nor keep them there"))
    .addHelpText("after", upscaleHelp)
    .action(async (inputs: string[], options: UpscaleArguments) => {
      const { upscaleCommand } = await import("./run.js");
      done(await upscaleCommand(inputs, options, interrupts.signal));
    });
}
