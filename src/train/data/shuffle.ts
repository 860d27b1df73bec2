/**
 * Orders without a state. Samples are numbered from 0 through the whole run, and number n stands for the same
 * photo whenever it is asked for, so a run resumes from the number of its step.
 */
import { createRandom } from "../../base/random.js";

/** Added to the seed: keys of their own. */
const EPOCH_KEY = 0xe70c * 2 ** 32;
const POOL_KEY = 0x9001 * 2 ** 32;

/**
 * Shuffles: sample n is item `shuffle(count, seed)(n)`: every item once in each run of `count` samples (an
 * epoch), in an order drawn anew for each.
 */
export function shuffle(count: number, seed: number): (sample: number) => number {
  return inWindows(count, seed + EPOCH_KEY, (_window, place) => place);
}

/**
 * Takes the samples out of order within windows of `size`: place n of the run gets sample `pool(size,
 * seed)(n)`, a permutation of each window.
 *
 * Real-ESRGAN and those who train as it does keep a queue of pairs (180) and draw batches from it, because
 * their degradations are partly drawn once a batch: without the queue all pictures of a batch would be
 * resized by the same factor. Here every picture draws all parameters for itself, so batches are mixed to
 * begin with, and a pool only changes which samples meet in a batch: none is added, left out or made in
 * another way. Unlike the queue it holds no pairs and returns each exactly once.
 */
export function pool(size: number, seed: number): (place: number) => number {
  return inWindows(size, seed + POOL_KEY, (window, place) => window * size + place);
}

function inWindows(
  size: number,
  seed: number,
  numbered: (window: number, place: number) => number,
): (n: number) => number {
  // Batches are begun ahead of time and asked for again on resuming: those around the end of a window read
  // two of them.
  const kept = new Map<number, Uint32Array>();
  const orderOf = (window: number) => {
    const order = kept.get(window) ?? permutation(size, seed, window);
    kept.delete(window);
    kept.set(window, order);
    if (kept.size > 2) kept.delete(kept.keys().next().value!);
    return order;
  };
  return (n) => {
    const window = Math.floor(n / size);
    return numbered(window, orderOf(window)[n % size]);
  };
}

/** Returns 0..size-1 in random order (Fisher and Yates), determined by seed and stream. */
export function permutation(size: number, seed: number, stream: number): Uint32Array {
  const order = Uint32Array.from({ length: size }, (_, i) => i);
  const random = createRandom(seed, stream);
  for (let i = size - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
