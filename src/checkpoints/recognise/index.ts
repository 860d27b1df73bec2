/**
 * Which network a checkpoint holds, from the names and shapes of its tensors alone. Each known network's configuration is
 * read off the shapes, the network is built in a scope that only takes note of what it asks for, and the two lists
 * are compared: so nothing is recognised that could not be run.
 */
import { oneLine, SamsrError } from "../../base/errors.js";
import type { Shapes } from "../../networks/index.js";
import { type Shape, sameShape } from "../../onnx/index.js";
import { CANDIDATES, type Reading, type Recognised } from "./candidates.js";

export type { Recognised } from "./candidates.js";

const KNOWN =
  "a Swin UNet (SAMSR, SinSR, ResShift), a VQ autoencoder, Segment Anything, or what samsr trains";

/** How many differences an error names. */
const NAMED = 4;

/** Networks have hundreds of tensors; what has very many more is not looked through. */
const MOST_TENSORS = 5000;

/**
 * @param shapes as `readShapes` gives them, buffers included: only these tell the size a Swin UNet was built for
 * @param name of the file, for errors
 * @throws {SamsrError} naming the nearest network that is known, and the first tensors in which the checkpoint differs
 */
export function recognise(shapes: Shapes, name: string): Recognised {
  if (shapes.size > MOST_TENSORS) {
    throw new SamsrError(`${name}: holds ${shapes.size} tensors; no network that samsr knows has so many`);
  }
  let nearest: { reading: Reading; common: number } | undefined;
  let impossible: SamsrError | undefined;
  for (const candidate of CANDIDATES) {
    const reading = attempt(() => candidate(shapes, name));
    if (reading instanceof Error) {
      impossible ??= new SamsrError(
        `${name}: its tensors have sizes that no network can have: ${reading.message}`,
      );
      continue;
    }
    if (!reading) continue;
    if (differences(shapes, reading).length === 0) return reading.recognised;
    const common = inCommon(shapes, reading);
    if (common > (nearest?.common ?? 0)) nearest = { reading, common };
  }
  if (nearest) throw new SamsrError(`${name}: ${describe(shapes, nearest.reading)}`);
  if (impossible) throw impossible;
  const first = [...shapes].slice(0, 3).map(([key, shape]) => tensor(key, shape));
  throw new SamsrError(
    `${name}: holds no network that samsr knows; expected ${KNOWN}; found ${shapes.size} tensors, ${first.join(", ") || "none"}`,
  );
}

/** Networks refuse sizes they cannot be built with, as widths that do not divide into groups, by plain errors. */
function attempt<T>(build: () => T): T | Error {
  try {
    return build();
  } catch (error) {
    if (
      error instanceof SamsrError ||
      error instanceof RangeError ||
      (error instanceof Error && error.constructor === Error)
    )
      return error;
    throw error;
  }
}

/** How many tensors are right, those of another shape by half. */
function inCommon(shapes: Shapes, { expected }: Reading): number {
  let common = 0;
  for (const [key, shape] of expected) {
    const found = shapes.get(key);
    if (found) common += sameShape(found, shape) ? 1 : 0.5;
  }
  return common;
}

/** One phrase for each tensor that has another shape, is missing, or is too many, in this order. */
function differences(shapes: Shapes, { expected, ignored }: Reading): string[] {
  const reshaped: string[] = [];
  const missing: string[] = [];
  for (const [key, shape] of expected) {
    const found = shapes.get(key);
    if (found === undefined) missing.push(`${tensor(key, shape)} is missing`);
    else if (!sameShape(found, shape)) reshaped.push(`${tensor(key, found)} should be [${shape.join(", ")}]`);
  }
  const unknown = [...shapes].filter(([key]) => !expected.has(key) && !ignored.test(key));
  const extra = unknown.map(([key, shape]) => `${tensor(key, shape)} has no place in it`);
  // In turns, so that a renamed tensor is named with both its names.
  const turns = Array.from({ length: Math.max(missing.length, extra.length) }, (_, i) => [
    missing[i],
    extra[i],
  ]);
  return [...reshaped, ...turns.flat().filter((phrase) => phrase !== undefined)];
}

function describe(shapes: Shapes, reading: Reading): string {
  const all = differences(shapes, reading);
  const more = all.length > NAMED ? `, and ${all.length - NAMED} more` : "";
  const nearest = TITLES[reading.recognised.network];
  return `not a network that samsr knows; the nearest is ${nearest}, but ${all.slice(0, NAMED).join(", ")}${more}`;
}

const TITLES: Record<Recognised["network"], string> = {
  "swin-unet": "the Swin UNet of SAMSR, SinSR and ResShift",
  "pixel-denoiser": "the denoiser of pixels that samsr trains",
  "vq-autoencoder": "the VQ autoencoder",
  "segment-anything": "Segment Anything",
  "coverage-network": "the coverage network",
};

function tensor(name: string, shape: Shape): string {
  return `"${oneLine(name, 200)}" [${shape.join(", ")}]`;
}
