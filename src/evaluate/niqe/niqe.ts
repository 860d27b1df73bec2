/**
 * NIQE, the natural image quality evaluator: how far the statistics of a picture's blocks lie from those of
 * good photos. It needs no original, and lower is better. Mittal, Soundararajan, Bovik, "Making a completely
 * blind image quality analyzer", IEEE Signal Processing Letters 2013.
 *
 * What good photos are is a Gaussian over 36 features. Figures compare only between the same Gaussians: the
 * published one can be read from its file; ours, which the package brings, was fitted to other photos.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { checkArgument, checkOptions, checkText, checkWhole, isObject } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { readSafetensors, writeSafetensors } from "../../checkpoints/safetensors.js";
import { bitDepth, checkRaster, type Raster } from "../../image/raster.js";
import { LUMA_OPTIONS, type LumaOptions, luma } from "../luma.js";
import { BLOCK, type BlockFeatures, blockFeatures, FEATURES } from "./features.js";
import { distance, fitGaussian, type Gaussian } from "./gaussian.js";
import { readNpz } from "./npz.js";

/** Features of good photos; `source` says in words whose. */
export interface PristineModel extends Gaussian {
  readonly source: string;
}

/** Blocks with less than this part of their picture's highest local contrast are out of focus. */
const SHARP = 0.75;

const BUNDLED_MODEL = fileURLToPath(new URL("../../../models/niqe.safetensors", import.meta.url));

/**
 * Computes NIQE of an 8-bit picture of any channels: the distance of its blocks' statistics from those of
 * good photos, from 0, less is better.
 * @param options.border pixels left out along every edge; the luma that is left counts in whole levels
 * @throws SamsrError for what is no picture or no model, for 16 bits, for a picture of less than two blocks
 *   of 96 x 96, or one without any texture
 */
export function niqe(picture: Raster, pristine: PristineModel, options: LumaOptions = {}): number {
  checkPristine(pristine);
  checkOptions("niqe", options, LUMA_OPTIONS);
  const { features, blocks } = featuresOf(picture, options.border ?? 4);
  const rows = Array.from({ length: blocks }, (_, i) => features.subarray(i * FEATURES, (i + 1) * FEATURES));
  const own = fitGaussian(rows);
  if (!own) throw new SamsrError("NIQE: the picture has fewer than two blocks with any texture in them");
  return distance(pristine, own);
}

/** The fit of a model of good photos, a photo at a time. */
export interface PristineFit {
  /**
   * Adds the features of a photo's sharp blocks.
   * @param photo 8 bits, of any channels, with room for two blocks of 96 x 96
   * @throws SamsrError for what is none
   */
  add(photo: Raster): void;
  /**
   * Returns the Gaussian of all blocks that were added.
   * @throws SamsrError when they are too few for 36 features
   */
  fit(): PristineModel;
}

/**
 * Creates a fit of NIQE's model to photos that are held to be good; {@link writePristineModel} writes it.
 * @param source whose photos they are, in words, which the model keeps
 * @throws SamsrError for what is no text
 */
export function createPristineFit(source: string): PristineFit {
  checkText("NIQE: the source of the photos", source);
  const rows: Float64Array[] = [];
  return {
    add(photo) {
      checkRaster(photo);
      const { features, contrast, blocks } = featuresOf(photo, 0);
      const least = SHARP * contrast.reduce((a, b) => Math.max(a, b), 0);
      for (let i = 0; i < blocks; i++) {
        if (contrast[i] > least) rows.push(features.slice(i * FEATURES, (i + 1) * FEATURES));
      }
    },
    fit() {
      const gaussian = rows.length > FEATURES ? fitGaussian(rows) : undefined;
      if (!gaussian) {
        throw new SamsrError(`NIQE: ${rows.length} sharp blocks are too few for ${FEATURES} features`);
      }
      return { ...gaussian, source };
    },
  };
}

/** Refuses what is no model of good photos. @throws SamsrError that says what was expected and what came */
export function checkPristine(pristine: PristineModel): void {
  const lengths = isObject(pristine) && [pristine.mean?.length, pristine.covariance?.length];
  const good = lengths && lengths[0] === FEATURES && lengths[1] === FEATURES ** 2;
  checkArgument("NIQE: the model of good photos", pristine, good, "what readPristineModel returned");
}

function featuresOf(picture: Raster, border: number): BlockFeatures {
  checkWhole("NIQE: the border", border, 0);
  if (bitDepth(picture) !== 8) throw new SamsrError("NIQE: expected 8 bits a channel (see toEightBits)");
  const { width, height } = picture;
  const fitting = [width, height].map((side) => Math.floor((side - 2 * border) / BLOCK));
  if (Math.min(...fitting) < 1 || fitting[0] * fitting[1] < 2) {
    throw new SamsrError(
      `NIQE: ${width}x${height} is too small: without a border of ${border} it must hold two ` +
        `blocks of ${BLOCK}x${BLOCK}`,
    );
  }
  const plane = luma(picture, border);
  return blockFeatures({ ...plane, data: plane.data.map(Math.round) });
}

/**
 * Reads the package's own model, or one from a file: the published .npz, or what `writePristineModel` wrote.
 * @throws SamsrError naming the file
 */
export async function readPristineModel(path = BUNDLED_MODEL): Promise<PristineModel> {
  checkText("the path of a model of NIQE", path);
  const bytes = await readFile(path).catch(() => {
    throw new SamsrError(`${path}: there is no such file; expected parameters of NIQE, .npz or .safetensors`);
  });
  const [mean, covariance, source] = isZip(bytes) ? await fromNpz(bytes, path) : fromSafetensors(bytes, path);
  if (mean?.length !== FEATURES || covariance?.length !== FEATURES * FEATURES) {
    throw new SamsrError(
      `${path}: expected a mean of ${FEATURES} numbers and a covariance of ${FEATURES ** 2}`,
    );
  }
  return { mean, covariance, source };
}

type Parts = [mean: Float64Array | undefined, covariance: Float64Array | undefined, source: string];

async function fromNpz(bytes: Uint8Array, path: string): Promise<Parts> {
  const arrays = await readNpz(bytes, path);
  return [arrays.get("mu_pris_param")?.data, arrays.get("cov_pris_param")?.data, path];
}

function fromSafetensors(bytes: Uint8Array, path: string): Parts {
  const { tensors, metadata } = readSafetensors(bytes, path);
  const part = (name: string) => tensors.get(name) && Float64Array.from(tensors.get(name)!.data);
  return [part("mean"), part("covariance"), metadata.source ?? path];
}

/**
 * Returns a model of good photos as the bytes of a safetensors file, which {@link readPristineModel} reads.
 * @throws SamsrError for what is no such model
 */
export function writePristineModel(pristine: PristineModel): Uint8Array {
  checkPristine(pristine);
  const { mean, covariance, source } = pristine;
  const tensors = new Map([
    ["mean", { shape: [FEATURES], data: Float32Array.from(mean) }],
    ["covariance", { shape: [FEATURES, FEATURES], data: Float32Array.from(covariance) }],
  ]);
  return writeSafetensors(tensors, { metadata: { source } });
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b;
}
