/** `samsr models`: what is installed, bundled and in the store, and under which licence. */
import { storeFolder, surveyModels } from "../../checkpoints/store/index.js";
import { megabytes } from "./format.js";

/** Prints the models; a damaged one is named with the reason, and the rest is listed all the same. */
export async function listCommand({ json }: { json?: boolean }): Promise<number> {
  const { models, damaged } = await surveyModels();
  if (json) {
    const facts = models.map(({ description, place, folder, bytes, missing }) => {
      const { name, summary, network, licence } = description;
      return { name, summary, network, licence, place, folder, bytes, missing };
    });
    process.stdout.write(`${JSON.stringify([...facts, ...damaged], undefined, 2)}\n`);
    return 0;
  }
  for (const { description, place, bytes, missing } of models) {
    const { name, summary, licence } = description;
    const lack = missing.length > 0 ? `; MISSING ${missing.join(", ")}: install it again` : "";
    process.stdout.write(
      `${name}\n  ${summary}\n  licence: ${licence}\n  ${place}, ${megabytes(bytes)}${lack}\n\n`,
    );
  }
  for (const { name, folder, reason } of damaged) {
    process.stdout.write(
      `${name}\n  DAMAGED: ${reason}\n  samsr models remove ${name} takes ${folder} away\n\n`,
    );
  }
  process.stdout.write(
    `"samsr models show NAME" tells more, "samsr models pull" what can be fetched.\nThe store is ${storeFolder()}.\n`,
  );
  return 0;
}
