/** The words of `samsr models` and its subcommands. */
import { type Command, Option } from "commander";
import { VARIANTS } from "../../diffusion/pixelwise-options.js";
import { METHODS } from "../../diffusion/samplers/index.js";
import { COLOURS, LAYOUTS, RANGE_NAMES } from "../../networks/onnx-file/config.js";
import { type Surroundings, share, whole } from "../options.js";
import { UsageError } from "../report.js";
import type { AddModelArguments } from "./add.js";
import type { BlendModelsArguments } from "./blend.js";
import { type PullArguments, withPullWords } from "./pull-words.js";

const help = `
Models lie in the package (bundled) and in the store: ~/.local/share/samsr/models on Linux,
~/Library/Application Support/samsr/models on macOS, %LOCALAPPDATA%\\samsr\\models on Windows;
SAMSR_HOME names another folder, whose "models" is the store. --model of other commands takes
a bundled model's name first, then a stored one's, then a folder, then a file of weights.`;

const pullNames = `Names, addresses and licences: "samsr models pull" without a name.`;

export function defineModels(program: Command, { interrupts, done }: Surroundings): void {
  const models = program
    .command("models")
    .summary("list, show, add, fetch and remove models")
    .description("Lists the installed models with their licences; the subcommands do the rest.")
    .addHelpText("after", help);

  models
    .command("list", { isDefault: true })
    .description("list the installed models, bundled and stored")
    // A model's name is refused below, by words that help more.
    .allowExcessArguments()
    .option("--json", "print one JSON document")
    .action(async (options: { json?: boolean }, { args: words }: Command) => {
      if (words.length > 0) {
        throw new UsageError(
          `unknown command 'models ${words[0]}'; "samsr models show ${words[0]}" shows a model`,
        );
      }
      const { listModelsCommand } = await import("./list.js");
      done(await listModelsCommand(options));
    });

  models
    .command("show")
    .description("print a model's network, size, cost, licence, files and card")
    .argument("<name>", "an installed model, a model's folder, or a file of weights")
    .option("--measure", "run it, and say how long it took and how much memory")
    .option("--json", "print one JSON document, the card included")
    .action(async (name: string, options: { json?: boolean; measure?: boolean }) => {
      const { showCommand } = await import("./show.js");
      done(await showCommand(name, options));
    });

  models
    .command("add")
    .description(
      "add published or own weights (.pth, .safetensors, ncnn); what each file is, its tensors tell",
    )
    .argument(
      "<files...>",
      "a network that enlarges; a denoiser and its autoencoder, or one of the two; Segment Anything",
    )
    .option("--name <name>", "its name in the store (default: from the file's)")
    .option(
      "--config <file>",
      "the authors' configuration (YAML) with the schedule (default: as the file tells, or as released)",
    )
    .addOption(
      new Option(
        "--method <name>",
        "what a denoiser was trained for (default: as its file tells, as published, or samsr)",
      ).choices(METHODS),
    )
    .addOption(
      new Option(
        "--variant <name>",
        "whose equations a denoiser was trained with (default: as its file tells, or release)",
      ).choices(VARIANTS),
    )
    .option(
      "--autoencoder <name>",
      "the stored model whose autoencoder a denoiser uses that comes without one",
    )
    .addOption(
      new Option("--layout <name>", "of an ONNX file's pictures (default: as found out)").choices(LAYOUTS),
    )
    .addOption(
      new Option("--colours <name>", "the order of an ONNX file's channels (default: as found out)").choices(
        COLOURS,
      ),
    )
    .addOption(
      new Option(
        "--range <name>",
        "an ONNX file's values of black and white (default: as found out)",
      ).choices(RANGE_NAMES),
    )
    .addOption(
      new Option("--output-range <name>", "those of the large picture, where they are others").choices(
        RANGE_NAMES,
      ),
    )
    .option(
      "--multiple <n>",
      "what sides must divide by in an ONNX file (default: as found out)",
      whole(1, 4096),
    )
    .option("--overlap <n>", "how far an ONNX file's tiles overlap (default: as found out)", whole(0, 1024))
    .option("--overwrite", "replace a stored model of that name")
    .option("--json", "print one JSON document")
    .option("--quiet", "print nothing but errors")
    .action(async (files: string[], options: AddModelArguments) => {
      const { addModelCommand } = await import("./add.js");
      done(await addModelCommand(files, options, interrupts));
    });

  models
    .command("blend")
    .summary("make a model that lies between two of one network")
    .description("Adds a model whose weights are (1 - share) FIRST + share SECOND.")
    .argument("<first>", "an installed model, such as realesr-general-x4v3, which takes noise away")
    .argument("<second>", "another of the same network, such as realesr-general-wdn-x4v3, which keeps it")
    .requiredOption("--share <share>", "of the second, 0 to 1", share)
    .option("--name <name>", "its name in the store (default: of both and the share)")
    .option("--overwrite", "replace a stored model of that name")
    .option("--json", "print one JSON document")
    .option("--quiet", "print nothing but errors")
    .action(async (first: string, second: string, options: BlendModelsArguments) => {
      const { blendModelsCommand } = await import("./blend.js");
      done(await blendModelsCommand(first, second, options));
    });

  const pull = models
    .command("pull")
    .description("fetch a model that its authors publish, or list these")
    .argument("[name]", "a published model");
  withPullWords(pull, pullNames, "it").action(async (name: string | undefined, options: PullArguments) => {
    const { pullModelsCommand } = await import("./pull.js");
    done(await pullModelsCommand(name, options, interrupts));
  });

  models
    .command("remove")
    .description("remove models from the store; nothing is asked")
    .argument("<names...>", "stored models")
    .option("--force", "also when other models use its weights")
    .action(async (names: string[], options: { force?: boolean }) => {
      const { removeCommand } = await import("./remove.js");
      done(await removeCommand(names, options));
    });
}
