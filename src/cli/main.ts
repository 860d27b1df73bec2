#!/usr/bin/env node
/**
 * The command `samsr`. Here are its words and options; what they do is in a file each, loaded when it is asked
 * for, so that `samsr --help` need not wait for codecs and ONNX Runtime.
 */
import { readFileSync } from "node:fs";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { OutputFormat } from "../image/index.js";
import { watchInterrupts } from "./interrupt.js";
import type { MasksArguments } from "./masks.js";
import type { ModelsArguments } from "./models.js";
import { exitCodeOf, oneLine, printError, UsageError } from "./report.js";
import type { ScoreArguments } from "./score.js";
import type { UpscaleArguments } from "./settings.js";
import type { BundleArguments, TrainArguments } from "./train.js";

const upscaleHelp = `
Inputs are files, folders (their pictures), quoted patterns such as "photos/**/*.jpg", or - for standard input.
JPEG, PNG, WebP, AVIF, TIFF and GIF are read. OUT is a file for one input; for a folder, a pattern or several
inputs it is a folder, as it is when it exists or ends in a slash. "-o -" is standard output.

--masks PATH takes masks that another program made: a folder with one picture a mask (white inside), or one
picture in which each colour is a region and black is none.

Exit codes: 0 all done, 1 something failed (the others were done), 2 wrong usage, 130 interrupted.

Examples:
  samsr upscale photo.jpg -o large.png
  samsr upscale photos -o large --recursive --skip-existing
  samsr upscale "scans/*.tif" -o large/ --scale 2 --format webp --quality 90
  samsr upscale photo.jpg -o large.png --masks masks/ --seed 7
  curl -s https://example.org/photo.jpg | samsr upscale - -o - --format png > large.png`;

const masksHelp = `
Writes masks-1.png, masks-2.png, ... (the regions, from wholes to their parts, each in a colour of its own over
the photo), coverage.png (how many masks cover a pixel, dark to bright), weight.png (that over its maximum) and
noise.png (three of the 48 channels of the noise that the network starts from; grey is 0).

Examples:
  samsr masks photo.jpg -o semantics
  samsr masks photo.jpg -o semantics --masks masks/ --variant release`;

const scoreHelp = `
Every photo is made small by one stated degradation, enlarged again by each method, and compared with what it was:
PSNR and SSIM of the luma, 4 pixels of border left out, and what a method has over bicubic photo by photo, with its
standard error.

Methods: bicubic (always there), bicubic-catmull-rom, and samsr, sinsr and resshift, with a number of steps where it is
not their own, as in resshift-1. One step of samsr and sinsr is the student's, everything else the teacher's.
In JSON, null stands for a number that is infinite or unknown.

Examples:
  samsr score photos --limit 20 --crop 256
  samsr score photos --methods samsr,resshift-15 --pictures strips --markdown > scores.md`;

const trainHelp = `
A run saves itself now and then and on Ctrl-C; --resume goes on with the same numbers.

Examples:
  samsr train teacher --data photos -o runs/teacher
  samsr train student --teacher runs/teacher/teacher.safetensors --data photos -o runs/student
  samsr train bundle --teacher runs/teacher/teacher.safetensors \\
    --student runs/student/student.safetensors --name mine -o models/mine
  samsr upscale photo.jpg -o large.png --model models/mine`;

const programHelp = `
Examples:
  samsr upscale photo.jpg -o large.png
  samsr masks photo.jpg -o semantics
  samsr models

"samsr help upscale" lists the options.`;

/** A training step and writing the state of a run, on a slow machine, in milliseconds. */
const TIME_TO_SAVE = 60_000;

const interrupts = watchInterrupts();
let exitCode = 0;

