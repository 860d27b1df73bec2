/** `samsr models`: what is installed, bundled and in the store, and under which licence. */
import { storeFolder, surveyModels } from "../../checkpoints/store/index.js";
import { print, printJson } from "../streams.js";
import { megabytes } from "./format.js";

/** Prints the models; a damaged one is named with the reason, and the rest is listed all the same. */
export async function listModelsCommand({ json }: { json?: boolean }): Promise<number> {
  const { models, damaged } = await surveyModels();
  if (json) {
    const facts = models.map(({ description, place, folder, bytes, missing }) => {
      const { name, summary, network, licence } = description;
      return { name, summary, network, licence, place, folder, bytes, missing };
    });
    printJson([...facts, ...damaged]);
    return 0;
  }
  for (const { description, place, bytes, missing } of models) {
    const { name, summary, licence } = description;
    const lack = missing.length > 0 ? `; MISSING ${missing.join(", ")}: install it again` : "";
    print(`${name}\n  ${summary}\n  licence: ${licence}\n  ${place}, ${megabytes(bytes)}${lack}\n\n`);
  }
  for (const { name, folder, reason } of damaged) {
    print(`${name}\n  DAMAGED: ${reason}\n  samsr models remove ${name} takes ${folder} away\n\n`);
  }
  print(
    `"samsr models show NAME" tells more, "samsr models pull" what can be fetched.\nThe store is ` +
      `${storeFolder()}.\n`,
  );
  return 0;
}
