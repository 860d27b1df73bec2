/** `samsr models`: what is installed, under which licence, and each model's card. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../base/errors.js";
import { findModel, type InstalledModel, listModels } from "../checkpoints/store/index.js";

export interface ModelsArguments {
  json?: boolean;
}

/** Lists the installed models, or with a name prints that model's card. */
export async function modelsCommand(name: string | undefined, { json }: ModelsArguments): Promise<number> {
  const models = name === undefined ? await listModels() : [await findModel(name)];
  if (json) {
    const facts = await Promise.all(models.map(factsOf));
    process.stdout.write(`${JSON.stringify(facts, undefined, 2)}\n`);
  } else if (name !== undefined) {
    process.stdout.write(await cardOf(models[0]!));
  } else {
    for (const model of models) process.stdout.write(await paragraph(model));
  }
  return 0;
}

async function factsOf(model: InstalledModel) {
  const { name, summary, licence } = model.description;
  const card = await cardOf(model).catch(() => undefined);
  return { name, summary, licence, folder: model.folder, bytes: model.bytes, card };
}

async function paragraph(model: InstalledModel): Promise<string> {
  const { name, summary, licence } = model.description;
  const size = `${(model.bytes / 2 ** 20).toFixed(1)} MiB`;
  return [
    name,
    `  ${summary}`,
    `  licence: ${licence}`,
    `  files:   ${model.folder} (${size})`,
    `  card:    samsr models ${name}`,
    "",
  ].join("\n");
}

async function cardOf({ folder, description }: InstalledModel): Promise<string> {
  return readFile(join(folder, "CARD.md"), "utf8").catch(() => {
    throw new SamsrError(`the model ${description.name} has no card: ${join(folder, "CARD.md")} is missing`);
  });
}
