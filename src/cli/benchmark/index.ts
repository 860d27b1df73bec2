/** The words of `samsr benchmark`. */
import { type Command, Option } from "commander";
import { addMethodOptions, niqeModel, type Surroundings, whole, withPresetSeed } from "../options.js";
import type { TablesArguments } from "./tables.js";

/** The tile under way, and the tables of what there is, after Ctrl-C; in milliseconds. */
const TIME_TO_WRITE = 20_000;

const tablesHelp = `
A folder with hr and lr, as "samsr degrade" writes them, is a set with originals (table 2); any other is one of small
photos without (table 1). Sets are called by their folders: RealSR, RealSet65 and ImageNet-Test have the paper's figures
beside them. Installed models fill the paper's rows by their published names, as "samsr models pull" gives them; every
other installed model that enlarges four times has a row of its own. --models takes files too.

--preset published runs models of latents as their authors measure (seed, masks, tiles), and leaves no border out of PSNR
and SSIM, as their code has it; without it 4 pixels are left out. Below each table it says which.

OUT/pictures has what each made, OUT/results a file for each picture with its time and its metrics, OUT/tables.md the
tables and OUT/index.html a page to look at. A run that was stopped goes on with the next picture; a metric or a
model that is installed later is added. What is missing is blank, with the command that would fill it.

Examples:
  samsr degrade imagenet/val -o ImageNet-Test --protocol imagenet-test
  samsr benchmark tables --data RealSR RealSet65 ImageNet-Test -o benchmark
  samsr benchmark tables --data RealSR RealSet65 --models samsr-v1,sinsr-v1,BSRGAN.pth --preset published -o published
  samsr benchmark tables --data RealSR --models samsr-tiny,realesrgan-x4plus --metrics niqe,clipiqa -o benchmark`;

export function defineBenchmark(program: Command, { interrupts, done }: Surroundings): void {
  const benchmark = program
    .command("benchmark")
    .summary("the paper's tables, by every installed method")
    .description("Runs every installed method on whole data sets, and makes the paper's tables of it.");

  const tables = benchmark
    .command("tables")
    .description("the paper's tables 1 and 2 beside ours, with what is installed")
    .requiredOption("--data <folders...>", "data sets: folders of small photos, or with hr and lr in them")
    .requiredOption("-o, --out <folder>", "where everything is kept, and a stopped run goes on")
    .option(
      "--models <names>",
      "installed models or files, separated by commas (default: every installed one); bicubic is " +
        "always there",
    )
    .option("--metrics <names>", "separated by commas (default: every one whose weights are installed)")
    .option("--limit <n>", "at most this many pictures of each set, evenly spread", whole(1))
    .option(
      "--border <n>",
      "pixels left out along every edge, by metrics that take a border (default: 4; of the preset, 0)",
      whole(0),
    )
    .addOption(niqeModel())
    .option("--gallery <n>", "pictures of each set on the page", whole(0), 8);
  addMethodOptions(tables)
    .addOption(new Option("--quiet", "print nothing but the tables and errors"))
    .addHelpText("after", tablesHelp)
    .action(async (options: TablesArguments, self: Command) => {
      interrupts.allow(TIME_TO_WRITE);
      const { tablesCommand } = await import("./tables.js");
      done(await tablesCommand(withPresetSeed(options, self), interrupts.signal));
    });
}
