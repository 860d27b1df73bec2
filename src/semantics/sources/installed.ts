/** Sources with what they need in Node: installed networks, and files. */
import type { Device } from "../../runtime/index.js";
import { createCoverageModel } from "../coverage-model.js";
import { createSegmenter, type Segmenter } from "../sam/segmenter.js";
import { startSegmenter } from "../sam/segmenter-thread.js";
import { filesSource } from "./files.js";
import { type CoverageSourceOptions, createCoverageSource, type SourceNetworks } from "./index.js";
import { isSourceName } from "./names.js";
import { type CoverageSource, inVariant } from "./source.js";

interface NetworkOptions {
  /** The Segment Anything, as `findSam` takes it; default: the one model that is installed. */
  readonly sam?: string;
  /** The coverage network, an installed model's name or a model's folder; default: coverage-tiny. */
  readonly coverage?: string;
  readonly device?: Device | "auto";
  readonly threads?: number;
  /** Whether masks of Segment Anything are looked for and kept in the cache of masks; default true. */
  readonly cache?: boolean;
  /** Whether Segment Anything runs in a thread of its own, so that the caller's stays free; default false. */
  readonly ownThread?: boolean;
  /** Whether the threads of the coverage network wait busily for work; see `SessionOptions`. */
  readonly spinning?: boolean;
}

/** Networks that sources ask, and what frees them. */
interface OpenNetworks extends Required<SourceNetworks> {
  release(): Promise<void>;
}

/** Networks of installed models. Nothing is found, read or started until it is first asked. */
export function openNetworks(options: NetworkOptions = {}): OpenNetworks {
  const { sam, coverage: model, device, threads, cache, ownThread, spinning } = options;
  let segmenter: Segmenter | undefined;
  const coverageModel = createCoverageModel({ model, device, threads, spinning });
  return {
    findMasks(picture, samOptions, context) {
      segmenter ??= (ownThread ? startSegmenter : createSegmenter)({ sam, device, threads, cache });
      return segmenter.masksOf(picture, samOptions, context);
    },
    predictCoverage: coverageModel.coverage,
    async release() {
      await segmenter?.release();
      await coverageModel.release();
    },
  };
}

/**
 * Returns the source that a person's word stands for, in a variant: one of `SOURCE_NAMES`, or else a path to
 * masks in files.
 */
export function sourceOfWord(word: string, options: CoverageSourceOptions): CoverageSource {
  if (isSourceName(word)) return createCoverageSource(word, options);
  return inVariant(filesSource(word), options.variant ?? "paper");
}