function defineProgram(): Command {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  const program = new Command("samsr")
    .description("Semantic-guided image super-resolution in a single step: photos, four times as large.")
    .version(version, "-v, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    // Errors are printed in one place, below.
    .configureOutput({ outputError: () => {} })
    .exitOverride()
    .addHelpText("after", programHelp);
  defineUpscale(program);
  defineMasks(program);
  defineModels(program);
  defineScore(program);
  defineTrain(program);
  return program;
}

function defineUpscale(program: Command): void {
  program
    .command("upscale")
    .summary("enlarge pictures")
    .description("Enlarges pictures: files, folders, patterns, standard input.")
    .argument("<inputs...>", "files, folders, patterns, or - for standard input")
    .requiredOption("-o, --out <path>", "where results go: a file, a folder, or - for standard output")
    .option("--model <name>", "an installed model, or a model's folder", "samsr-tiny")
    .addOption(choice("--method <name>", "how to enlarge", ["samsr", "sinsr", "resshift"], "samsr"))
    .option("--steps <n>", "steps of the diffusion (default: 1; resshift: all)", whole(1))
    .option("--seed <n>", "seed of the noise; the same seed gives the same picture", whole(0), 0)
    .option(
      "--scale <factor>",
      "from 1 to 8: the network enlarges by 4, a resampler does the rest",
      factor,
      4,
    )
    .option("--masks <masks>", "regions, none, or a path (default: regions for samsr)")
    .addOption(
      choice("--variant <name>", "equations of the paper or of its code", ["paper", "release"], "paper"),
    )
    .option("--tile <n>", "side of a tile in pixels of the input", whole(1))
    .option("--overlap <n>", "how far tiles overlap, in pixels of the input", whole(0))
    .addOption(choice("--device <name>", "where the network runs", ["auto", "cpu", "webgpu"], "auto"))
    .option("--threads <n>", "threads on the CPU (default: all cores)", whole(1, 1024))
    .option("--format <name>", "png, jpeg, webp, avif or tiff (default: by OUT, else as the input)", format)
    .option("--quality <n>", "from 1 to 100, for jpeg, webp and avif", whole(1, 100))
    .addOption(new Option("--overwrite", "replace files that exist").conflicts("skipExisting"))
    .option("--skip-existing", "leave files that exist, and go on")
    .option("--recursive", "take subfolders too, and keep their structure")
    .option("--pixel-limit <n>", "the most pixels an input may have (default: 100000000)", whole(1))
    .option("--json", "print one JSON document about the results")
    .option("--quiet", "print nothing but errors")
    .addHelpText("after", upscaleHelp)
    .action(async (inputs: string[], options: UpscaleArguments) => {
      const { upscaleCommand } = await import("./upscale.js");
      exitCode = await upscaleCommand(inputs, options, interrupts.signal);
    });
}

function defineMasks(program: Command): void {
  program
    .command("masks")
    .summary("look at the semantics of a picture")
    .description("Draws what the method knows of a picture: masks, coverage, weight and noise, as PNGs.")
    .argument("<input>", "a picture, or - for standard input")
    .requiredOption("-o, --out <folder>", "where the PNGs go")
    .option("--masks <masks>", "regions, or a path as in samsr upscale", "regions")
    .option("--seed <n>", "seed of the noise", whole(0), 0)
    .addOption(
      choice("--variant <name>", "equations of the paper or of its code", ["paper", "release"], "paper"),
    )
    .option("--overwrite", "replace files that exist")
    .option("--pixel-limit <n>", "the most pixels the picture may have (default: 100000000)", whole(1))
    .option("--json", "print one JSON document about the masks")
    .option("--quiet", "print nothing but errors")
    .addHelpText("after", masksHelp)
    .action(async (input: string, options: MasksArguments) => {
      const { masksCommand } = await import("./masks.js");
      exitCode = await masksCommand(input, options, interrupts.signal);
    });
}

function defineModels(program: Command): void {
  program
    .command("models")
    .summary("list the installed models, or print a model's card")
    .description("Lists the installed models with their licences; with a name, prints that model's card.")
    .argument("[name]", "an installed model, or a model's folder")
    .option("--json", "print one JSON document, cards included")
    .action(async (name: string | undefined, options: ModelsArguments) => {
      const { modelsCommand } = await import("./models.js");
      exitCode = await modelsCommand(name, options);
    });
}

function defineScore(program: Command): void {
  program
    .command("score")
    .summary("measure methods on photos")
    .description("Measures how well methods bring back photos that were made small, and ranks them.")
    .argument("<folders...>", "folders of photos, subfolders included")
    .option("--model <name>", "an installed model, or a model's folder", "samsr-tiny")
    .option("--methods <names>", "separated by commas (default: bicubic,samsr,sinsr,resshift-1,resshift-15)")
    .option("--limit <n>", "at most this many photos, spread evenly over all", whole(1))
    .option("--crop <n>", "only a square of this side from the centre of each photo", whole(32))
    .option("--seed <n>", "seed of the noise", whole(0), 0)
    .addOption(choice("--device <name>", "where the network runs", ["auto", "cpu", "webgpu"], "auto"))
    .option("--threads <n>", "threads on the CPU (default: all cores)", whole(1, 1024))
    .option("--pictures <folder>", "write strips to look at: input, results, original")
    .option("--strips <n>", "how many of them", whole(1), 8)
    .option("--overwrite", "replace strips that exist")
    .addOption(new Option("--json", "print one JSON document").conflicts("markdown"))
    .option("--markdown", "print the table in Markdown")
    .option("--quiet", "print nothing but the table and errors")
    .addHelpText("after", scoreHelp)
    .action(async (folders: string[], options: ScoreArguments) => {
      const { scoreCommand } = await import("./score.js");
      exitCode = await scoreCommand(folders, options, interrupts.signal);
    });
}

function defineTrain(program: Command): void {
  const train = program
    .command("train")
    .summary("train a model of your own")
    .description("Trains a teacher, distils a student from it, and bundles both as a model.")
    .addHelpText("after", trainHelp);
  const run = (name: string, description: string) =>
    train
      .command(name)
      .description(description)
      .requiredOption("--data <folders...>", "folders of photos, subfolders included")
      .requiredOption("-o, --out <folder>", "where the run keeps its state and leaves its weights")
      .option("--steps <n>", "steps in all (default: as the recipe has it)", whole(1))
      .option("--resume", "go on with the run in this folder")
      .option("--threads <n>", "threads on the CPU (default: all cores)", whole(1, 1024));

  run("teacher", "Trains the denoiser of the whole chain.").action(async (options: TrainArguments) => {
    const { trainTeacherCommand } = await import("./train.js");
    interrupts.allow(TIME_TO_SAVE);
    exitCode = await trainTeacherCommand(options, interrupts.signal);
  });
  run("student", "Distils the chain into a single step.")
    .requiredOption("--teacher <file>", "weights that samsr train teacher left")
    .action(async (options: TrainArguments & { teacher: string }) => {
      const { trainStudentCommand } = await import("./train.js");
      interrupts.allow(TIME_TO_SAVE);
      exitCode = await trainStudentCommand(options, interrupts.signal);
    });
  train
    .command("bundle")
    .description("Makes a model's folder of both, weights at half precision.")
    .requiredOption("--teacher <file>", "weights that samsr train teacher left")
    .requiredOption("--student <file>", "weights that samsr train student left")
    .requiredOption("--name <name>", "what the model calls itself")
    .requiredOption("-o, --out <folder>", "the model's folder")
    .action(async (options: BundleArguments) => {
      const { bundleCommand } = await import("./train.js");
      exitCode = await bundleCommand(options);
    });
}

function choice(flags: string, description: string, choices: string[], standard: string): Option {
  return new Option(flags, description).choices(choices).default(standard);
}

/** A parser of whole numbers from `least` to `most`. */
function whole(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} on` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`Expected a whole number ${range}.`);
  };
}

function factor(text: string): number {
  const value = Number(text);
  if (text.trim() !== "" && value >= 1 && value <= 8) return value;
  throw new InvalidArgumentError("Expected a number from 1 to 8.");
}

function format(text: string): OutputFormat {
  const names: Record<string, OutputFormat> = { jpg: "jpeg", tif: "tiff" };
  const name = names[text.toLowerCase()] ?? text.toLowerCase();
  if (/^(png|jpeg|webp|avif|tiff)$/.test(name)) return name as OutputFormat;
  throw new InvalidArgumentError("Allowed choices are png, jpeg, webp, avif, tiff.");
}

/** What commander throws: its own way out after help and version, or an error of usage. */
function usageError(error: CommanderError): UsageError | undefined {
  if (error.exitCode === 0) return undefined;
  if (error.code === "commander.help") return new UsageError('expected a command; "samsr --help" lists them');
  return new UsageError(oneLine(error.message.replace(/^error: /, "")));
}

/** A reader that goes away, such as `head`, ends the work: nobody is left to see it. */
function watchPipes(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") interrupts.trigger("SIGPIPE");
    else fail(error);
  });
  process.stderr.on("error", () => {});
}

function fail(error: unknown): void {
  const known = error instanceof CommanderError ? usageError(error) : error;
  if (known === undefined) return;
  printError(known);
  exitCode = exitCodeOf(known);
}

async function main(): Promise<void> {
  watchPipes();
  for (const event of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(event, (error) => {
      printError(error);
      process.exit(1);
    });
  }
  try {
    await defineProgram().parseAsync(process.argv);
  } catch (error) {
    if (!interrupts.signal.aborted) fail(error);
  }
  process.exitCode = exitCode;
  await interrupts.leave();
}

await main();
