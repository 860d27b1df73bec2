/** What algorithm 1 asks of the masks of a batch: SAM-noise, and W. */
import type { NoiseKind, Variant } from "../diffusion/index.js";
import type { CoverageNetworkConfig } from "../networks/index.js";
import type { StateDict } from "../nn/index.js";
import {
  type Coverage,
  type CoveragePart,
  type CoverageSource,
  createCoverageSource,
  createNoise,
  isSourceName,
  latentPicture,
  planarPicture,
  type SamOptions,
  type SourceNetworks,
  scaleByCoverage,
  semanticWeight,
} from "../semantics/index.js";
import type { BatchShape } from "./batch-shape.js";
import type { CropCoverage } from "./data/coverage-store.js";

/** The coverage network, to judge what is predicted. */
export interface CoverageWeights {
  readonly weights: StateDict;
  readonly config: CoverageNetworkConfig;
}

export interface SemanticsOptions {
  /** C of the latent. */
  readonly channels: number;
  /**
   * What finds masks, one of `SOURCE_NAMES`; `none` leaves W = 0 and plain noise, as SinSR has them. Any
   * other word is a folder of masks, which are those of whole photos, so that only parts of their coverage
   * bring them.
   */
  readonly masks: string;
  readonly variant: Variant;
  /** The noise of x_T where there are masks; default "sam". */
  readonly noise?: NoiseKind;
  /** How Segment Anything is asked; defaults are those of its public generator. */
  readonly samOptions?: SamOptions;
  /** The networks that the source may ask. */
  readonly networks?: SourceNetworks;
  /** What keeps the coverage of crops; left out, none does. */
  readonly cropCoverage?: CropCoverage;
}

/** What gives up a search for masks: Ctrl-C in most cases. */
type FindContext = Parameters<CoverageSource["find"]>[1];

export interface CropSemantics {
  /**
   * Makes noise [N, C, S, S] and W [N, S, S] of low-resolution crops [N, 3, S, S] in [-1, 1].
   * @param seed of the first crop; the next one has the next
   * @param parts of the photos' coverage, one for each crop; left out, masks are found in the crops
   * @param latents of the crops [N, C, S, S], in which the released code seeks masks; left out, they are
   *   sought in the crops themselves
   */
  of(
    lq: Float32Array,
    seed: number,
    parts?: readonly CoveragePart[],
    latents?: Float32Array,
  ): Promise<{ noise: Float32Array; weight: Float32Array }>;
  /**
   * Finds the coverage of one of the crops, [S, S].
   * @param n which one
   * @param latents makes the latents, where masks are sought in them; asked only when a search begins
   * @throws SamsrError when the source lacks what it needs; what the context throws to give up
   */
  coverage(
    lq: Float32Array,
    n: number,
    latents?: () => Promise<Float32Array>,
    context?: FindContext,
  ): Promise<Coverage>;
}

/** Creates what makes noise and W for batches of a shape. */
export function createCropSemantics(
  { batch, side }: BatchShape,
  { channels, masks, variant, noise: kind = "sam", samOptions, networks, cropCoverage }: SemanticsOptions,
): CropSemantics {
  const enlarged = variant === "paper";
  const source = isSourceName(masks)
    ? createCoverageSource(masks, { variant, samOptions, enlarged, networks })
    : undefined;
  const plane = side * side;
  const size = { width: side, height: side };
  const part = (all: Float32Array, count: number, n: number) =>
    all.subarray(n * count * plane, (n + 1) * count * plane);

  const coverageOf: CropSemantics["coverage"] = async (lq, n, latents, context) => {
    if (!source) throw new Error(`crop semantics: masks in ${masks} have to come with the batches`);
    const find = async () => {
      const seen = latents
        ? latentPicture(part(await latents(), channels, n), side, side)
        : planarPicture(part(lq, 3, n), side, side);
      return (await source.find(seen, context)).coverage;
    };
    // A crop tells its latent, which a device may round in another way the next time.
    return cropCoverage ? cropCoverage(part(lq, 3, n), find) : find();
  };

  return {
    coverage: coverageOf,

    async of(lq, seed, parts, latents) {
      const noise = new Float32Array(batch * channels * plane);
      const weight = new Float32Array(batch * plane);
      for (let n = 0; n < batch; n++) {
        const place = part(noise, channels, n);
        const options = { seed: seed + n, ...size, channels, variant };
        const plain = () => createNoise(options).fill(0, 0, side, side, place);
        if (parts) {
          plain();
          if (kind === "sam") scaleByCoverage(place, parts[n], variant);
          weight.set(semanticWeight(parts[n]), n * plane);
        } else if (masks === "none") plain();
        else {
          const coverage = await coverageOf(lq, n, latents && (async () => latents));
          weight.set(semanticWeight(coverage), n * plane);
          if (kind === "gaussian") plain();
          else createNoise({ ...options, coverage }).fill(0, 0, side, side, place);
        }
      }
      return { noise, weight };
    },
  };
}
