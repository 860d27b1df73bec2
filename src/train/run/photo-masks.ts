/** Where a student's masks come from, and the networks that find them. */

import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { cacheFolder } from "../../base/room.js";
import type { Variant } from "../../diffusion/index.js";
import { findCoverageNetwork } from "../../semantics/coverage-model.js";
import {
  createCoverageSource,
  inVariant,
  isSourceName,
  resolveSamOptions,
  type SamOptions,
  type SourceNetworks,
} from "../../semantics/index.js";
import { hashOfMasks } from "../../semantics/mask-files.js";
import { findSam } from "../../semantics/sam/find-sam.js";

import { hashOfFile } from "../../semantics/sam/segmenter.js";
import { filesSource, masksOfPhoto } from "../../semantics/sources/files.js";
import { fillCoverage, type PhotoCoverageSource } from "../data/coverage-store.js";
import { wholePictures } from "../data/whole-pictures.js";
import { hashOfWeights } from "./hash-of-weights.js";

/** What says where masks come from. */
export interface PhotoMasks {
  /** Where masks come from: one of `SOURCE_NAMES`, or a folder of masks by photo name. */
  readonly masks: string;
  readonly variant: Variant;
  /** The Segment Anything; default: the one that is installed. */
  readonly sam?: string;
  readonly samOptions?: SamOptions;
  /** The coverage network; default: coverage-tiny. */
  readonly coverage?: string;
}

/**
 * Finds the masks of all pictures of folders that are not kept yet; see {@link fillCoverage}.
 * @returns the file of each picture's coverage
 */
export async function fillPhotoMasks(
  folders: readonly string[],
  photoMasks: PhotoMasks,
  networks: SourceNetworks,
  run: { readonly report?: (line: string) => void; readonly signal?: AbortSignal },
): Promise<readonly string[]> {
  const sourceOf = await pictureSources(photoMasks, networks);
  const folder = join(cacheFolder(), "coverage");
  return fillCoverage({ pictures: await wholePictures(folders), sourceOf, folder, ...run });
}

/** Returns the source of each picture by its name, and all that decides what it finds. */
async function pictureSources(
  { masks, variant, sam, samOptions, coverage }: PhotoMasks,
  networks: SourceNetworks,
): Promise<(name: string) => Promise<PhotoCoverageSource>> {
  if (!isSourceName(masks)) {
    await demandFolder(masks);
    return async (name) => {
      const path = await masksOfPhoto(masks, name);
      const identity = [variant, "files", await hashOfMasks(path)];
      return { source: inVariant(filesSource(path), variant), identity };
    };
  }
  // The released code asks Segment Anything about the picture as it is, the paper about its enlargement.
  const enlarged = variant === "paper";
  const source = createCoverageSource(masks, { variant, samOptions, enlarged, networks });
  const identity = [variant, masks, await identityOfSource({ masks, sam, samOptions, coverage })];
  return async () => ({ source, identity });
}

/** Returns all that decides what a source of a name finds, but for the variant. */
export async function identityOfSource({
  masks,
  sam,
  samOptions,
  coverage,
}: Omit<PhotoMasks, "variant">): Promise<unknown> {
  if (masks === "sam") {
    const { pointsPerBatch: _, ...deciding } = resolveSamOptions(samOptions);
    return [await hashOfFile((await findSam(sam)).path), deciding];
  }
  if (masks !== "network") return undefined;
  const { weights, config } = await findCoverageNetwork(coverage);
  return [config, hashOfWeights(weights)];
}

async function demandFolder(path: string): Promise<void> {
  const facts = await stat(path).catch(() => undefined);
  if (facts?.isDirectory()) return;
  throw new SamsrError(
    `--masks ${path}: no such folder; expected regions, network, sam, none, or a folder of masks ` +
      "by photo name",
  );
}
