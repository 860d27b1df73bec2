/** Models that lie between two of the store. */
import { checkNumber } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { blendWeights } from "../blend.js";
import { type ModelDescription, networksIn } from "../description.js";
import { findModel, type InstalledModel } from "./find.js";
import { loadModelWeights } from "./weights.js";
import { checkModelName, type PlaceOptions, placeModel } from "./write.js";

interface BlendOptions extends PlaceOptions {
  /** The name in the store; default: of both and the share, such as "a-b-0.5". */
  readonly name?: string;
}

/**
 * Adds the model whose weights are (1 - share) those of one model + share those of another, as `blendWeights`
 * makes them: of realesr-general-x4v3 and its twin realesr-general-wdn-x4v3, 1 - share is how strongly noise
 * is taken away.
 * @param share of the second, 0 to 1
 * @throws {SamsrError} when the two are of different networks or sizes; what `addModel` throws for a name,
 *   and for a store that cannot be written
 */
export async function blendModels(
  first: string,
  second: string,
  share: number,
  options: BlendOptions = {},
): Promise<InstalledModel> {
  checkNumber("blendModels: the share", share, 0, 1);
  const [a, b] = [await findModel(first), await findModel(second)];
  demandTwins(a, b);
  const name = options.name ?? `${a.description.name}-${b.description.name}-${share}`;
  await checkModelName(name, options);
  const { source: _, ...rest } = a.description;
  const description = {
    ...rest,
    name,
    summary: `between ${a.description.name} and ${b.description.name}: ${share} of the second`,
    licence: [...new Set([a.description.licence, b.description.licence])].join("; "),
  };
  const parts = Object.fromEntries(
    Object.keys(a.description.weights).map((part) => [
      part,
      async () => {
        const [one, other] = await Promise.all([a, b].map((model) => loadModelWeights(model, part)));
        return blendWeights({ name: first, tensors: one }, { name: second, tensors: other }, share);
      },
    ]),
  );
  return findModel(await placeModel(description as ModelDescription, parts, options));
}

function demandTwins(a: InstalledModel, b: InstalledModel): void {
  const [one, other] = [a, b].map(({ description }) => networksIn(description));
  const alike =
    one.length === other.length &&
    one.every(
      ({ network, config }, i) =>
        network === other[i].network && JSON.stringify(config) === JSON.stringify(other[i].config),
    );
  if (alike) return;
  const [x, y] = [a, b].map(({ description: { name, network } }) => `${name} (${network})`);
  throw new SamsrError(`${x} and ${y} are not of one network and one size; only such can be blended`);
}
