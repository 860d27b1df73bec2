import { createRandom } from "../base/random.js";
import { type Shape, sizeOf } from "../onnx/index.js";

/** Fills a new parameter; `random` gives standard normals. */
export type Initializer = (shape: Shape, random: () => number) => Float32Array;

export const zeros: Initializer = (shape) => new Float32Array(sizeOf(shape));

export const ones: Initializer = constantly(1);

/** Initialises with one number everywhere. */
export function constantly(value: number): Initializer {
  return (shape) => new Float32Array(sizeOf(shape)).fill(value);
}

/** Initialises with normal numbers of the given standard deviation. */
export function normal(deviation: number): Initializer {
  return (shape, random) => {
    const values = new Float32Array(sizeOf(shape));
    for (let i = 0; i < values.length; i++) values[i] = random() * deviation;
    return values;
  };
}

/**
 * Initialises with normal numbers of deviation gain / sqrt(fan in): He et al. 2015 with gain sqrt(2), LeCun
 * with 1.
 */
export function fanIn(gain = 1): Initializer {
  return (shape, random) => normal(gain / Math.sqrt(sizeOf(shape.slice(1))))(shape, random);
}

/**
 * Returns the initial values of parameters; those of a name depend on the seed and its place in the list
 * alone.
 */
export function initialize(
  specs: readonly { readonly name: string; readonly shape: Shape; readonly initializer: Initializer }[],
  seed: number,
): Map<string, { shape: Shape; data: Float32Array }> {
  return new Map(
    specs.map(({ name, shape, initializer }, i) => {
      const random = createRandom(seed, i);
      return [name, { shape, data: initializer(shape, () => random.normal()) }];
    }),
  );
}
