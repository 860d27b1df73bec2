/** The words of `samsr train`. */
import { type Command, Option } from "commander";
import { degradation, notNegative, type Surroundings, threads, whole } from "../options.js";
import type { BundleArguments, TrainArguments } from "../train.js";

/** A training step and writing the state of a run, on a slow machine, in milliseconds. */
const TIME_TO_SAVE = 60_000;

const trainHelp = `
A run saves itself now and then and on Ctrl-C; --resume goes on with the same numbers.

Photos are cut, turned and made small as they are needed, each visited once an epoch. A folder with hr and lr in it, as
samsr degrade writes them, holds saved pairs, which are taken as they are.

Examples:
  samsr train teacher --data photos -o runs/teacher
  samsr train student --teacher runs/teacher/teacher.safetensors --data photos -o runs/student
  samsr train coverage --data photos -o runs/coverage --masks regions
  samsr train bundle --teacher runs/teacher/teacher.safetensors \\
    --student runs/student/student.safetensors --name mine -o models/mine
  samsr upscale photo.jpg -o large.png --model models/mine`;

export function defineTrain(program: Command, { interrupts, done }: Surroundings): void {
  const train = program
    .command("train")
    .summary("train a model of your own")
    .description("Trains a teacher, distils a student from it, and bundles both as a model.")
    .addHelpText("after", trainHelp);
  const run = (
    name: string,
    description: string,
    data = "folders of photos or saved pairs, subfolders included",
  ) =>
    train
      .command(name)
      .description(description)
      .requiredOption("--data <folders...>", data)
      .requiredOption("-o, --out <folder>", "where the run keeps its state and leaves its weights")
      .option("--steps <n>", "steps in all (default: as the recipe has it)", whole(1))
      .option("--resume", "go on with the run in this folder")
      .addOption(threads());

  const pool = () =>
    new Option("--pool <n>", "samples that batches are mixed from (default: as they come)").argParser(
      whole(1),
    );

  run("teacher", "Trains the denoiser of the whole chain.")
    .addOption(degradation())
    .addOption(pool())
    .action(async (options: TrainArguments) => {
      const { trainTeacherCommand } = await import("../train.js");
      interrupts.allow(TIME_TO_SAVE);
      done(await trainTeacherCommand(options, interrupts.signal));
    });
  run("student", "Distils the chain into a single step.")
    .addOption(degradation())
    .addOption(pool())
    .requiredOption("--teacher <file>", "weights that samsr train teacher left")
    .option(
      "--lambda <weight>",
      "weight of the semantic consistency loss (default: as the recipe has it)",
      notNegative,
    )
    .action(async (options: TrainArguments & { teacher: string; lambda?: number }) => {
      const { trainStudentCommand } = await import("../train.js");
      interrupts.allow(TIME_TO_SAVE);
      done(await trainStudentCommand(options, interrupts.signal));
    });
  const photos = "folders of photos, subfolders included";
  run("coverage", "Teaches a network how many masks cover each pixel, and leaves it as a model.", photos)
    .option("--masks <masks>", "regions, sam, or a folder of masks by photo name", "regions")
    .option("--sam <model>", "the Segment Anything of --masks sam (default: the one that is installed)")
    .option("--name <name>", "what the model calls itself", "coverage")
    .action(async (options: TrainArguments & { masks: string; sam?: string; name: string }) => {
      const { trainCoverageCommand } = await import("../train.js");
      interrupts.allow(TIME_TO_SAVE);
      done(await trainCoverageCommand(options, interrupts.signal));
    });
  train
    .command("bundle")
    .description("Makes a model's folder of both, weights at half precision.")
    .requiredOption("--teacher <file>", "weights that samsr train teacher left")
    .requiredOption("--student <file>", "weights that samsr train student left")
    .requiredOption("--name <name>", "what the model calls itself")
    .requiredOption("-o, --out <folder>", "the model's folder")
    .action(async (options: BundleArguments) => {
      const { bundleCommand } = await import("../train.js");
      done(await bundleCommand(options));
    });
}
