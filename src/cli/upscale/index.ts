/** The words of `samsr upscale`. */
import { type Command, Option } from "commander";
import { WORKER_WORDS } from "../../server/settings.js";
import { loadAhead } from "../../upscale/upscaler-thread.js";
import { LIMIT_WORDS, UPSCALE_WORDS } from "../../upscale/words.js";
import { described, device, model, preset, type Surroundings, threads, withPresetSeed } from "../options.js";
import { samOption, samOptions } from "../sam-options.js";
import type { UpscaleArguments } from "./settings.js";

const upscaleHelp = `
Inputs are files, folders (their pictures), quoted patterns such as "photos/**/*.jpg", or - for standard
input. JPEG, PNG, WebP, AVIF, TIFF, GIF, BMP, HEIC and JPEG XL are read, whatever their names end in. OUT is
a file for one input; for a folder, a pattern or several inputs it is a folder, as it is when it exists or
ends in a slash. "-o -" is standard output. All pages of a TIFF and all frames of a GIF, WebP or PNG are
done where the result's format has them. What a picture or its result has lost is said on standard error,
and in --json as "warnings".

--masks network predicts in one pass how many masks cover each pixel, without finding any; --coverage names
a network that "samsr train coverage" left. --masks sam asks Segment Anything: the model that is installed,
or the one that --sam names. Its masks are kept in a cache (SAMSR_CACHE, or the platform's place for caches;
256 MiB at most), so a picture costs them once. --masks PATH takes masks that "samsr masks" or another
program made: a folder with one picture a mask (white inside), or one picture in which each colour is a
region and black is none.

Exit codes: 0 all done, 1 something failed (the others were done), 2 wrong usage, 130 interrupted.

Examples:
  samsr upscale photo.jpg -o large.png
  samsr upscale photos -o large --recursive --skip-existing
  samsr upscale "scans/*.tif" -o large/ --scale 2 --format webp --quality 90
  samsr upscale photo.jpg -o large.png --masks masks/ --seed 7
  samsr upscale photo.jpg -o large.png --model RealESRGAN_x4plus.pth --scale 3
  curl -s https://example.org/photo.jpg | samsr upscale - -o - --format png > large.png`;

/** Options of which the command line says more than a description for everybody. */
const OWN_WORDS: Readonly<Record<string, string>> = {
  masks: "regions, network, sam, none, or a path (default: regions, for samsr)",
  format: "of the results (default: by OUT, else as the input)",
};

function pictureOptions(): Option[] {
  return Object.entries(UPSCALE_WORDS).map(([name, one]) =>
    // The command takes masks from files too.
    name === "masks"
      ? new Option("--masks <masks>", OWN_WORDS.masks)
      : described(name, one, OWN_WORDS[name] ?? one.words),
  );
}

/** Has the upscaler's thread begin while codecs and the picture are read. */
function loadWhatIsExpected({ queue, device, ...options }: UpscaleArguments): void {
  if (queue !== undefined || device === "torch") return;
  const { model, threads, sam, coverage, cache, detail, skipExisting } = options;
  // With another detail, or with nothing left to do, the session that is kept would be read in vain.
  const isSure = detail === undefined && !skipExisting;
  loadAhead(isSure ? { model, device, threads, sam, coverage, cache } : undefined);
}

export function defineUpscale(program: Command, { interrupts, done }: Surroundings): void {
  const command = program
    .command("upscale")
    .summary("enlarge pictures")
    .description("Enlarges pictures: files, folders, patterns, standard input.")
    .argument("<inputs...>", "files, folders, patterns, or - for standard input")
    .requiredOption("-o, --out <path>", "where results go: a file, a folder, or - for standard output")
    .addOption(model())
    .addOption(preset());
  for (const option of pictureOptions()) command.addOption(option);
  command
    .option(
      "--sam <name>",
      "which Segment Anything: an installed model or a checkpoint (default: the installed one)",
    )
    .option("--coverage <model>", "the coverage network of --masks network (default: coverage-tiny)")
    .addOption(device())
    .addOption(threads())
    .option("--name <pattern>", "names in a folder, such as {name}_{ext}_x{scale} (default: {name})")
    .addOption(new Option("--overwrite", "replace files that exist").conflicts("skipExisting"))
    .option("--skip-existing", "leave files that exist, and go on")
    .option("--recursive", "take subfolders too, and keep their structure")
    .addOption(described("queue", WORKER_WORDS.queue, "redis://... whose workers enlarge, with --data"))
    .addOption(
      described("data", WORKER_WORDS.data, "with --queue: the folder in which workers find pictures"),
    )
    .addOption(described("store", WORKER_WORDS.store, "with --queue: the bucket in which they do instead"))
    .addOption(described("prefix", WORKER_WORDS.prefix))
    .option(
      "--trace <folder>",
      "write x_t and the predicted x0 of each timestep, as the denoiser sees them, into FOLDER/NAME",
    )
    .option("--json", "print one JSON document about the results")
    .option("--quiet", "print nothing but errors");
  for (const [name, one] of Object.entries(LIMIT_WORDS)) command.addOption(described(name, one));
  for (const option of samOptions()) command.addOption(option);
  command
    .addOption(samOption("--no-cache", "neither take masks or sessions from the cache nor keep them there"))
    .addHelpText("after", upscaleHelp)
    .action(async (inputs: string[], options: UpscaleArguments, self: Command) => {
      loadWhatIsExpected(options);
      const { upscaleCommand } = await import("./run.js");
      done(await upscaleCommand(inputs, withPresetSeed(options, self), interrupts.signal));
    });
}
