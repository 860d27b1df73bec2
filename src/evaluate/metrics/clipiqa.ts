import type { MetricFileName } from "../../networks/metrics/index.js";
import type { Scope } from "../../nn/index.js";
import type * as o from "../../onnx/index.js";
import { byNetwork } from "./by-network.js";

type Networks = typeof import("../../networks/metrics/index.js");

interface Variant {
  readonly label: string;
  readonly about: string;
  readonly weights: readonly MetricFileName[];
  /** The vectors of the texts. */
  readonly texts: (networks: Networks, clip: Scope, prompts: Scope) => o.Value;
}

/** The vectors of the texts are the same for all pictures: they are computed once. */
const metric = ({ texts, ...facts }: Variant) =>
  byNetwork({
    ...{ ...facts, decimals: 4, needsReference: false, better: "higher", least: 32 },
    async prepare([clip, prompts], run) {
      const { constant } = await import("../../onnx/index.js");
      const networks = await import("../../networks/metrics/index.js");
      const { CLIP_RN50, clipImage, clipIqa } = networks;
      const { shape, data } = (await run({ texts: texts(networks, clip, prompts) })).texts;
      const known = constant(data as Float32Array, shape);
      return (picture) => clipIqa(clip, clipImage(clip, CLIP_RN50, picture).features, known).score;
    },
  });

/** CLIP-IQA as super-resolution papers report it. */
export const clipiqa = metric({
  label: "CLIPIQA",
  about: "CLIP-IQA (Wang et al. 2023) by five pairs of texts, as in pyiqa",
  weights: ["clip-rn50"],
  texts: (n, clip) => n.pairFeatures(clip, n.CLIP_RN50, n.FIVE_PAIRS),
});
export const clipiqaPair = metric({
  label: "CLIPIQA-pair",
  about: 'CLIP-IQA by its paper\'s own pair, "Good photo." and "Bad photo."',
  weights: ["clip-rn50"],
  texts: (n, clip) => n.pairFeatures(clip, n.CLIP_RN50, n.ONE_PAIR),
});
export const clipiqaPlus = metric({
  label: "CLIPIQA+",
  about: "CLIP-IQA by two learned prompts",
  weights: ["clip-rn50", "clipiqa-plus"],
  texts: (n, clip, prompts) => n.learnedFeatures(clip, n.CLIP_RN50, prompts),
});
