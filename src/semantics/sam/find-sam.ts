/** Which Segment Anything to use: an installed model, or a file of weights. For Node only. */
import { basename, join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { isModelOf } from "../../checkpoints/description.js";
import { type InstalledModel, listModels } from "../../checkpoints/store/find.js";
import { findWeights } from "../../checkpoints/store/find-weights.js";
import { type SamConfig, SEGMENT_ANYTHING } from "../../networks/index.js";

interface SamFile {
  /** What messages call the model. */
  readonly name: string;
  /** The file of its weights. */
  readonly path: string;
  readonly config: SamConfig;
}

/**
 * Finds Segment Anything's weights and the sizes of its network.
 * @param nameOrPath of an installed model, a model's folder, or a checkpoint; the one model that is installed
 *   when left out
 * @throws SamsrError when there is none, there are several to choose from, or it is no Segment Anything
 */
export async function findSam(nameOrPath?: string): Promise<SamFile> {
  if (nameOrPath === undefined) return theOnlyOne();
  const { model, path, config } = await findWeights(nameOrPath, {
    networks: [SEGMENT_ANYTHING],
    expected: "Segment Anything, which masks need; name another",
  });
  return { name: model?.description.name ?? basename(path), path, config: config as SamConfig };
}

async function theOnlyOne(): Promise<SamFile> {
  const files = (await listModels()).flatMap((model) => samOf(model) ?? []);
  if (files.length === 1) return files[0];
  if (files.length === 0) {
    throw new SamsrError(
      "no Segment Anything model is installed; add one (samsr models add sam_vit_b_01ec64.pth), or " +
        "name a checkpoint",
    );
  }
  const names = files.map(({ name }) => name).join(", ");
  throw new SamsrError(`several Segment Anything models are installed (${names}); name one of them`);
}

function samOf({ folder, description }: InstalledModel): SamFile | undefined {
  if (!isModelOf(description, SEGMENT_ANYTHING)) return undefined;
  const { name, weights, config } = description;
  return { name, path: join(folder, weights.sam), config };
}
