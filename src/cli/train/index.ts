/** The words of `samsr train`. */
import { type Command, Option } from "commander";
import { NOISE_KINDS } from "../../diffusion/noise-kinds.js";
import { COEFFICIENTS, VARIANTS } from "../../diffusion/pixelwise-options.js";
import type { Kind } from "../../train/config/index.js";
import {
  choice,
  degradation,
  detail,
  notNegative,
  plainName,
  positive,
  real,
  type Surroundings,
  share,
  threads,
  trainingDevice,
  whole,
} from "../options.js";
import type { TrainArguments } from "./run.js";
import type { BlendWeightsArguments, BundleArguments } from "./trained-weights.js";

/** A training step and writing the state of a run, on a slow machine, in milliseconds. */
const TIME_TO_SAVE = 60_000;

/** What is not said is left to the configuration. */
const asConfigured = " (default: as configured)";

const trainHelp = `
A run saves itself now and then and on Ctrl-C; --resume goes on with the same numbers.

Photos are cut, turned and made small as they are needed, each visited once an epoch. A folder with hr and
lr in it, as samsr degrade writes them, holds saved pairs, which are taken as they are.

Without --config it is samsr-tiny that is trained. Configurations are in YAML, by samsr's own fields
(configs/ has some) or as ResShift, SinSR and SAMSR publish them; what is resolved of file and options is
kept in the run's config.yaml.

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
      .option("--config <file>", "what to do, in YAML (see configs/); options stand over it")
      .option("--data <folders...>", data)
      .requiredOption("-o, --out <folder>", "where the run keeps its state and leaves its weights")
      .option("--steps <n>", `steps in all${asConfigured}`, whole(1))
      .option("--rate <rate>", `the learning rate at its highest${asConfigured}`, notNegative)
      .option("--batch <n>", `pictures that one pass takes${asConfigured}`, whole(1))
      .addOption(new Option("--seed <n>", `of all that is drawn${asConfigured}`).argParser(whole(0)))
      .option("--keep-every <n>", "keep the weights of every nth step, as weights-STEP.safetensors", whole(1))
      .option(
        "--save-minutes <m>",
        "save every so many minutes, and weights.safetensors with it (default: every 250 steps)",
        positive,
      )
      .option("--resume", "go on with the run in this folder, as its config.yaml says")
      .addOption(trainingDevice())
      .addOption(threads());
  const act = (kind: Kind) => async (options: TrainArguments) => {
    const { trainCommand } = await import("./run.js");
    interrupts.allow(TIME_TO_SAVE);
    done(await trainCommand(kind, options, interrupts.signal));
  };
  /** The option of trainings that take crops of photos as they are made. */
  const dataThreads = () =>
    new Option("--data-threads <n>", "threads that make batches, beside those of the network")
      .argParser(whole(1, 256))
      .default(1);
  /** Adds the options of networks that predict x0. */
  const denoising = (command: Command) =>
    command
      .addOption(degradation())
      .addOption(dataThreads())
      .option("--pool <n>", "samples that batches are mixed from (default: as they come)", whole(1))
      .option("--timesteps <n>", `T of the schedule${asConfigured}`, whole(1))
      .option("--power <p>", `p of the schedule${asConfigured}`, real)
      .option("--kappa <kappa>", `strength of the noise${asConfigured}`, real)
      .option("--autoencoder <weights>", "on whose latents to train: a file, .pth too, or a model's name");

  denoising(run("teacher", "Trains the denoiser of the whole chain."))
    .option("--start <weights>", "to begin with: a file, .pth too, or a model's name (default: new ones)")
    .action(act("teacher"));
  denoising(run("student", "Distils the chain into a single step."))
    .option("--teacher <weights>", "the chain to learn from: a file, .pth too, or an installed model's name")
    .option("--start <weights>", "to begin with, a file or a name likewise (default: the teacher's)")
    .option(
      "--second-teacher <model>",
      "a model whose pictures of saved pairs the student is taught to make too, or a folder of them",
    )
    .option(
      "--prepare",
      "make the second teacher's pictures, find masks of photos or of all steps' crops, and stop there",
    )
    .option(
      "--masks <masks>",
      `regions, network, sam, none, or a folder of masks by photo name${asConfigured}`,
    )
    .option("--sam <model>", "the Segment Anything of --masks sam (default: the one that is installed)")
    .option(
      "--coverage <model>",
      "the network of --masks network and --lambda: a model or a file (default: coverage-tiny)",
    )
    .addOption(choice("--variant <name>", `equations of the paper or of its code${asConfigured}`, VARIANTS))
    .option("--m <m>", `m of equation 9${asConfigured}`, notNegative)
    .addOption(choice("--coefficients <names>", `what follows the masks${asConfigured}`, COEFFICIENTS))
    .addOption(choice("--noise <kind>", `of x_T: SAM-noise or plain Gaussian${asConfigured}`, NOISE_KINDS))
    .option("--validate <folders...>", "photos to measure the weights on that --keep-every keeps")
    .option(
      "--metrics <names>",
      "what they are measured by, separated by commas, or all (default: psnr,ssim)",
    )
    .option("--lambda <weight>", `weight of the semantic consistency loss${asConfigured}`, notNegative)
    .action(act("student"));
  const photos = "folders of photos, subfolders included";
  run("coverage", "Teaches a network how many masks cover each pixel, and leaves it as a model.", photos)
    .option("--masks <masks>", "regions, sam, or a folder of masks by photo name (default: regions)")
    .option("--sam <model>", "the Segment Anything of --masks sam (default: the one that is installed)")
    .option("--name <name>", "what the model calls itself, and its folder", plainName, "coverage")
    .action(act("coverage"));
  run("autoencoder", "Trains a VQ autoencoder, whose latents the others may be trained on.", photos)
    .addOption(dataThreads())
    .action(act("autoencoder"));
  train
    .command("schema")
    .description("Prints the JSON Schema of configurations.")
    .action(async () => {
      const { schemaCommand } = await import("./run.js");
      done(schemaCommand());
    });
  train
    .command("blend")
    .summary("weights between two students")
    .description("Makes weights that lie between two runs' of one network: (1 - share) FIRST + share SECOND.")
    .argument("<first>", "such as a student taught for fidelity")
    .argument("<second>", "such as the same, taught on for detail")
    .requiredOption("--share <share>", "of the second, 0 to 1", share)
    .requiredOption("-o, --out <file>", "the weights, a .safetensors")
    .option("--overwrite", "replace a file that exists")
    .action(async (first: string, second: string, options: BlendWeightsArguments) => {
      const { blendCommand } = await import("./trained-weights.js");
      done(await blendCommand([first, second], options));
    });
  train
    .command("bundle")
    .description("Makes a model's folder of a student, with what it was taught, weights at half precision.")
    .requiredOption("--student <file>", "weights that samsr train student left")
    .option("--teacher <file>", "for a student of pixels: weights that samsr train teacher left")
    .option("--autoencoder <file>", "for a student of latents: the autoencoder's weights, or a model's name")
    .option("--sharp <file>", "the student's other end, taught on for detail: upscale --detail blends both")
    .addOption(detail("with --sharp, how far from student to sharp the model is unless told (default: 0.5)"))
    .requiredOption("--name <name>", "what the model calls itself", plainName)
    .requiredOption("-o, --out <folder>", "the model's folder")
    .action(async (options: BundleArguments) => {
      const { bundleCommand } = await import("./trained-weights.js");
      done(await bundleCommand(options));
    });
}
