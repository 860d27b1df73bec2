import { checkArgument, checkNumber, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import type { StateDict } from "../nn/index.js";

/** A state dict, and what to call it in an error: its file. */
export interface NamedWeights {
  readonly name: string;
  readonly tensors: StateDict;
}

/**
 * Computes (1 - share) a + share b, weight by weight. Two students taught on from the same one by different
 * terms, the one for fidelity and the other for detail, stay near enough that what lies between their weights
 * lies between their pictures (Wang et al., "ESRGAN", 2018, section 3.4; "Deep network interpolation", 2019).
 * @param share of b, 0 to 1; less than 0 lies before a, on the same line
 * @throws {SamsrError} for a share that is none, and when the two have not the same tensors
 */
export function blendWeights(a: NamedWeights, b: NamedWeights, share: number): StateDict {
  for (const named of [a, b]) {
    const good = isObject(named) && named.tensors instanceof Map;
    checkArgument("blendWeights: weights", named, good, "an object with a name and tensors, a Map");
  }
  checkNumber("blendWeights: the share", share, -100, 1);
  demandSameNames(a, b);
  demandSameNames(b, a);
  const blend = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [key, { shape, data }] of a.tensors) {
    const other = b.tensors.get(key)!;
    if (String(other.shape) !== String(shape)) {
      throw new SamsrError(
        `${b.name}: tensor "${key}" is [${other.shape}], and [${shape}] in ${a.name}; expected two ` +
          "of one network",
      );
    }
    blend.set(key, { shape, data: data.map((value, i) => value + share * (other.data[i] - value)) });
  }
  return blend;
}

function demandSameNames(a: NamedWeights, b: NamedWeights): void {
  for (const key of a.tensors.keys()) {
    if (b.tensors.has(key)) continue;
    throw new SamsrError(`${b.name}: has no tensor "${key}", ${a.name} has; expected two of one network`);
  }
}
